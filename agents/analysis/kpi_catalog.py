"""The figures that need quotas, histories, forecasts or recurring revenue, as data.

Sources of the definitions. Coverage against what is left of the quota: rework.com. The cohort of NRR and GRR, with
GRR capped at the start for each account and new customers left out: SaaS Metrics Standards Board. Forecast accuracy
with its bias, slippage as pushes per deal, attainment and CAC payback: common usage, as in the Salesforce and HubSpot
reporting guides. No range that is "good" is given here: none has a source that holds for everybody.

DuckDB's SQL; `:start`, `:end`, `:today`, `:m0` and `:m1` are days and months.
"""

# ruff: noqa: S608  constants of ours; what is put in for the parameters are days and months that we made

from agents.analysis.kpi import Kpi, Part
from agents.analysis.metric import says

__all__ = ["KPIS"]

NO_QUOTA = "no quota or target table"
NO_OPEN_AMOUNT = "open deals carry no amount"
NO_HISTORY = "no history of close dates"
NO_STAGES = "no history of stages, only how each deal stands now"
NO_RECURRING = "no recurring revenue: no table of monthly revenue by account"
NO_FORECAST = "no table of submitted forecasts"

IS_WON = "CAST(is_won AS INTEGER) = 1"
IS_CLOSED = "CAST(is_closed AS INTEGER) = 1"
IS_OPEN = "CAST(is_closed AS INTEGER) = 0"
CLOSES = "CAST(close_date AS DATE)"
IN_PERIOD = f"{CLOSES} BETWEEN CAST(:start AS DATE) AND CAST(:end AS DATE)"
QUOTA_IN_PERIOD = "CAST(period_start AS DATE) BETWEEN CAST(:start AS DATE) AND CAST(:end AS DATE)"
OWNERS = f"""SELECT q.owner_id, q.quota, COALESCE(w.won, 0) AS won, COALESCE(w.deals, 0) AS deals
  FROM (SELECT owner_id, SUM(amount) AS quota FROM quota WHERE {QUOTA_IN_PERIOD} GROUP BY owner_id) AS q
  LEFT JOIN (SELECT owner_id, SUM(amount) AS won, COUNT(*) AS deals FROM opp
    WHERE {IS_WON} AND {IN_PERIOD} GROUP BY owner_id) AS w ON w.owner_id = q.owner_id"""
MONTH = "SUBSTR(CAST({}month AS VARCHAR), 1, 7)"
COHORT = f"""FROM (SELECT s.mrr AS at_start, COALESCE(e.mrr, 0) AS at_end
  FROM (SELECT account_id, SUM(mrr) AS mrr FROM mrr WHERE {MONTH.format("")} = :m0 GROUP BY account_id) AS s
  LEFT JOIN (SELECT account_id, SUM(mrr) AS mrr FROM mrr WHERE {MONTH.format("")} = :m1 GROUP BY account_id) AS e
    ON e.account_id = s.account_id
  WHERE s.mrr > 0) AS cohort"""
NEWCOMERS = f"""(SELECT COUNT(DISTINCT account_id) FROM mrr WHERE {MONTH.format("")} = :m1 AND mrr > 0 AND account_id NOT IN
    (SELECT account_id FROM mrr WHERE {MONTH.format("")} = :m0 AND mrr > 0))"""
KEPT = "SUM(CASE WHEN at_end < at_start THEN at_end ELSE at_start END)"
LEFT = "COUNT(CASE WHEN at_end = 0 THEN 1 END)"
RETENTION_PARTS = (Part("nrr", "ratio"), Part("grr", "ratio"), Part("customers_lost", "count"))
RETENTION_COLUMNS = f"""1.0 * SUM(at_end) / NULLIF(SUM(at_start), 0) AS nrr,
  1.0 * {KEPT} / NULLIF(SUM(at_start), 0) AS grr, {LEFT} AS customers_lost, {NEWCOMERS} AS excluded_0"""
NEW_LEFT_OUT = (("customers that are new since then", "retention is about those who were there at the start"),)
SPELLS = f"""SELECT h.opp_id, h.stage, CAST(h.entered_at AS DATE) AS entered,
    LEAD(CAST(h.entered_at AS DATE)) OVER (PARTITION BY h.opp_id ORDER BY h.entered_at) AS left_at,
    CASE WHEN {IS_WON} THEN 1 ELSE 0 END AS won, CASE WHEN {IS_CLOSED} THEN 1 ELSE 0 END AS closed
  FROM stage_hist AS h JOIN opp AS o ON o.id = h.opp_id"""
ADVANCED = "COUNT(CASE WHEN left_at IS NOT NULL OR won = 1 THEN 1 END)"
OPEN_SPELLS = f"""WITH spells AS ({SPELLS}),
usual AS (SELECT stage, MIN(CASE WHEN 4 * place >= 3 * of_stage THEN days END) AS usual_days
  FROM (SELECT stage, days, ROW_NUMBER() OVER (PARTITION BY stage ORDER BY days) AS place,
      COUNT(*) OVER (PARTITION BY stage) AS of_stage
    FROM (SELECT stage, DATE_DIFF('day', entered, left_at) AS days FROM spells
      WHERE won = 1 AND left_at IS NOT NULL) AS won_spells) AS ranked
  GROUP BY stage),
standing AS (SELECT s.stage, DATE_DIFF('day', s.entered, CAST(:today AS DATE)) AS days, u.usual_days
  FROM spells AS s LEFT JOIN usual AS u ON u.stage = s.stage WHERE s.left_at IS NULL AND s.closed = 0)"""

KPIS = (
    Kpi(
        id="pipeline_coverage",
        title="Pipeline coverage",
        unit="times",
        definition="amount of open deals that are to close by the end of the period ÷ (quota − won in the period)",
        needs=("opp", "quota"),
        sql=f"""SELECT CASE WHEN q.quota > COALESCE(w.won, 0) THEN 1.0 * o.amount / (q.quota - COALESCE(w.won, 0)) END AS value,
  o.amount AS numerator, q.quota - COALESCE(w.won, 0) AS denominator, o.n AS n,
  q.quota AS quota, COALESCE(w.won, 0) AS won, 1.0 * r.closed / NULLIF(r.won, 0) AS needed,
  o.no_amount AS excluded_0, o.no_date AS excluded_1
FROM (SELECT SUM(CASE WHEN {CLOSES} <= CAST(:end AS DATE) THEN amount END) AS amount,
    COUNT(CASE WHEN {CLOSES} <= CAST(:end AS DATE) AND amount IS NOT NULL THEN 1 END) AS n,
    COUNT(CASE WHEN {CLOSES} <= CAST(:end AS DATE) AND amount IS NULL THEN 1 END) AS no_amount,
    COUNT(CASE WHEN close_date IS NULL THEN 1 END) AS no_date FROM opp WHERE {IS_OPEN}) AS o,
  (SELECT SUM(amount) AS quota FROM quota WHERE {QUOTA_IN_PERIOD}) AS q,
  (SELECT SUM(amount) AS won FROM opp WHERE {IS_WON} AND {IN_PERIOD}) AS w,
  (SELECT COUNT(CASE WHEN {IS_WON} THEN 1 END) AS won, COUNT(*) AS closed FROM opp WHERE {IS_CLOSED}) AS r""",
        detail="{numerator} open in {n} deals against {denominator} still to win of {quota}; at our win rate it takes {needed}",
        parts=(Part("quota", "usd"), Part("won", "usd"), Part("needed", "times")),
        excludes=(
            ("open deals without an amount", "there is nothing to add up"),
            ("open deals without a close date", "nothing says when they are to close"),
        ),
        nothing="the quota is reached already, or none begins in that period",
        lacks=f"{NO_QUOTA}, and {NO_OPEN_AMOUNT}",
        instead=("pipeline_open", "pipeline_list_value"),
        words=says("pipeline coverage, coverage, are we covered, covered for the quarter, coverage ratio, covered"),
    ),
    Kpi(
        id="quota_attainment",
        title="Quota attainment",
        unit="ratio",
        definition="amount of won deals ÷ quota, for owners with a quota that begins in the period, by close date",
        needs=("opp", "quota"),
        sql=f"""SELECT 1.0 * SUM(won) / NULLIF(SUM(quota), 0) AS value, SUM(won) AS numerator, SUM(quota) AS denominator,
  COUNT(*) AS n, COUNT(CASE WHEN won >= quota THEN 1 END) AS reached,
  (SELECT COUNT(*) FROM opp WHERE {IS_WON} AND {IN_PERIOD}
    AND owner_id NOT IN (SELECT owner_id FROM quota WHERE {QUOTA_IN_PERIOD})) AS excluded_0
FROM ({OWNERS}) AS owners""",
        by=f"""SELECT owner_id AS key, 1.0 * won / NULLIF(quota, 0) AS value, won AS numerator, quota AS denominator, deals AS n
FROM ({OWNERS}) AS owners ORDER BY value DESC NULLS LAST, 1""",
        by_title="Owner",
        detail="{numerator} of {denominator}; {reached} of {n} owners reached theirs",
        parts=(Part("reached", "count"),),
        excludes=(("won deals of owners without a quota", "there is nothing to hold them against"),),
        nothing="no quota begins in that period",
        lacks=NO_QUOTA,
        instead=("revenue", "win_rate"),
        words=says(
            "quota attainment, quota, attainment, target, on target, versus target, against plan, goal, quotas"
        ),
    ),
    Kpi(
        id="weighted_forecast",
        title="Weighted forecast",
        unit="usd",
        definition="sum of amount × probability of open deals that are to close in the period",
        needs=("opp", "opp.probability"),
        sql=f"""SELECT SUM(amount * probability) AS value, SUM(amount * probability) AS numerator, SUM(amount) AS denominator,
  COUNT(CASE WHEN amount * probability IS NOT NULL THEN 1 END) AS n,
  COUNT(CASE WHEN amount * probability IS NULL THEN 1 END) AS excluded_0,
  (SELECT SUM(amount) FROM opp WHERE {IS_WON} AND {IN_PERIOD}) AS won
FROM opp WHERE {IS_OPEN} AND {IN_PERIOD}""",
        detail="{n} open deals worth {denominator} unweighted; {won} is won already",
        parts=(Part("won", "usd"),),
        excludes=(("open deals without an amount or a probability", "there is nothing to weigh"),),
        nothing="no open deal is to close in that period",
        lacks=f"no probability of open deals, and {NO_OPEN_AMOUNT}",
        instead=("pipeline_list_value", "velocity"),
        words=says("forecast, weighted pipeline, weighted forecast, commit, best case, expected to close"),
        caveat="The probabilities are the CRM's own and are not tested against what was won.",
    ),
    Kpi(
        id="forecast_accuracy",
        title="Forecast accuracy",
        unit="ratio",
        definition="1 − |forecast − actual| ÷ actual, over the sums; bias is (forecast − actual) ÷ actual",
        needs=("forecast",),
        sql="""SELECT 1 - ABS(SUM(submitted) - SUM(actual)) * 1.0 / NULLIF(SUM(actual), 0) AS value, SUM(submitted) AS numerator,
  SUM(actual) AS denominator, COUNT(*) AS n, AVG(ABS(submitted - actual) * 1.0 / NULLIF(actual, 0)) AS mean_error,
  (SUM(submitted) - SUM(actual)) * 1.0 / NULLIF(SUM(actual), 0) AS bias,
  (SELECT COUNT(*) FROM forecast WHERE submitted IS NULL OR actual IS NULL) AS excluded_0
FROM forecast WHERE submitted IS NOT NULL AND actual IS NOT NULL""",
        span="table",
        detail="{numerator} forecast, {denominator} came; bias {bias}, mean error of a forecast {mean_error}",
        parts=(Part("mean_error", "ratio"), Part("bias", "ratio")),
        excludes=(("forecasts without a figure or an outcome", "they cannot be compared"),),
        lacks=NO_FORECAST,
        instead=("revenue",),
        words=says(
            "forecast accuracy, accuracy of the forecast, forecast error, how good is our forecast, forecasting accuracy"
        ),
    ),
    Kpi(
        id="forecast_bias",
        title="Forecast bias",
        unit="ratio",
        definition="(forecast − actual) ÷ actual, over the sums; above zero means too much was forecast",
        needs=("forecast",),
        sql="""SELECT (SUM(submitted) - SUM(actual)) * 1.0 / NULLIF(SUM(actual), 0) AS value,
  SUM(submitted) - SUM(actual) AS numerator, SUM(actual) AS denominator, COUNT(*) AS n,
  (SELECT COUNT(*) FROM forecast WHERE submitted IS NULL OR actual IS NULL) AS excluded_0
FROM forecast WHERE submitted IS NOT NULL AND actual IS NOT NULL""",
        span="table",
        detail="{numerator} off {denominator}, over {n} forecasts",
        excludes=(("forecasts without a figure or an outcome", "they cannot be compared"),),
        lacks=NO_FORECAST,
        instead=("revenue",),
        words=says("forecast bias, bias of the forecast, over forecast, sandbagging"),
    ),
    Kpi(
        id="win_rate_by_value",
        title="Win rate by value",
        unit="ratio",
        definition="amount of won deals ÷ amount of won and lost deals, by close date",
        needs=("opp",),
        sql=f"""SELECT 1.0 * SUM(CASE WHEN {IS_WON} THEN amount END) / NULLIF(SUM(amount), 0) AS value,
  SUM(CASE WHEN {IS_WON} THEN amount END) AS numerator, SUM(amount) AS denominator, COUNT(amount) AS n,
  COUNT(CASE WHEN amount IS NULL THEN 1 END) AS excluded_0
FROM opp WHERE {IS_CLOSED} AND {IN_PERIOD}""",
        span="all",
        detail="{numerator} won of {denominator} closed",
        excludes=(("closed deals without an amount", "there is nothing to add up"),),
        lacks="lost deals carry no amount",
        instead=("win_rate",),
        words=says("win rate by value, win rate by amount, value win rate, dollar win rate"),
    ),
    Kpi(
        id="acv",
        title="Average contract value",
        unit="usd",
        definition="yearly contract value of won deals ÷ their number, by close date",
        needs=("opp", "opp.acv"),
        sql=f"""SELECT AVG(acv) AS value, SUM(acv) AS numerator, COUNT(acv) AS denominator, COUNT(acv) AS n,
  COUNT(CASE WHEN acv IS NULL THEN 1 END) AS excluded_0
FROM opp WHERE {IS_WON} AND {IN_PERIOD}""",
        span="all",
        denominator_unit="count",
        detail="{numerator} from {denominator} won deals",
        excludes=(("won deals without a yearly value", "there is nothing to add up"),),
        lacks="no contract term or yearly value of a deal",
        instead=("average_deal_value",),
        words=says("acv, average contract value, annual contract value"),
        fallback="average_deal_value",
    ),
    Kpi(
        id="slippage",
        title="Slippage",
        unit="ratio",
        definition="times that a close date was pushed back ÷ deals, of deals that close in the period",
        needs=("opp", "close_hist"),
        sql=f"""SELECT 1.0 * COUNT(CASE WHEN pushed > 0 THEN 1 END) / NULLIF(COUNT(DISTINCT id), 0) AS value,
  COUNT(CASE WHEN pushed > 0 THEN 1 END) AS numerator, COUNT(DISTINCT id) AS denominator, COUNT(DISTINCT id) AS n,
  COUNT(DISTINCT CASE WHEN pushed > 0 THEN id END) AS deals_pushed, AVG(CASE WHEN pushed > 0 THEN pushed END) AS days_pushed
FROM (SELECT o.id, DATE_DIFF('day', CAST(h.old_close AS DATE), CAST(h.new_close AS DATE)) AS pushed
  FROM opp AS o LEFT JOIN close_hist AS h ON h.opp_id = o.id WHERE {IN_PERIOD}) AS moved""",
        span="all",
        numerator_unit="count",
        denominator_unit="count",
        detail="{numerator} pushes in {denominator} deals; {deals_pushed} of them were pushed, by {days_pushed} on average",
        parts=(Part("deals_pushed", "count"), Part("days_pushed", "days")),
        lacks=NO_HISTORY,
        instead=("sales_cycle",),
        words=says("slippage, slipped, pushed deals, close date pushed, pushed, slip, slipping"),
    ),
    Kpi(
        id="stage_conversion",
        title="Stage conversion",
        unit="ratio",
        definition="deals that went on from a stage, or were won in it ÷ deals that entered it",
        needs=("opp", "stage_hist"),
        sql=f"""SELECT 1.0 * {ADVANCED} / NULLIF(COUNT(*), 0) AS value, {ADVANCED} AS numerator, COUNT(*) AS denominator,
  COUNT(DISTINCT opp_id) AS n FROM ({SPELLS}) AS spells""",
        by=f"""SELECT stage AS key, 1.0 * {ADVANCED} / NULLIF(COUNT(*), 0) AS value, {ADVANCED} AS numerator, COUNT(*) AS denominator,
  COUNT(DISTINCT opp_id) AS n FROM ({SPELLS}) AS spells GROUP BY 1 ORDER BY denominator DESC, 1""",
        by_title="Stage",
        span="now",
        numerator_unit="count",
        denominator_unit="count",
        detail="{numerator} of {denominator} entries into a stage, in {n} deals",
        lacks=NO_STAGES,
        instead=("stage_counts", "win_rate"),
        words=says("stage conversion, conversion by stage, funnel conversion, conversion between stages"),
        caveat="Deals that are still in a stage count as not gone on.",
    ),
    Kpi(
        id="stage_age",
        title="Age in stage",
        unit="days",
        definition="days that open deals have been in the stage they are in, averaged",
        needs=("opp", "stage_hist"),
        sql=f"""{OPEN_SPELLS}
SELECT AVG(days) AS value, SUM(days) AS numerator, COUNT(days) AS denominator, COUNT(*) AS n,
  COUNT(CASE WHEN days > usual_days THEN 1 END) AS over_usual FROM standing""",
        by=f"""{OPEN_SPELLS}
SELECT stage AS key, AVG(days) AS value, SUM(days) AS numerator, COUNT(days) AS denominator, COUNT(*) AS n
FROM standing GROUP BY 1 ORDER BY value DESC, 1""",
        by_title="Stage",
        span="now",
        numerator_unit="days",
        denominator_unit="count",
        detail="{n} open deals; {over_usual} are in their stage for longer than three quarters of won deals were",
        parts=(Part("over_usual", "count"),),
        lacks=NO_STAGES,
        instead=("stage_counts",),
        words=says("stage age, age in stage, time in stage, days in stage, how long in stage"),
    ),
    Kpi(
        id="nrr",
        title="Net revenue retention",
        unit="ratio",
        definition="monthly revenue at the end ÷ at the start, of the customers of the start",
        needs=("mrr",),
        sql=f"""SELECT 1.0 * SUM(at_end) / NULLIF(SUM(at_start), 0) AS value, SUM(at_end) AS numerator, SUM(at_start) AS denominator,
  COUNT(*) AS n, {RETENTION_COLUMNS}
{COHORT}""",
        span="months",
        detail="{numerator} of {denominator} a month, {n} customers; GRR {grr}, {customers_lost} customers lost",
        parts=RETENTION_PARTS,
        excludes=NEW_LEFT_OUT,
        lacks=NO_RECURRING,
        instead=("revenue",),
        words=says("nrr, ndr, net revenue retention, net dollar retention, retention, expansion"),
    ),
    Kpi(
        id="grr",
        title="Gross revenue retention",
        unit="ratio",
        definition="monthly revenue kept ÷ at the start, each customer capped at what it paid at the start",
        needs=("mrr",),
        sql=f"""SELECT 1.0 * {KEPT} / NULLIF(SUM(at_start), 0) AS value, {KEPT} AS numerator, SUM(at_start) AS denominator,
  COUNT(*) AS n, {RETENTION_COLUMNS}
{COHORT}""",
        span="months",
        detail="{numerator} of {denominator} a month, {n} customers; NRR {nrr}, {customers_lost} customers lost",
        parts=RETENTION_PARTS,
        excludes=NEW_LEFT_OUT,
        lacks=NO_RECURRING,
        instead=("revenue",),
        words=says("grr, gdr, gross revenue retention, gross dollar retention, gross retention"),
    ),
    Kpi(
        id="logo_churn",
        title="Customer churn",
        unit="ratio",
        definition="customers of the start that pay nothing at the end ÷ customers of the start",
        needs=("mrr",),
        sql=f"""SELECT 1.0 * {LEFT} / NULLIF(COUNT(*), 0) AS value, {LEFT} AS numerator, COUNT(*) AS denominator,
  COUNT(*) AS n, {RETENTION_COLUMNS}
{COHORT}""",
        span="months",
        numerator_unit="count",
        denominator_unit="count",
        detail="{numerator} of {denominator} customers lost; NRR {nrr}, GRR {grr}",
        parts=RETENTION_PARTS,
        excludes=NEW_LEFT_OUT,
        lacks=NO_RECURRING,
        instead=("revenue",),
        words=says("churn, churn rate, logo churn, customer churn, customers lost, churned"),
    ),
    Kpi(
        id="revenue_churn",
        title="Revenue churn",
        unit="ratio",
        definition="monthly revenue lost, by leaving or paying less ÷ at the start",
        needs=("mrr",),
        sql=f"""SELECT 1.0 * (SUM(at_start) - {KEPT}) / NULLIF(SUM(at_start), 0) AS value, SUM(at_start) - {KEPT} AS numerator,
  SUM(at_start) AS denominator, COUNT(*) AS n, {RETENTION_COLUMNS}
{COHORT}""",
        span="months",
        detail="{numerator} of {denominator} a month lost; NRR {nrr}, GRR {grr}",
        parts=RETENTION_PARTS,
        excludes=NEW_LEFT_OUT,
        lacks=NO_RECURRING,
        instead=("revenue",),
        words=says("revenue churn, mrr churn, dollar churn, arr churn, recurring revenue, mrr, arr"),
    ),
    Kpi(
        id="cac_payback",
        title="CAC payback",
        unit="months",
        definition="(sales and marketing spend ÷ new customers) ÷ (their monthly revenue, averaged × gross margin)",
        needs=("spend", "new_cust"),
        sql="""SELECT 1.0 * s.spend / NULLIF(n.customers, 0) / NULLIF(n.average_mrr * s.gross_margin, 0) AS value,
  1.0 * s.spend / NULLIF(n.customers, 0) AS numerator, n.average_mrr * s.gross_margin AS denominator, n.customers AS n,
  s.spend AS spend, s.gross_margin AS gross_margin, n.average_mrr AS average_mrr
FROM (SELECT SUM(spend) AS spend, SUM(spend * gross_margin) * 1.0 / NULLIF(SUM(spend), 0) AS gross_margin FROM spend) AS s,
  (SELECT COUNT(*) AS customers, AVG(mrr) AS average_mrr FROM new_cust) AS n""",
        span="table",
        detail="{numerator} to win each of {n} customers, who bring {denominator} a month at a margin of {gross_margin}",
        parts=(Part("spend", "usd"), Part("gross_margin", "ratio"), Part("average_mrr", "usd")),
        lacks="no table of spend, and none of new customers with their revenue",
        instead=("average_deal_value",),
        words=says("cac payback, cac, payback, customer acquisition cost, payback period, acquisition cost"),
    ),
)
