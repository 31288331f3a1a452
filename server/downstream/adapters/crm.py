"""A warehouse for a company that has a CRM server and no SQL one: its deals, read into an in-memory DuckDB.

The view `opportunities` is there as in any warehouse, so every named metric works. Deals are read page by page and
kept for `FRESH_S`; a reading that was interrupted goes on where it stopped, and only one is under way at a time. While
the CRM is away what was read last still answers, for up to `USABLE_S`. More than `MAX_DEALS` are refused, and so is a
CRM that says it holds more than it gave, since a figure over some of the deals would be wrong and look right.
"""

import json
import logging
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from agents.sources import SourceError, Table
from server.downstream.adapters.deal_feed import DealFeed, DealPage
from server.downstream.adapters.deals import COLUMNS, Deal
from server.downstream.adapters.size import kept

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["CrmWarehouse"]

logger = logging.getLogger(__name__)

FRESH_S = 300.0
USABLE_S = 3_600.0
RESUMABLE_S = 60.0
MAX_DEALS = 100_000
MAX_PAGES = 10_000
MAX_ROWS = 10_000
TIMEOUT_S = 10.0
DETAIL_CHARS = 300
LOCKS = (
    "SET memory_limit = '256MB'",
    "SET threads = 1",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)
"""No statement can leave the database, whoever wrote it."""


INSERT = """INSERT INTO opportunities
SELECT unnest(from_json(line, ?)) FROM (SELECT unnest(string_split(?, chr(10))) AS line)"""


@dataclass(slots=True)
class _Reading:
    """Deals as far as they are read, by id: a page that is read twice counts once."""

    deals: dict[str, Deal] = field(default_factory=dict[str, Deal])
    cursor: str | None = None
    cursors: set[str] = field(default_factory=set[str])
    as_of: date | None = None
    unreadable: int = 0
    total: int | None = None
    touched_at: float = 0.0

    def take(self, page: DealPage) -> bool:
        """Add a page; False where some deals will never come: the CRM counts more, or leads in a circle."""
        known = len(self.deals)
        self.deals |= {deal.opportunity_id: deal for deal in page.deals}
        self.cursor, self.as_of = page.cursor, page.as_of or self.as_of
        self.unreadable += page.unreadable
        if page.total is not None:
            # Deals may be made while they are read: the smallest count is the one that has to be reached.
            self.total = page.total if self.total is None else min(self.total, page.total)
        if self.cursor is None:
            return not page.more and len(self.deals) + self.unreadable >= (self.total or 0)
        repeats = self.cursor in self.cursors or (bool(page.deals) and len(self.deals) == known)
        self.cursors.add(self.cursor)
        return not repeats and len(self.cursors) < MAX_PAGES


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A database of all deals, since when."""

    engine: "DuckDBPyConnection"
    as_of: date
    at: float


class CrmWarehouse:
    """`agents.sources.Warehouse` over the deals of a CRM."""

    def __init__(self, server: str, feed: DealFeed) -> None:
        self._server = server
        self._feed = feed
        self._loaded: _Loaded | None = None
        self._reading: _Reading | None = None
        self._one_at_a_time = anyio.Lock()

    async def as_of(self) -> date:
        """The day the deals were read, or the last day of a frozen set as its server says."""
        return (await self._current()).as_of

    async def query(self, sql: str) -> Table:
        """Run one SELECT over `opportunities`. Raises SourceError."""
        engine = (await self._current()).engine.cursor()
        try:
            with anyio.fail_after(TIMEOUT_S):
                return await to_thread.run_sync(_select, engine, sql, abandon_on_cancel=True)
        except TimeoutError:
            raise SourceError("refused", f"The query took longer than {TIMEOUT_S:g} s. Ask for less.") from None
        finally:
            engine.interrupt()  # whoever asked is gone; to a query that has ended it does nothing

    async def _current(self) -> _Loaded:
        async with self._one_at_a_time:
            now = anyio.current_time()
            loaded = self._loaded
            if loaded is not None and now - loaded.at < FRESH_S:
                return loaded
            try:
                self._loaded = await self._read()
            except SourceError as error:
                if error.kind != "unavailable" or loaded is None or now - loaded.at >= USABLE_S:
                    raise
                logger.warning(
                    "the deals of %s could not be read again; those of %s answer", self._server, loaded.as_of
                )
                return loaded
            return self._loaded

    async def _read(self) -> _Loaded:
        reading = self._reading
        if reading is None or anyio.current_time() - reading.touched_at > RESUMABLE_S:
            reading = self._reading = _Reading()
        while reading.touched_at == 0.0 or reading.cursor is not None:
            page = await self._feed.page(reading.cursor)
            whole = reading.take(page)
            reading.touched_at = anyio.current_time()
            if not whole:
                self._reading = None
                raise SourceError(
                    "refused",
                    f"The CRM `{self._server}` gave {len(reading.deals):,} deals and says that there are more, but not "
                    "how to read them. Figures over some of the deals would be wrong, so there are none. Connect "
                    "another server for this CRM, or a SQL warehouse that holds its deals.",
                )
            if len(reading.deals) > MAX_DEALS:
                self._reading = None
                raise SourceError(
                    "refused",
                    f"The CRM `{self._server}` holds more than {MAX_DEALS:,} deals, too many to read one by one. "
                    "Connect a SQL warehouse that holds them.",
                )
        self._reading = None
        if reading.unreadable:
            logger.warning("%d deals of %s have no id and are left out", reading.unreadable, self._server)
        if unread := sum(deal.amount_unread for deal in reading.deals.values()):
            logger.warning("%s without a readable amount in %s", f"{unread} deal{'s' * (unread != 1)}", self._server)
        engine = await to_thread.run_sync(_database, list(reading.deals.values()))
        return _Loaded(engine, reading.as_of or datetime.now(UTC).date(), anyio.current_time())


def _database(deals: list[Deal]) -> "DuckDBPyConnection":
    import duckdb  # only a company without a SQL warehouse needs it, and it is slow to import

    engine = duckdb.connect(":memory:")
    engine.execute(f"CREATE TABLE opportunities ({', '.join(f'{name} {kind}' for name, kind in COLUMNS.items())})")
    if deals:
        # As lines of JSON: binding values one by one takes twenty times as long.
        lines = (
            json.dumps({name: getattr(deal, name) for name in COLUMNS}, default=date.isoformat) for deal in deals
        )
        engine.execute(INSERT, [json.dumps(COLUMNS), "\n".join(lines)])
    for lock in LOCKS:
        engine.execute(lock)
    return engine


def _select(engine: "DuckDBPyConnection", sql: str) -> Table:
    """One SELECT. Raises SourceError `refused`, with what the database says as its detail."""
    import duckdb

    try:
        statements = engine.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise SourceError("refused", "The deals can only be read: send exactly one SELECT.")
        found = engine.execute(statements[0])
        columns = tuple(str(column[0]) for column in found.description or ())
        return kept(columns, iter(found.fetchone, None), MAX_ROWS)
    except duckdb.Error as error:
        detail = " ".join(str(error).split())[:DETAIL_CHARS]
        message = "The deals of the CRM do not hold what was asked for. Check the names of the columns."
        raise SourceError("refused", message, detail) from error
