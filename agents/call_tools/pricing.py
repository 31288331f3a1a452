"""`pricing`: amounts, discounts and talk about price: who said it and when."""

from pydantic import Field

from agents.analysis.calls.conversation import Conversation
from agents.analysis.calls.money import PriceMention, prices_in
from agents.call_tools.evidence import CALLS_SHOWN, Evidence, headline, more, more_calls, said
from agents.call_tools.material import (
    ROW_LIMIT,
    CallRow,
    Quoted,
    call_row,
    cut_note,
    gather,
    in_english,
    one_by_one,
    quoted,
)
from agents.call_tools.scope import SpokenParameters
from agents.result import Record
from agents.sources import Sources
from agents.tool import Observation, Tool

__all__ = ["PRICING"]

_SHOWN = 8


class PriceView(Record):
    """One mention of price."""

    call_id: str
    kind: str = Field(description="amount, discount, percentage, or talk (price without a figure)")
    phrase: str = Field(description="the words that say it")
    value: float | None = Field(description="in units of currency, or percent")
    currency: str | None = Field(description="null where nobody named it")
    per: str | None = Field(description="per unit, per seat, ...")
    quote: Quoted


class PricingData(Record):
    """All mentions found."""

    calls: list[CallRow]
    amounts: int
    discounts: int
    mentions: list[PriceView]


async def _run(sources: Sources, parameters: SpokenParameters) -> Observation:
    material = in_english(await gather(sources, parameters), "prices")
    evidence = material.evidence()
    views: list[PriceView] = []
    texts: list[str] = []
    kinds: list[str] = []
    told = 0
    async for talk in one_by_one(material.conversations):
        mentions = tuple(it for it in prices_in(talk) if parameters.side in (None, it.line.speaker.side))
        kinds += [mention.kind for mention in mentions]
        kept = mentions[: ROW_LIMIT - len(views)]
        views += [_view(evidence, talk, mention) for mention in kept]
        for mention in kept:
            if mention.kind != "talk":
                statement = f"{mention.line.speaker.name} said {mention.phrase} ({talk.call.title})"
                evidence.fact(statement, talk, [mention.line])
        figures = tuple(mention for mention in mentions if mention.kind != "talk")
        if material.single:
            texts += _text(talk, mentions, _SHOWN)
        elif figures:
            told += 1
            texts += [headline(talk), *_text(talk, figures, 3)] if told <= CALLS_SHOWN else []
    texts += more_calls(told, CALLS_SHOWN)
    amounts, discounts = kinds.count("amount"), kinds.count("discount")
    data = PricingData(
        calls=[call_row(call) for call in material.calls], amounts=amounts, discounts=discounts, mentions=views
    )
    where = "the transcript" if material.single else f"{len(material.conversations)} transcripts"
    if parameters.side:
        where = f"{'the customer' if parameters.side == 'external' else 'the seller'}'s sentences of {where}"
    text = material.nothing or "\n".join([_headline(len(kinds), where, amounts, discounts), *texts])
    return Observation(
        text, data, evidence.findings, evidence.citations, (*material.notes, *cut_note(len(kinds), "mentions"))
    )


def _view(evidence: Evidence, talk: Conversation, mention: PriceMention) -> PriceView:
    return PriceView(
        call_id=talk.call.id,
        kind=mention.kind,
        phrase=mention.phrase,
        value=mention.value,
        currency=mention.currency,
        per=mention.per,
        quote=quoted(evidence, talk, [mention.line])[0],
    )


def _text(talk: Conversation, mentions: tuple[PriceMention, ...], count: int) -> list[str]:
    """Sentences with figures first; one line per sentence, whatever it holds."""
    by_line: dict[int, list[PriceMention]] = {}
    for mention in mentions:
        by_line.setdefault(mention.line.number, []).append(mention)
    ranked = sorted(by_line.values(), key=lambda group: (group[0].kind == "talk", group[0].line.number))
    shown = sorted(ranked[:count], key=lambda group: group[0].line.number)
    lines = [f"- {_what(group)}{said(talk, [group[0].line])}" for group in shown]
    return [*lines, *more(len(ranked), len(shown))]


def _what(group: list[PriceMention]) -> str:
    figures = [
        f"{mention.phrase}{' discount' * (mention.kind == 'discount')}" for mention in group if mention.kind != "talk"
    ]
    return f"**{', '.join(figures)}** " if figures else ""


def _headline(found: int, where: str, amounts: int, discounts: int) -> str:
    if not found:
        return f"**No price, amount or discount found in {where}.**"
    talk = found - amounts - discounts
    return f"**In {where}: {amounts} amounts, {discounts} discounts, {talk} other mentions of price.**"


PRICING = Tool(
    name="pricing",
    description="Prices, amounts, discounts and budget that were said on calls: by whom, when, in which words.",
    cues=("pricing", "price", "prices", "discount", "discounts", "budget", "cost", "how much", "amounts"),
    parameters=SpokenParameters,
    data=PricingData,
    needs="calls",
    run=_run,
)
