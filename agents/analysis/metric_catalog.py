"""The named metrics: what each one is, as data.

All are expressions over one view, `opportunities`: opportunity_id, sales_agent, manager, regional_office, product,
account, sector, deal_stage (Prospecting, Engaging, Won, Lost), engage_date, close_date, close_value, list_price.
A deal is open until it is won or lost; while it is open it has neither close date nor value.

Sources of the definitions: the win rate counts won against won and lost, by close date, open deals left out; the
cycle is close minus engagement of won deals; velocity is open deals x win rate x average deal / cycle (all common
usage, as in the Salesforce and HubSpot reporting guides). What the view cannot carry stands in
`agents.analysis.not_computable`: such a question gets that answer, never a zero.
"""

from agents.analysis.metric import Exclusion, Metric, says

__all__ = ["METRICS"]

WON = "deal_stage = 'Won'"
LOST = "deal_stage = 'Lost'"
CLOSED = "deal_stage IN ('Won', 'Lost')"
OPEN = "deal_stage IN ('Prospecting', 'Engaging')"
CYCLE = "DATE_DIFF('day', engage_date, close_date)"


def count_of(condition: str) -> str:
    return f"COUNT(CASE WHEN {condition} THEN 1 END)"


def of(condition: str, expression: str) -> str:
    return f"CASE WHEN {condition} THEN {expression} END"


STILL_OPEN = Exclusion(OPEN, "open deals", "they have no outcome, close date or value yet")
WITHOUT_VALUE = Exclusion(f"{WON} AND close_value IS NULL", "won deals without a value", "there is nothing to add up")
WITHOUT_DAYS = Exclusion(
    f"{CLOSED} AND (engage_date IS NULL OR close_date IS NULL)",
    "closed deals without both dates",
    "their length is unknown",
)
WON_WITHOUT_LIST_PRICE = Exclusion(
    f"{WON} AND list_price IS NULL", "won deals without a list price", "there is nothing to compare with"
)
OPEN_WITHOUT_LIST_PRICE = Exclusion(
    f"{OPEN} AND list_price IS NULL", "open deals without a list price", "there is nothing to add up"
)
NEVER_ENGAGED = Exclusion("engage_date IS NULL", "deals without an engagement date", "they cannot be dated")
NOT_ANNUAL = "No contract term is recorded, so a deal's value is its closing value, not a yearly one."

METRICS = (
    Metric(
        id="revenue",
        title="Revenue",
        unit="usd",
        definition="sum of the closing values of won deals, by close date",
        cohort="won",
        value="SUM(close_value)",
        numerator="SUM(close_value)",
        numerator_is="Revenue",
        numerator_unit="usd",
        n_is="Won",
        detail="{n} deals won",
        columns=("share", "n"),
        excludes=(STILL_OPEN, WITHOUT_VALUE),
        words=says("revenue, sales, won value, bookings, closed won amount, turnover, income, money"),
        additive=True,
    ),
    Metric(
        id="deals_won",
        title="Deals won",
        unit="count",
        definition="number of won deals, by close date",
        cohort="won",
        value="COUNT(*)",
        numerator="COUNT(*)",
        numerator_is="Won",
        columns=("share",),
        excludes=(STILL_OPEN,),
        words=says("deals won, won deals, wins, closed won, deals closed won, deals did we win, new customers"),
        additive=True,
    ),
    Metric(
        id="deals_lost",
        title="Deals lost",
        unit="count",
        definition="number of lost deals, by close date",
        cohort="lost",
        value="COUNT(*)",
        numerator="COUNT(*)",
        numerator_is="Lost",
        columns=("share",),
        less_is_better=True,
        excludes=(STILL_OPEN,),
        words=says("deals lost, lost deals, losses, closed lost, deals did we lose, lost"),
        additive=True,
    ),
    Metric(
        id="win_rate",
        title="Win rate",
        unit="ratio",
        definition="won deals ÷ (won + lost deals), by number, by close date",
        cohort="closed",
        value=f"1.0 * {count_of(WON)} / NULLIF(COUNT(*), 0)",
        numerator=count_of(WON),
        numerator_is="Won",
        detail="{numerator} won of {denominator} closed",
        columns=("numerator", "denominator"),
        denominator="COUNT(*)",
        denominator_is="Closed",
        excludes=(STILL_OPEN,),
        words=says("win rate, win ratio, close rate, closing rate, conversion rate, hit rate, win percentage"),
    ),
    Metric(
        id="average_deal_value",
        title="Average deal value",
        unit="usd",
        definition="sum of the closing values of won deals ÷ number of won deals, by close date",
        cohort="won",
        value="1.0 * SUM(close_value) / NULLIF(COUNT(close_value), 0)",
        numerator="SUM(close_value)",
        numerator_is="Revenue",
        numerator_unit="usd",
        detail="{numerator} from {denominator} won deals, median {median}",
        columns=("median", "denominator"),
        denominator="COUNT(close_value)",
        denominator_is="Won",
        median="close_value",
        excludes=(STILL_OPEN, WITHOUT_VALUE),
        words=says(
            "average deal value, average deal size, deal size, deal value, asp, "
            "average selling price, average deal, avg deal size, avg deal, ticket size"
        ),
        caveat=NOT_ANNUAL,
    ),
    Metric(
        id="sales_cycle",
        title="Sales cycle",
        unit="days",
        definition="days from engagement to close of won deals, averaged, by close date",
        cohort="won",
        value=f"AVG({CYCLE})",
        numerator=f"SUM({CYCLE})",
        numerator_is="Days in all",
        detail="{denominator} won deals, median {median}",
        columns=("median", "denominator"),
        less_is_better=True,
        denominator=f"COUNT({CYCLE})",
        denominator_is="Won",
        median=CYCLE,
        excludes=(STILL_OPEN, WITHOUT_DAYS),
        words=says(
            "sales cycle, cycle length, cycle time, days to close, time to close, deal length, long does it take "
            "to close, long do deals take, cycle"
        ),
    ),
    Metric(
        id="lost_cycle",
        title="Cycle of lost deals",
        unit="days",
        definition="days from engagement to close of lost deals, averaged, by close date",
        cohort="lost",
        value=f"AVG({CYCLE})",
        numerator=f"SUM({CYCLE})",
        numerator_is="Days in all",
        detail="{denominator} lost deals, median {median}",
        columns=("median", "denominator"),
        less_is_better=True,
        denominator=f"COUNT({CYCLE})",
        denominator_is="Lost",
        median=CYCLE,
        excludes=(STILL_OPEN, WITHOUT_DAYS),
        words=says("lost cycle, cycle of lost deals, days to lose, time to lose"),
    ),
    Metric(
        id="pipeline_open",
        title="Open deals",
        unit="count",
        definition="number of deals in Prospecting or Engaging, as they stand",
        cohort="open",
        value="COUNT(*)",
        numerator="COUNT(*)",
        numerator_is="Open",
        detail="{prospecting} prospecting, {engaging} engaging",
        columns=("prospecting", "engaging", "share"),
        extra=(
            ("prospecting", count_of("deal_stage = 'Prospecting'"), "count"),
            ("engaging", count_of("deal_stage = 'Engaging'"), "count"),
        ),
        words=says(
            "open pipeline, pipeline, open deals, open opportunities, pipeline size, pipeline open, deals are open, "
            "deals do we have open, deals are still open, opportunities are open"
        ),
        additive=True,
        caveat="Open deals carry no value here, so the pipeline is counted, not summed.",
    ),
    Metric(
        id="pipeline_list_value",
        title="Open pipeline at list price",
        unit="usd",
        definition="sum of the list prices of the products in open deals, as they stand; an upper-bound estimate",
        cohort="open",
        value="SUM(list_price)",
        numerator="SUM(list_price)",
        numerator_is="List value",
        numerator_unit="usd",
        n_is="Open",
        detail="{n} open deals",
        columns=("share", "n"),
        excludes=(OPEN_WITHOUT_LIST_PRICE,),
        words=says(
            "pipeline value, pipeline worth, pipeline amount, value of the pipeline, value of open deals, "
            "pipeline at list price, worth of pipeline"
        ),
        additive=True,
        estimate=True,
        caveat="Open deals carry no value: this prices each at its product's list price and weighs nothing.",
    ),
    Metric(
        id="pipeline_created",
        title="Deals engaged",
        unit="count",
        definition="number of deals whose engagement began in the period, whatever became of them",
        cohort="created",
        value="COUNT(*)",
        numerator="COUNT(*)",
        numerator_is="Engaged",
        columns=("share",),
        excludes=(NEVER_ENGAGED,),
        words=says(
            "pipeline created, new pipeline, new deals, deals engaged, deals created, new opportunities, pipeline "
            "generated, pipeline generation"
        ),
        additive=True,
    ),
    Metric(
        id="velocity",
        title="Sales velocity",
        unit="usd_per_day",
        definition="open deals × win rate × average deal value ÷ average cycle in days",
        cohort="velocity",
        value=(
            f"{count_of(OPEN)} * (1.0 * {count_of(WON)} / NULLIF({count_of(CLOSED)}, 0))"
            f" * AVG({of(WON, 'close_value')}) / NULLIF(AVG({of(WON, CYCLE)}), 0)"
        ),
        numerator=(
            f"{count_of(OPEN)} * (1.0 * {count_of(WON)} / NULLIF({count_of(CLOSED)}, 0))"
            f" * AVG({of(WON, 'close_value')})"
        ),
        numerator_is="Expected value",
        numerator_unit="usd",
        denominator_unit="days",
        detail="{open_deals} open deals × {win_rate} × {average_deal_value} ÷ {cycle_days}",
        columns=("open_deals", "win_rate", "average_deal_value", "cycle_days"),
        denominator=f"AVG({of(WON, CYCLE)})",
        denominator_is="Days",
        extra=(
            ("open_deals", count_of(OPEN), "count"),
            ("win_rate", f"1.0 * {count_of(WON)} / NULLIF({count_of(CLOSED)}, 0)", "ratio"),
            ("average_deal_value", f"AVG({of(WON, 'close_value')})", "usd"),
            ("cycle_days", f"AVG({of(WON, CYCLE)})", "days"),
        ),
        words=says("velocity, sales velocity, pipeline velocity, per day"),
        caveat="The number of open deals is as it stands today; win rate, deal value and cycle are the period's.",
    ),
    Metric(
        id="stage_counts",
        title="Deals by stage",
        unit="count",
        definition="number of deals in each stage, as they stand",
        cohort="all",
        value="COUNT(*)",
        numerator="COUNT(*)",
        numerator_is="Deals",
        columns=("share",),
        words=says("stage counts, deals by stage, deals per stage, stages, funnel, stage breakdown"),
        additive=True,
    ),
    Metric(
        id="discount",
        title="Discount against list price",
        unit="ratio",
        definition="(list price − closing value) ÷ list price over won deals, by close date; below zero is a premium",
        cohort="won",
        value=(
            f"1.0 * SUM({of('close_value IS NOT NULL', 'list_price - close_value')})"
            f" / NULLIF(SUM({of('close_value IS NOT NULL', 'list_price')}), 0)"
        ),
        numerator=f"SUM({of('close_value IS NOT NULL', 'list_price - close_value')})",
        numerator_is="Discount in $",
        numerator_unit="usd",
        denominator_unit="usd",
        detail="{numerator} off {denominator} at list price",
        columns=("numerator", "denominator"),
        less_is_better=True,
        denominator=f"SUM({of('close_value IS NOT NULL', 'list_price')})",
        denominator_is="At list price",
        excludes=(STILL_OPEN, WITHOUT_VALUE, WON_WITHOUT_LIST_PRICE),
        words=says("discount, discounting, discount rate, list price, discount against list price"),
    ),
)
