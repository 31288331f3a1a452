"""Snowflake Analyst over the bundled CRM: the figure first, how it was computed, what was left out, and honest refusals."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from agents.analysis.figures import check
from agents.analysis.metric import Metric
from agents.analysis.metrics import METRICS, named_sql
from agents.result import QueryCitation
from agents.snowflake_analyst import SNOWFLAKE_ANALYST
from agents.sources import SourceError, Sources
from agents.tool import Observation
from agents.warehouse_tools.guard import guarded
from agents.warehouse_tools.statement import MAX_ROWS
from agents.warehouse_tools.vocabulary import vocabulary

Use = Callable[..., Awaitable[Observation]]


@pytest.fixture
def use(sources: Sources) -> Use:
    tools = {tool.name: tool for tool in SNOWFLAKE_ANALYST.tools}

    async def used(tool: str, **parameters: Any) -> Observation:
        return await tools[tool].run(sources, tools[tool].parameters.model_validate(parameters))

    return used


def data(observation: Observation) -> dict[str, Any]:
    return observation.data.model_dump(mode="json")


async def test_the_figure_comes_first(use: Use) -> None:
    seen = await use("metric", metric="win rate")
    assert seen.text.startswith("**Win rate over all time: 63.15% (4,238 won of 6,711 closed)**")


async def test_a_figure_carries_what_it_is_made_of(use: Use) -> None:
    seen = data(await use("metric", metric="win_rate", period="last quarter", rep="Darcel Schlecht"))
    assert seen["period"]["text"] == "2017-Q3"
    assert seen["as_of"] == "2017-12-31"
    figures = seen["figures"]
    assert figures["value"] == figures["numerator"] / figures["denominator"]
    assert seen["excluded"][0]["what"] == "open deals"


async def test_every_figure_cites_the_query_that_gave_it(use: Use) -> None:
    seen = await use("metric", metric="revenue", dimension="region", period="Q3")
    cited = {citation.id: citation for citation in seen.citations}
    for finding in seen.findings:
        for id_ in finding.citations:
            citation = cited[id_]
            assert isinstance(citation, QueryCitation)
            assert "FROM opportunities" in citation.sql
    assert "regional_office" in str(seen.citations[1])


async def test_what_was_left_out_reaches_the_reader(use: Use) -> None:
    seen = await use("metric", metric="revenue")
    assert seen.notes == ("Left out: 2,089 open deals; they have no outcome, close date or value yet.",)


async def test_groups_are_ranked_and_the_rest_stays_in_the_data(use: Use) -> None:
    seen = await use("metric", metric="revenue", dimension="sales_agent", limit=3)
    assert seen.text.count("\n| ") == 2 + 3
    assert "Shown: 3 of 30" in seen.text
    assert len(data(seen)["groups"]) == 30
    assert sum(group["share"] for group in data(seen)["groups"]) == pytest.approx(1)


async def test_the_worst_are_those_with_the_longest_cycle(use: Use) -> None:
    groups = data(await use("metric", metric="sales_cycle", dimension="product", order="worst"))["groups"]
    values = [group["value"] for group in groups]
    assert values == sorted(values, reverse=True)


async def test_without_a_metric_the_key_figures_stand_beside_the_period_before(use: Use) -> None:
    seen = await use("metric", period="2017-Q3")
    assert "| Revenue | $2,982,255 | $3,086,111 | −$103,856 (−3.4%) |" in seen.text
    assert "Open deals today" in seen.text


async def test_two_periods_are_compared(use: Use) -> None:
    for tool in ("metric", "compare_periods"):
        seen = await use(tool, metric="revenue", period="2017-Q4", against="2017-Q3", dimension="region")
        assert "−$179,759 (−6.0%)" in seen.text.splitlines()[0]
        assert [group["key"] for group in data(seen)["groups"]] == ["East", "Central", "West"]


async def test_a_misspelt_filter_is_corrected_and_said(use: Use) -> None:
    seen = await use("metric", metric="revenue", region="Centrl", product="gtx pro")
    assert data(seen)["filters"] == {"regional_office": "Central", "product": "GTX Pro"}
    assert "Read “Centrl” as Central." in seen.notes


async def test_a_period_does_not_change_a_snapshot_and_that_is_said(use: Use) -> None:
    seen = await use("metric", metric="pipeline_open", period="Q3")
    assert data(seen)["figures"]["value"] == 2089
    assert any("Q3 2017 was not applied" in note for note in seen.notes)


async def test_an_estimate_is_a_candidate(use: Use) -> None:
    seen = await use("metric", metric="pipeline_list_value")
    assert {finding.kind for finding in seen.findings} == {"candidate"}


async def test_what_cannot_be_computed_is_answered_with_what_is_missing(use: Use) -> None:
    seen = await use("metric", metric="quota attainment")
    assert "cannot be computed here:** the warehouse has no quota" in seen.text
    assert data(seen)["figures"] is None


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"metric": "winrtae"}, "Nearest: win_rate"),
        ({"metric": "revenue", "dimension": "planet"}, "There are: sales_agent"),
        ({"metric": "revenue", "period": "soonish"}, "names no period"),
        ({"metric": "revenue", "period": "2015"}, "There are some from 2017-03-01 to 2017-12-31"),
        ({"metric": "revenue", "account": "Boeing"}, "is not known. Nearest"),
        ({"metric": "revenue", "rep": "Elizabeth; DROP"}, "is not known. Nearest"),
        ({"metric": "pipeline_open", "dimension": "month"}, "no history is kept"),
    ],
)
async def test_bad_input_says_what_to_ask_instead(use: Use, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(SourceError) as refused:
        await use("metric", **parameters)
    assert message in refused.value.message


async def test_the_gaps_in_the_data_are_counted(use: Use) -> None:
    seen = data(await use("data_quality"))
    assert {issue["id"]: issue["deals"] for issue in seen["issues"]} == {
        "open_no_value": 2089,
        "no_account": 1425,
        "open_unengaged": 500,
    }
    assert seen["respelled"] == {"GTXPro": 1480}


async def test_the_catalog_names_what_there_is_and_what_is_not(use: Use) -> None:
    seen = await use("list_metrics")
    assert "`win_rate`" in seen.text
    assert "**Quota attainment** (`quota_attainment`)" in seen.text
    assert "needs `opp`, `quota`" in seen.text


async def test_a_select_gives_its_rows_and_no_more_than_are_kept(use: Use) -> None:
    seen = await use("run_sql", sql="SELECT opportunity_id FROM opportunities")
    assert len(data(seen)["rows"]) == MAX_ROWS
    assert seen.notes == (f"Only the first {MAX_ROWS} rows were read.",)


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE sales_pipeline",
        "SELECT 1; SELECT 2",
        "INSERT INTO products VALUES ('x')",
        "SELECT * INTO copy FROM opportunities",
        "COPY opportunities TO 'x.csv'",
        "ATTACH 'x.db'",
        "PRAGMA version",
        "SET threads = 1",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('*')",
        "SELECT getenv('HOME')",
        "SELECT 1 WHERE EXISTS (SELECT * FROM read_text('/etc/passwd'))",
        "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT * FROM read_text(''/etc/hostname'')'))",
        "SELECT pg_read_file('/etc/passwd')",
        'SELECT "pg_catalog"."pg_ls_dir"(account) FROM opportunities',
        "SELECT LOAD_FILE('/etc/passwd')",
        "SELECT * FROM sqlite_scan('a.db', 'b')",
        "SELECT dblink_exec('a')",
        "SELECT lo_unlink(1)",
        "SELECT setval('a', 1)",
        "SELECT a.nextval",
        "SELECT pg_terminate_backend(1)",
        "SELECT list_transform([1], x -> pg_sleep(x))",
        "SELECT '\\' , ' INTO OUTFILE ''x'",
        "SELECT $$a$$",
        "SELECT @@datadir FROM opportunities FOR UPDATE",
        "SELECT * FROM deals.csv",
        "SELECT * FROM pg_authid",
        "SELECT * FROM mysql.user",
        "SELECT current_user",
        "WITH a AS (DELETE FROM opportunities RETURNING *) SELECT * FROM a",
        "gibberish here",
        "SELECT (((((",
    ],
)
def test_anything_but_one_plain_select_is_refused(sql: str) -> None:
    with pytest.raises(SourceError) as refused:
        guarded(sql, MAX_ROWS)
    assert refused.value.kind == "refused"


def test_a_refusal_names_the_function() -> None:
    with pytest.raises(SourceError, match="it calls pg_read_file, and only functions known to read"):
        guarded("SELECT pg_read_file('x')", MAX_ROWS)


def test_a_comment_is_not_sent() -> None:
    assert guarded("SELECT 1 /*! INTO OUTFILE 'x' */ LIMIT 1", MAX_ROWS) == "SELECT 1 LIMIT 1"


@pytest.mark.parametrize(
    "sql",
    [
        "select 1",
        "WITH a AS (SELECT 1 AS x) SELECT * FROM a",
        "SELECT 1 UNION SELECT 2",
        "SELECT replace(account, 'a', 'b') FROM opportunities LIMIT 5",
        "SELECT strftime(close_date, '%Y-%m') AS m, median(close_value), quantile_cont(close_value, 0.9), string_agg(account, ', ')"
        " FROM opportunities GROUP BY ALL",
        "SELECT date_trunc('month', close_date), sum(close_value) FILTER (WHERE deal_stage = 'Won'),"
        " row_number() OVER (ORDER BY account) FROM main.opportunities GROUP BY 1, account",
        "SELECT account FROM opportunities WHERE regexp_matches(account, '[0-9]') AND list_contains(['a'], product)",
        "SELECT * FROM generate_series(1, 3) AS a, range(3) AS b, unnest([1, 2]) AS c",
        "SELECT julianday('now'), datediff('day', engage_date, close_date), coalesce(account, '–'), epoch(now())"
        " FROM opportunities",
    ],
)
def test_a_plain_select_passes(sql: str) -> None:
    assert guarded(sql, MAX_ROWS)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.id)
def test_the_sql_of_every_named_metric_passes(metric: Metric) -> None:
    assert guarded(named_sql(metric), MAX_ROWS)


@pytest.mark.parametrize(
    ("tool", "parameters"),
    [
        ("metric", {}),
        ("metric", {"metric": "win_rate", "dimension": "account"}),
        ("metric", {"metric": "revenue", "dimension": "month"}),
        ("metric", {"metric": "velocity", "dimension": "manager"}),
        ("metric", {"metric": "discount", "dimension": "product"}),
        ("compare_periods", {"metric": "sales_cycle", "dimension": "region"}),
        ("data_quality", {}),
        ("list_metrics", {}),
    ],
)
async def test_the_figures_in_an_answer_are_those_in_its_data(
    use: Use, tool: str, parameters: dict[str, Any]
) -> None:
    seen = await use(tool, **parameters)
    evidence = [json.dumps(data(seen)), *(finding.statement for finding in seen.findings)]
    assert check(seen.text, evidence, json.dumps(parameters)).dropped == 0


async def test_the_same_question_has_the_same_answer(use: Use) -> None:
    first, second = [await use("metric", metric="revenue", dimension="account") for _ in range(2)]
    assert first == second


async def test_the_names_of_the_warehouse_can_be_read_from_requests(sources: Sources) -> None:
    assert sources.warehouse is not None
    names = await vocabulary(sources.warehouse)
    assert names["region"] == ("Central", "East", "West")
    assert len(names["account"]) == 85
    assert len(names["product"]) == 7


async def test_a_warehouse_without_the_view_gives_a_clear_error() -> None:
    from datetime import date

    from agents.sources import Table

    class Empty:
        async def as_of(self) -> date:
            return date(2017, 12, 31)

        async def query(self, sql: str) -> Table:
            raise SourceError("refused", f"no table opportunities in {sql[:6]}")

    metric = SNOWFLAKE_ANALYST.tools[0]
    with pytest.raises(SourceError, match="no table opportunities"):
        await metric.run(Sources(warehouse=Empty()), metric.parameters())


@pytest.mark.parametrize("tool", ["metric", "compare_periods"])
async def test_a_period_after_the_data_says_that_open_deals_have_no_close_date(use: Use, tool: str) -> None:
    with pytest.raises(SourceError, match=r"January 2018 lies after 2017-12-31.*Open deals carry no close date"):
        await use(tool, period="next month")


@pytest.mark.parametrize("written", ["winrate", "win-rate", "Win Rate", "WIN_RATE", "close rate", "win rates"])
async def test_a_metric_is_known_however_it_is_written(use: Use, written: str) -> None:
    assert data(await use("metric", metric=written))["metric"] == "win_rate"


@pytest.mark.parametrize(
    "written",
    ["acv", "ACV", "average contract value", "average deal", "deal size", "avg deal size", "average-deal-value"],
)
async def test_the_average_deal_is_known_by_all_its_names(use: Use, written: str) -> None:
    assert data(await use("metric", metric=written))["metric"] == "average_deal_value"


@pytest.mark.parametrize("period", ["0000-Q1", "last 999999999 weeks", "2017-Q4 and whatever"])
async def test_a_period_that_is_not_understood_is_refused_and_not_replaced(use: Use, period: str) -> None:
    with pytest.raises(SourceError, match="names no period"):
        await use("metric", metric="revenue", period=period)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT COUNT(*) AS n FROM opportunities; -- all of them",
        "SELECT COUNT(*) AS n FROM opportunities;\n/* done */",
    ],
)
async def test_a_comment_after_the_statement_is_no_second_statement(use: Use, sql: str) -> None:
    assert data(await use("run_sql", sql=sql))["rows"] == [[8800]]


async def test_groups_come_ready_to_be_drawn(use: Use) -> None:
    chart = data(await use("metric", metric="revenue", dimension="quarter"))["chart"]
    assert (chart["kind"], chart["x"]) == ("line", ["2017-Q1", "2017-Q2", "2017-Q3", "2017-Q4"])
    assert sum(chart["series"][0]["values"]) == 10_005_534
    beside = data(await use("compare_periods", metric="revenue", period="2017-Q4", dimension="region"))["chart"]
    assert [series["name"] for series in beside["series"]] == ["Q3 2017", "Q4 2017"]
    assert len(beside["x"]) == len(beside["series"][1]["values"]) == 3
