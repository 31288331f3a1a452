"""Named metrics as SQL: which metric a word means, and the one SELECT that computes it.

Everything a query is made of is a constant of ours but three things: a metric's id and a dimension, which are looked
up and never pasted, and the values of dates and filters, which become literals. A value that could end its literal
in some dialect is refused. So the same text can be sent to any warehouse that has the view `opportunities`.

The columns of a result: the dimension if there is one, then value, numerator, denominator, n and the metric's further
parts. Written so that engines differ in nothing but the days between two dates (`DATE_DIFF`, DuckDB's; `dialect`
renders another one): days are compared as ISO text, medians are taken by rank.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from agents.analysis.dimensions import DIMENSIONS
from agents.analysis.kpi import Kpi
from agents.analysis.kpi_catalog import KPIS
from agents.analysis.metric import Cohort, Dimension, Metric, Missing
from agents.analysis.metric_catalog import METRICS
from agents.analysis.not_computable import NOT_COMPUTABLE
from agents.analysis.timespan import Period
from agents.analysis.words import Phrases, words

__all__ = [
    "DIMENSION_PHRASES",
    "FILTERS",
    "METRIC_PHRASES",
    "MIDDLE",
    "MetricError",
    "Named",
    "choose_dimension",
    "choose_metric",
    "coverage_sql",
    "follows_period",
    "literal",
    "named_sql",
    "nearest_metrics",
    "ranked",
    "several_sql",
    "translated",
]

FILTERS = ("sales_agent", "manager", "regional_office", "product", "account", "sector", "deal_stage")
"""The columns that a filter may name."""

SHORTEST_JOINED = 7
DATE_OF: Mapping[Cohort, str | None] = {
    "won": "close_date",
    "lost": "close_date",
    "closed": "close_date",
    "created": "engage_date",
    "velocity": "close_date",
    "open": None,
    "all": None,
}
IN_COHORT: Mapping[Cohort, str | None] = {
    "won": "deal_stage = 'Won'",
    "lost": "deal_stage = 'Lost'",
    "closed": "deal_stage IN ('Won', 'Lost')",
    "created": "engage_date IS NOT NULL",
    "open": "deal_stage IN ('Prospecting', 'Engaging')",
    "velocity": None,
    "all": None,
}


Named = Metric | Kpi | Missing
"""What a word for a figure can mean."""


def phrases_of(metric: Named) -> tuple[str, ...]:
    return metric.id.replace("_", " "), metric.title.lower(), *metric.words


def spellings(phrases: Iterable[str]) -> Iterator[str]:
    """The phrases, and those of two words also in one: "winrate"."""
    for phrase in phrases:
        yield phrase
        if phrase.count(" ") == 1 and len(phrase) >= SHORTEST_JOINED:
            yield phrase.replace(" ", "")


METRIC_PHRASES: Phrases[Named] = Phrases(
    (phrase, metric) for metric in (*KPIS, *METRICS, *NOT_COMPUTABLE) for phrase in spellings(phrases_of(metric))
)
DIMENSION_PHRASES: Phrases[Dimension] = Phrases(
    (phrase, dimension)
    for dimension in DIMENSIONS
    for phrase in (dimension.id.replace("_", " "), dimension.title, *dimension.words)
)


class MetricError(ValueError):
    """A query that cannot be made; the message says what to ask instead."""


@dataclass(frozen=True, slots=True)
class Where:
    """What a query is narrowed to."""

    period: Period | None
    filters: Mapping[str, str]


def choose_metric(text: str) -> Named | None:
    """The metric that an id, a title or a common word for it names; "total revenue" names revenue too."""
    exact = METRIC_PHRASES.exact(text)
    if exact is not None:
        return exact
    within = {metric.id: metric for _, _, metric in METRIC_PHRASES.within(words(text))}
    return next(iter(within.values())) if len(within) == 1 else None


def choose_dimension(text: str) -> Dimension | None:
    return DIMENSION_PHRASES.exact(text)


def nearest_metrics(text: str, limit: int = 3) -> tuple[str, ...]:
    """The ids of the metrics whose names look most like the text."""
    from rapidfuzz import fuzz, process  # only after a miss

    asked = text.lower().replace("_", "").replace(" ", "")
    spelt = {(metric.id, word): word.replace(" ", "") for metric in (*METRICS, *KPIS) for word in phrases_of(metric)}
    best = process.extract(asked, spelt, scorer=fuzz.ratio, limit=12)
    return tuple(dict.fromkeys(key[0] for _, _, key in best))[:limit]


def follows_period(metric: Metric) -> bool:
    """Whether a period changes the figure; a snapshot is the same whatever the period."""
    return DATE_OF[metric.cohort] is not None


def named_sql(
    metric: Metric | str,
    period: Period | None = None,
    dimension: Dimension | str | None = None,
    filters: Mapping[str, str] | None = None,
    dialect: str = "duckdb",
) -> str:
    """The SELECT that computes a metric.

    Raises MetricError for a name that does not exist, a metric that cannot be computed, a dimension that the metric
    has not, and a filter value that cannot be written safely.
    """
    asked = computable(metric)
    where = Where(period if follows_period(asked) else None, filters or {})
    columns = [
        f"{asked.value} AS value",
        f"{asked.numerator} AS numerator",
        f"{asked.denominator or 'NULL'} AS denominator",
        "COUNT(*) AS n",
        *(f"{sql} AS {name}" for name, sql, _ in asked.extra),
    ]
    if asked.median:
        columns.append(f"{MIDDLE} AS median")
    tail, group = "", None
    if dimension is not None:
        split = splittable(asked, dimension)
        group = column_of(asked, split)
        columns.insert(0, f"{group} AS {split.id}")
        tail = "\nGROUP BY 1\nORDER BY " + ("1" if split.is_time else "value DESC NULLS LAST, 1")
    conditions = conditions_of(asked, where)
    deals = "opportunities" + ("\nWHERE " + "\n  AND ".join(conditions) if conditions else "")
    if asked.median:
        deals = f"(\n{ranked(deals, asked.median, group)}\n) AS ranked"
    sql = "SELECT\n  " + ",\n  ".join(columns) + f"\nFROM {deals}{tail}"
    return sql if dialect == "duckdb" else translated(sql, dialect)


MIDDLE = "AVG(CASE WHEN 2 * place BETWEEN ranked_n AND ranked_n + 2 THEN ranked_by END)"
"""The median over what `ranked` gives: the one in the middle, or the mean of the two."""


def ranked(deals: str, expression: str, group: str | None = None) -> str:
    """Deals with their place in the order of an expression, and how many there are, in all or by group."""
    split = f"PARTITION BY {group}" if group else ""
    order = f"{split} ORDER BY {expression} NULLS LAST".strip()
    return (
        f"SELECT *, {expression} AS ranked_by,\n"
        f"  ROW_NUMBER() OVER ({order}) AS place, COUNT({expression}) OVER ({split}) AS ranked_n\nFROM {deals}"
    )


def coverage_sql(metric: Metric, filters: Mapping[str, str] | None = None) -> str:
    """The SELECT that says what the filters leave, the span of its dates, and what the metric leaves out of it."""
    by = DATE_OF[metric.cohort] or "close_date"
    columns = [
        "COUNT(*) AS opportunities",
        f"MIN({by}) AS first_day",
        f"MAX({by}) AS last_day",
        *(
            f"COUNT(CASE WHEN {exclusion.condition} THEN 1 END) AS excluded_{number}"
            for number, exclusion in enumerate(metric.excludes)
        ),
    ]
    conditions = filter_conditions(filters or {})
    narrowed = "\nWHERE " + "\n  AND ".join(conditions) if conditions else ""
    return "SELECT\n  " + ",\n  ".join(columns) + f"\nFROM opportunities{narrowed}"


def several_sql(asked: Sequence[tuple[Metric, Period | None]], filters: Mapping[str, str] | None = None) -> str:
    """One SELECT for several figures: `place` is the position of each in `asked`; value, numerator, denominator, n."""
    rows = [
        f"SELECT {place} AS place, value, numerator, denominator, n FROM (\n{sql}\n) AS m{place}"  # noqa: S608  our own
        for place, sql in enumerate(named_sql(metric, period, None, filters) for metric, period in asked)
    ]
    return "\nUNION ALL\n".join(rows) + "\nORDER BY 1"


def computable(metric: Metric | str) -> Metric:
    found = choose_metric(metric) if isinstance(metric, str) else metric
    match found:
        case Metric():
            return found
        case Kpi(fallback=str() as instead):
            return computable(instead)
        case Kpi():
            raise MetricError(
                f"{found.title} comes from tables of its own and cannot be split or compared. Ask for it alone."
            )
        case Missing():
            raise MetricError(f"{found.title} cannot be computed here: {found.lacks}.")
        case None:
            near = ", ".join(nearest_metrics(str(metric)))
            known = ", ".join(each.id for each in (*METRICS, *KPIS))
            raise MetricError(f"There is no metric “{metric}”. Nearest: {near}. All: {known}.")


def splittable(metric: Metric, dimension: Dimension | str) -> Dimension:
    found = choose_dimension(dimension) if isinstance(dimension, str) else dimension
    if found is None:
        known = ", ".join(each.id for each in DIMENSIONS)
        raise MetricError(f"There is no dimension “{dimension}”. There are: {known}.")
    if found.is_time and (metric.cohort == "velocity" or not follows_period(metric)):
        raise MetricError(
            f"{metric.title} counts deals as they stand and cannot be split by {found.title.lower()}: no history is kept. "
            "Ask for pipeline_created, or split by rep, region, product or stage."
        )
    return found


def column_of(metric: Metric, dimension: Dimension) -> str:
    return dimension.column.replace("{date}", DATE_OF[metric.cohort] or "close_date")


def conditions_of(metric: Metric, where: Where) -> list[str]:
    conditions = filter_conditions(where.filters)
    cohort = IN_COHORT[metric.cohort]
    if cohort:
        conditions.insert(0, cohort)
    day = DATE_OF[metric.cohort]
    if where.period and not where.period.is_all and day:
        within = within_days(day, where.period)
        is_open = IN_COHORT["open"]
        conditions.append(f"({is_open} OR {within})" if metric.cohort == "velocity" else within)
    return conditions


def within_days(column: str, period: Period) -> str:
    if period.from_date == date.min:
        return f"{column} <= '{period.to_date.isoformat()}'"
    return f"{column} BETWEEN '{period.from_date.isoformat()}' AND '{period.to_date.isoformat()}'"


def filter_conditions(filters: Mapping[str, str]) -> list[str]:
    """Equality for each filter, in the order of `FILTERS`, so that the same question has the same text."""
    unknown = set(filters) - set(FILTERS)
    if unknown:
        raise MetricError(f"Cannot filter by {', '.join(sorted(unknown))}. Filters: {', '.join(FILTERS)}.")
    return [f"{column} = {literal(filters[column])}" for column in FILTERS if column in filters]


def literal(value: str) -> str:
    """A string literal that no dialect reads as anything else.

    Raises MetricError for control characters, and for a backslash, which Snowflake and MySQL read as an escape.
    """
    if "\\" in value or not value.isprintable() or len(value) > 200:
        raise MetricError(
            "A filter value must be a plain name: no backslash, no control character, at most 200 long."
        )
    return "'" + value.replace("'", "''") + "'"


def translated(sql: str, dialect: str) -> str:
    """SQL written for DuckDB as another engine takes it."""
    import sqlglot  # 0.2 s to import, and needed for foreign dialects only

    return sqlglot.transpile(sql, read="duckdb", write=dialect, pretty=True)[0]
