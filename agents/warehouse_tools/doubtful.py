"""What looks wrong deal by deal: accounts spelt in two ways, open deals past their date, ids that are used twice.

Similar names are candidates: two customers may well be called almost the same.
"""

from dataclasses import dataclass
from datetime import date

from rapidfuzz import fuzz, process, utils

from agents.analysis.kpi import RELATIONS
from agents.result import Record
from agents.sources import Warehouse
from agents.warehouse_tools.asking import Answer, ask_one, text_of, whole
from agents.warehouse_tools.formats import counted
from agents.warehouse_tools.kpi_answer import answers

__all__ = ["Doubtful", "SimilarNames", "doubtful"]

SIMILAR = 90
"""Likeness of 100 from which two names are shown together (RapidFuzz `ratio`, punctuation and capitals apart)."""
NAMES = 1000
SHOWN = 5
ENDINGS = frozenset(
    ["inc", "incorporated", "corp", "corporation", "co", "company", "ltd", "limited", "llc", "gmbh", "ag", "plc"]
)

NAMES_SQL = (
    "SELECT account, COUNT(*) AS deals\nFROM opportunities\nWHERE account IS NOT NULL\nGROUP BY 1\nORDER BY 1\n"
    f"LIMIT {NAMES}"
)
REPEATED_SQL = (
    "SELECT opportunity_id, COUNT(*) AS times\nFROM opportunities\nGROUP BY 1\nHAVING COUNT(*) > 1\nORDER BY 1\n"
    f"LIMIT {SHOWN}"
)


class SimilarNames(Record):
    """Two accounts that may be one: a candidate."""

    names: tuple[str, str]
    deals: tuple[int, int]
    likeness: float


@dataclass(frozen=True, slots=True)
class Doubtful:
    """What was found; `past_due` is None where open deals carry no expected close date."""

    similar: tuple[SimilarNames, ...]
    past_due: int | None
    past_due_ids: tuple[str, ...]
    repeated: tuple[str, ...]
    answers: tuple[Answer, ...]

    @property
    def lines(self) -> list[str]:
        """One line for each thing found, and for what could not be checked."""
        lines: list[str] = []
        if self.similar:
            pairs = "; ".join(
                f"{it.names[0]} ({it.deals[0]:,}) and {it.names[1]} ({it.deals[1]:,})" for it in self.similar[:SHOWN]
            )
            more = f"; and {len(self.similar) - SHOWN} more" if len(self.similar) > SHOWN else ""
            lines.append(f"Possibly one account under two names (candidates, with their deals): {pairs}{more}.")
        else:
            lines.append("No two account names that are almost the same were found.")
        if self.past_due is None:
            lines.append("Not checked: open deals past their date, since open deals carry no expected close date.")
        elif self.past_due:
            shown = ", ".join(self.past_due_ids)
            lines.append(
                f"Past due: {counted(self.past_due, 'open deal was', 'open deals were')} to close before the data ends, such as {shown}."
            )
        else:
            lines.append("No open deal is past its expected close date.")
        if self.repeated:
            lines.append(f"Ids used more than once, such as {', '.join(self.repeated)}.")
        return lines


async def doubtful(warehouse: Warehouse, as_of: date) -> Doubtful:
    """Look for all three."""
    named = await ask_one(warehouse, NAMES_SQL)
    repeated = await ask_one(warehouse, REPEATED_SQL)
    due, ids, due_answers = await past_due(warehouse, as_of)
    return Doubtful(
        similar=similar_names(named),
        past_due=due,
        past_due_ids=ids,
        repeated=tuple(str(row[0]) for row in repeated.table.rows),
        answers=(named, repeated, *due_answers),
    )


def similar_names(named: Answer) -> tuple[SimilarNames, ...]:
    """Pairs of names, the most alike first."""
    deals = {
        text_of(named.value("account", row)) or "": whole(named.value("deals", row))
        for row in range(len(named.table.rows))
    }
    names = sorted(deals)
    plain = [bare(name) for name in names]
    found: list[SimilarNames] = []
    for place, name in enumerate(names):
        later = plain[place + 1 :]
        near = process.extract(plain[place], later, scorer=fuzz.ratio, score_cutoff=SIMILAR, limit=None)
        for _, likeness, offset in near:
            other = names[place + 1 + offset]
            found.append(
                SimilarNames(names=(name, other), deals=(deals[name], deals[other]), likeness=round(likeness, 1))
            )
    return tuple(sorted(found, key=lambda it: (-it.likeness, it.names)))


def bare(name: str) -> str:
    """A name without capitals, punctuation and what says which kind of company it is."""
    words = utils.default_process(name).split()
    return " ".join(word for word in words if word not in ENDINGS) or " ".join(words)


async def past_due(warehouse: Warehouse, as_of: date) -> tuple[int | None, tuple[str, ...], tuple[Answer, ...]]:
    """Open deals with a close date before `as_of`, in the deals or in a table of opportunities with expected dates."""
    tables = [("opportunities", "opportunity_id", "deal_stage IN ('Prospecting', 'Engaging')")]
    if await answers(warehouse, RELATIONS["opp"].probe):
        tables.append(("opp", "id", "CAST(is_closed AS INTEGER) = 0"))
    asked: list[Answer] = []
    for name, id_, is_open in tables:
        late = f"CAST(close_date AS DATE) < CAST('{as_of.isoformat()}' AS DATE)"
        where = f"FROM {name}\nWHERE {is_open} AND close_date IS NOT NULL"
        counting = f"SELECT COUNT(*) AS dated, COUNT(CASE WHEN {late} THEN 1 END) AS late\n{where}"
        count = await ask_one(warehouse, counting)
        asked.append(count)
        if not whole(count.value("dated")):
            continue
        listing = f"SELECT {id_} AS deal\n{where} AND {late}\nORDER BY close_date, 1\nLIMIT {SHOWN}"
        listed = await ask_one(warehouse, listing)
        return whole(count.value("late")), tuple(str(row[0]) for row in listed.table.rows), (*asked, listed)
    return None, (), tuple(asked)
