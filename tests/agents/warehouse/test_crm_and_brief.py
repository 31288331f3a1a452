"""HubSpot CRM and Executive Knowledge over the bundled CRM and two recorded calls."""

import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

from agents.analysis.calls.conversation import join
from agents.analysis.calls.searching import found_among
from agents.analysis.figures import check
from agents.executive_knowledge import EXECUTIVE_KNOWLEDGE
from agents.hubspot_crm import HUBSPOT_CRM
from agents.sources import (
    Call,
    CallQuery,
    CallScope,
    Found,
    Names,
    Party,
    Sentence,
    SourceError,
    Sources,
    Transcript,
    Warehouse,
)
from agents.spec import AgentSpec
from agents.tool import Observation

Use = Callable[..., Awaitable[Observation]]


class TwoCalls:
    """Two synthetic calls, one of them with an objection."""

    async def as_of(self) -> date:
        return date(2017, 12, 31)

    async def names(self) -> Names:
        return Names(accounts=("Cancity",), reps=("Moses Frase",), call_ids=("1000001", "1000002"))

    async def find(self, scope: CallScope) -> Sequence[Call]:
        parties = (
            Party("p1", "Moses Frase", "internal", speaker_id="s1", user_id="u1"),
            Party("p2", "Dana Fox", "external", speaker_id="s2"),
        )
        days = {"1000001": datetime(2017, 11, 6, tzinfo=UTC), "1000002": datetime(2017, 8, 7, tzinfo=UTC)}
        return [
            Call(id_, "Cancity pricing", day, 60, parties, account="Cancity", owner="Moses Frase", synthetic=True)
            for id_, day in days.items()
            if (scope.from_date or date.min) <= day.date() <= (scope.to_date or date.max)
        ]

    async def transcript(self, call_id: str) -> Transcript:
        return Transcript(
            call_id,
            (
                Sentence("s1", 0, 4000, "Thanks for taking the time today."),
                Sentence("s2", 5000, 9000, "Honestly this is too expensive for us."),
                Sentence("s1", 10000, 14000, "I understand, let me walk you through what it saves."),
            ),
        )

    async def search(self, query: CallQuery) -> Found:
        calls = await self.find(query.scope)
        return found_among(calls, [join(call, await self.transcript(call.id)) for call in calls], query)

    async def notes(self) -> Sequence[str]:
        return ()


def user_of(spec: AgentSpec, sources: Sources) -> Use:
    tools = {tool.name: tool for tool in spec.tools}

    async def used(tool: str, **parameters: Any) -> Observation:
        return await tools[tool].run(sources, tools[tool].parameters.model_validate(parameters))

    return used


@pytest.fixture
def crm(sources: Sources) -> Use:
    return user_of(HUBSPOT_CRM, sources)


@pytest.fixture
def chief(warehouse: Warehouse) -> Use:
    return user_of(EXECUTIVE_KNOWLEDGE, Sources(warehouse=warehouse, calls=TwoCalls()))


async def test_the_pipeline_names_the_gaps_in_its_data_before_its_figures(crm: Use) -> None:
    seen = await crm("pipeline_overview")
    assert seen.text.index("Data first: 8,800 deals") < seen.text.index("| Revenue |")
    assert seen.text.startswith("**2,089 open deals: 500 prospecting, 1,589 engaging")
    assert "Pipeline coverage (no quota" in seen.text


async def test_a_part_of_the_pipeline_may_be_a_region_or_a_product(crm: Use) -> None:
    assert (await crm("pipeline_overview", pipeline="West")).text.startswith("**748 open deals for West")
    assert "for GTX Pro" in (await crm("pipeline_overview", pipeline="GTX Pro")).text
    with pytest.raises(SourceError, match="is no region, manager, product or sector"):
        await crm("pipeline_overview", pipeline="Enterprise Deluxe")


async def test_an_account_stands_beside_all_accounts(crm: Use) -> None:
    seen = await crm("pipeline_overview", account="cancity")
    assert seen.text.startswith("**Cancity: $118,627 from 55 won deals, win rate 59.14% of 93 closed, 8 open**")
    assert "| Win rate | 59.14% | 63.15% |" in seen.text


async def test_a_deal_is_found_by_its_id_in_any_case(crm: Use) -> None:
    seen = await crm("deal_view", deal_id="1c1i7a6r")
    assert "GTX Plus Basic for Cancity, won at $1,054 on 2017-03-01" in seen.text


async def test_an_unknown_deal_names_the_nearest(crm: Use) -> None:
    with pytest.raises(SourceError, match="Nearest: 1C1I7A6R"):
        await crm("deal_view", deal_id="1C1I7A6X")


async def test_old_deals_are_candidates_with_their_owner_and_the_rule(crm: Use) -> None:
    seen = await crm("deal_risks", rep="Darcel Schlecht")
    assert {finding.kind for finding in seen.findings} == {"candidate"}
    assert "75th percentile" in seen.text
    assert any("age is the only sign" in note for note in seen.notes)


async def test_the_brief_is_one_page_with_its_caveats(chief: Use) -> None:
    seen = await chief("executive_brief", period="2017-Q4")
    parts = [
        "$2,802,496 revenue",
        "What changed",
        "Top risks",
        "People",
        "Customer voice",
        "To decide",
        "Not in the sources",
    ]
    places = [seen.text.index(part) for part in parts]
    assert places == sorted(places)
    assert len(seen.text) < 4000
    assert "There is no table of targets: the figures are set against the period before." in seen.notes


async def test_the_brief_quotes_customers_and_cites_the_sentence(chief: Use) -> None:
    seen = await chief("executive_brief", period="2017-Q4")
    assert "1 call read" in seen.text
    quotes = [citation.quote for citation in seen.citations if citation.kind == "call"]
    assert "Honestly this is too expensive for us." in quotes
    assert any("synthetic" in note for note in seen.notes)


async def test_a_brief_without_calls_says_so(sources: Sources) -> None:
    seen = await user_of(EXECUTIVE_KNOWLEDGE, sources)("executive_brief")
    assert "No recorded calls were read for this brief." in seen.notes


async def test_a_topic_narrows_the_brief_or_is_said_to_be_unknown(chief: Use) -> None:
    assert "for Central" in (await chief("executive_brief", topic="the Central region")).text.splitlines()[0]
    seen = await chief("executive_brief", topic="pricing")
    assert "“pricing” is no name in the warehouse, so this covers everything." in seen.notes


async def test_losses_are_shown_where_they_are_and_no_reason_is_invented(chief: Use) -> None:
    seen = await chief("why_lost", period="2017-Q4")
    assert seen.text.startswith("**789 deals lost in Q4 2017: 39.75% of 1,985 closed**")
    assert any("No reason is recorded" in note for note in seen.notes)


@pytest.mark.parametrize(
    ("agent", "tool", "parameters"),
    [
        ("crm", "pipeline_overview", {}),
        ("crm", "account_view", {"account": "Cancity"}),
        ("crm", "deal_view", {"deal_id": "1C1I7A6R"}),
        ("crm", "deal_risks", {}),
        ("chief", "executive_brief", {"period": "2017-Q4"}),
        ("chief", "why_lost", {}),
    ],
)
async def test_the_figures_in_an_answer_are_those_in_its_data(
    crm: Use, chief: Use, agent: str, tool: str, parameters: dict[str, Any]
) -> None:
    seen = await {"crm": crm, "chief": chief}[agent](tool, **parameters)
    evidence = [json.dumps(seen.data.model_dump(mode="json")), *(finding.statement for finding in seen.findings)]
    assert check(seen.text, evidence, json.dumps(parameters)).dropped == 0


@pytest.mark.parametrize("tool", ["pipeline_overview", "deal_risks", "data_quality"])
async def test_every_finding_cites_what_stands_beside_it(crm: Use, tool: str) -> None:
    seen = await crm(tool)
    assert {id_ for finding in seen.findings for id_ in finding.citations} <= {cited.id for cited in seen.citations}


async def test_why_one_account_was_lost_is_answered_for_that_account(chief: Use) -> None:
    seen = await chief("why_lost", topic="Umbrella Corporation")
    assert seen.text.startswith("**29 deals lost for Umbrella Corporation over all time")
    assert "528YB7Q0" in seen.text
    assert any("No reason is recorded" in note for note in seen.notes)


async def test_the_brief_shows_conversion_by_region_and_names_what_is_not_in_the_sources(chief: Use) -> None:
    seen = await chief("executive_brief", period="2017-Q3")
    assert "East 62.74% of 585 closed" in seen.text
    assert "Not in the sources: Pipeline coverage, Quota attainment" in seen.text


async def test_the_brief_tells_what_went_into_the_pipeline_and_out_of_it(chief: Use) -> None:
    seen = await chief("executive_brief", period="2017-Q3")
    steps = seen.data.model_dump()["waterfall"]
    assert steps["open_before"] + steps["engaged"] - steps["won"] - steps["lost"] == steps["open_after"]
    assert "| Newly engaged | +2,770 | +2,388 |" in seen.text


async def test_the_brief_shows_how_revenue_spreads_over_people_and_judges_nobody(chief: Use) -> None:
    seen = await chief("executive_brief", period="2017-Q3")
    assert "Revenue by rep, 30 reps: from $22,405 to $373,218" in seen.text
    assert "Coaching on closing may help most (candidates" in seen.text
    coaching = next(finding for finding in seen.findings if "Coaching" in finding.statement)
    assert coaching.kind == "candidate"


async def test_every_top_risk_of_the_brief_has_an_owner_and_those_with_calls_a_quote(chief: Use) -> None:
    seen = await chief("executive_brief", period="2017-Q4")
    risks = seen.text.split("**Top risks**")[1].split("\n\n**")[0].splitlines()
    listed = [line for line in risks if line.startswith("- ")]
    assert len(listed) == 5
    assert all("owner " in line for line in listed)
    assert any("Cancity" in line for line in listed)
    assert {id_ for finding in seen.findings for id_ in finding.citations} <= {cited.id for cited in seen.citations}


async def test_a_brief_of_one_rep_ranks_no_people(chief: Use) -> None:
    assert "**People**" not in (await chief("executive_brief", topic="Darcel Schlecht")).text
