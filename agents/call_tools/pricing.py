"""`pricing`: amounts, discounts and talk about price: who said it and when."""

from collections.abc import Sequence

from pydantic import Field

from agents.analysis.calls.conversation import Conversation, Line
from agents.analysis.calls.frameworks import Element
from agents.analysis.calls.money import PriceMention, prices_in
from agents.analysis.calls.trackers import Tracker
from agents.analysis.calls.value_order import Order, order_in
from agents.call_tools.evidence import CALLS_SHOWN, Evidence, headline, more, more_calls, said
from agents.call_tools.framework import FrameworkFile
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
from agents.call_tools.packaged import packaged
from agents.call_tools.scope import SpokenParameters
from agents.call_tools.trackers import TrackerFile
from agents.result import Record
from agents.sources import Sources
from agents.tool import Observation, Tool

__all__ = ["PRICING"]

_SHOWN = 8
_ORDER_CONFIDENCE = 0.4


class PriceView(Record):
    """One mention of price."""

    call_id: str
    kind: str = Field(description="amount, discount, percentage, or talk (price without a figure)")
    phrase: str = Field(description="the words that say it")
    value: float | None = Field(description="in units of currency, or percent")
    currency: str | None = Field(description="null where nobody named it")
    per: str | None = Field(description="per unit, per seat, ...")
    quote: Quoted


class OrderView(Record):
    """The first sentences about price and about value on one call."""

    call_id: str
    price_first: bool | None = Field(description="null where one of the two was not found")
    price: Quoted | None
    value: Quoted | None


class PricingData(Record):
    """All mentions found."""

    calls: list[CallRow]
    amounts: int
    discounts: int
    mentions: list[PriceView]
    order: list[OrderView] = Field(description="per call: whether price came up before value; candidates")


async def _run(sources: Sources, parameters: SpokenParameters) -> Observation:
    material = in_english(await gather(sources, parameters), "prices")
    evidence = material.evidence()
    views: list[PriceView] = []
    texts: list[str] = []
    kinds: list[str] = []
    told = 0
    worth, proof = _value_cues()
    orders: list[tuple[Conversation, Order]] = []
    async for talk in one_by_one(material.conversations):
        every = prices_in(talk)
        mentions = tuple(it for it in every if parameters.side in (None, it.line.speaker.side))
        orders.append((talk, order_in(talk, every, worth, proof)))
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
        calls=[call_row(call) for call in material.calls],
        amounts=amounts,
        discounts=discounts,
        mentions=views,
        order=[_view_order(evidence, talk, order) for talk, order in orders],
    )
    where = "the transcript" if material.single else f"{len(material.conversations)} transcripts"
    if parameters.side:
        where = f"{'the customer' if parameters.side == 'external' else 'the seller'}'s sentences of {where}"
    text = material.nothing or "\n".join(
        [_headline(len(kinds), where, amounts, discounts), *_order_text(orders, single=material.single), *texts]
    )
    return Observation(
        text, data, evidence.findings, evidence.citations, (*material.notes, *cut_note(len(kinds), "mentions"))
    )


def _value_cues() -> tuple[Tracker, Element]:
    """What speaks of value: the tracker of that name, and the customer's own figures."""
    trackers, elements = packaged("trackers", TrackerFile), packaged("frameworks", FrameworkFile).elements
    worth = next(entry for entry in trackers.trackers if entry.name == "Value")
    proof = elements["metrics"]
    return Tracker(worth.name, worth.phrases), Element("metrics", proof.name, proof.ask, proof.evidence, (), "figure")


def _view_order(evidence: Evidence, talk: Conversation, order: Order) -> OrderView:
    def shown(line: Line | None) -> Quoted | None:
        return quoted(evidence, talk, [line])[0] if line else None

    if order.price and order.value:
        statement = f"{talk.call.title}: {'price' if order.price_first else 'value'} came up first"
        evidence.candidate(statement, talk, [order.price, order.value], _ORDER_CONFIDENCE)
    return OrderView(
        call_id=talk.call.id, price_first=order.price_first, price=shown(order.price), value=shown(order.value)
    )


def _order_text(orders: Sequence[tuple[Conversation, Order]], *, single: bool) -> list[str]:
    """Whether price came up before value: the two sentences of one call, or a count over several."""
    told = [(talk, order) for talk, order in orders if order.price_first is not None]
    if not told:
        return []
    if single:
        talk, order = told[0]
        first, then = ("Price", "value") if order.price_first else ("Value", "price")
        pair = [line for line in (order.price, order.value) if line]
        pair.sort(key=lambda line: line.number)
        return [f"{first} possibly came up before {then}: {said(talk, pair[:1])}, then {said(talk, pair[1:])}"]
    early = [talk for talk, order in told if order.price_first]
    named = "; ".join(f"{talk.call.started.date().isoformat()} {talk.call.title}" for talk in early[:3])
    rest = f": {named}{'; …' if len(early) > 3 else ''}" if early else ""
    return [f"Price possibly came up before value on {len(early)} of {len(told)} calls{rest}."]


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
