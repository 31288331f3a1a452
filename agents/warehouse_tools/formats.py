"""How figures and tables are written: each unit with the precision that a reader can use, tables as markdown.

The text shows rounded values; the exact ones stand in the data beside it.
"""

from collections.abc import Iterable, Mapping, Sequence

from agents.analysis.metric import Unit

__all__ = ["change", "counted", "figure", "table", "when"]


def figure(value: float | None, unit: Unit) -> str:
    """A value in its unit: `$10,005,534`, `63.15%`, `51.8 days`, `4,238`; an en dash where there is none."""
    if value is None:
        return "–"
    match unit:
        case "usd":
            return money(value)
        case "usd_per_day":
            return f"{money(value)} a day"
        case "ratio":
            return f"{value * 100:.2f}%".replace("-", "−")
        case _:
            return PLAIN[unit].format(value)


PLAIN: Mapping[Unit, str] = {"count": "{:,.0f}", "days": "{:.1f} days", "months": "{:.1f} months", "times": "{:.2f}x"}


def money(value: float) -> str:
    """Whole dollars from a thousand times ten on, cents below unless there are none."""
    sign = "−" if value < 0 else ""
    amount = abs(value)
    return f"{sign}${amount:,.0f}" if amount >= 10_000 or amount == int(amount) else f"{sign}${amount:,.2f}"


def change(now: float, before: float, unit: Unit) -> str:
    """What changed, signed: points for a ratio, else the difference and its share of what was before."""
    difference = now - before
    sign = "+" if difference >= 0 else "−"
    if unit == "ratio":
        return f"{sign}{abs(difference) * 100:.2f} points"
    shown = sign + figure(abs(difference), unit)
    return f"{shown} ({sign}{abs(difference / before) * 100:.1f}%)" if before else shown


def counted(number: float, one: str, many: str | None = None) -> str:
    """`1 deal`, `4,238 deals`."""
    return f"{number:,.0f} {one if number == 1 else many or one + 's'}"


def when(label: str) -> str:
    """A period in a sentence: "in Q3 2017", "over all time", "from 1 Mar 2017 to 31 Dec 2017"."""
    if label == "all time":
        return "over all time"
    if " to " in label and label[0].isdigit():
        return f"from {label}"
    if label.startswith(("the ", "up to", "year to", "quarter to", "month to", "week to")):
        return f"over {label}" if label.startswith("the ") else label if label.startswith("up") else f"in the {label}"
    return f"on {label}" if label[0].isdigit() and " " in label else f"in {label}"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A markdown table; columns of figures are aligned right."""
    body = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    columns = list(zip(*body, strict=True)) if body else [() for _ in headings]
    aligned = ("--:" if column and all(is_figure(cell) for cell in column) else ":--" for column in columns)
    lines = [headings, aligned, *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def is_figure(cell: str) -> bool:
    return cell[:1] in set("0123456789$+−–") and not cell[:5].rstrip("0123456789")[:1].isalpha()
