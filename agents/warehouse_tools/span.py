"""From when to when the data goes: what every answer says whose period finds nothing."""

from agents.analysis.metrics import computable, coverage_sql
from agents.sources import Warehouse
from agents.warehouse_tools.asking import ask_one, text_of
from agents.warehouse_tools.narrowing import Narrowed

__all__ = ["closings_span", "existing"]


def existing(first: str | None, last: str | None, narrowed: Narrowed) -> str:
    """The sentence after "No deal closed in that period."."""
    if first is None or last is None:
        return f"None{narrowed.phrase} has a date in any other period either."
    return f"There are some on {first}." if first == last else f"There are some from {first} to {last}."


async def closings_span(warehouse: Warehouse, narrowed: Narrowed) -> str:
    """The same, asked of the warehouse for closed deals."""
    answer = await ask_one(warehouse, coverage_sql(computable("win_rate"), narrowed.filters))
    return existing(text_of(answer.value("first_day")), text_of(answer.value("last_day")), narrowed)
