"""A call of one of our own tools, from its arguments to its result.

    validate -> parse the request -> decide -> run the route -> one shape of result

Both routes get the same values: what the parser read from the request fills the typed arguments that were left out.
"""

import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import mcp_types as t
from pydantic import JsonValue

from agents.analysis.asked_calls import UNKNOWN_NAME
from agents.analysis.followup import followed_up
from agents.analysis.periods import Period, parse_period
from agents.analysis.request import ParsedRequest, parse_request
from agents.memory import Memory, Turn
from agents.outcome import Answered, Job, Limits, Progress
from agents.result import AgentResult, Dropped, ServedBy, TimingMs
from agents.sources import Names
from agents.tool import Need
from server.bridge.bridge import Bridge, Made
from server.bridge.decide import allowed
from server.bridge.decision import Call, Route
from server.bridge.execute import Executed
from server.bridge.explain import Explained
from server.downstream.adapters.bound import Bound
from server.downstream.adapters.known import Facts
from server.errors import Busy, InvalidArguments, SophiaError
from server.generation import Generation
from server.surface.answers import answered, failed, served_meta, shared_meta
from server.surface.deadlines import CallerTime
from server.surface.own import OwnTool
from server.surface.own_routes import Called, OwnRoutes, Taken
from server.surface.own_settings import OwnSettings
from server.surface.schemas import Validators
from server.surface.sessions import LOCAL, Sessions
from server.surface.shadowing import Shadowing

__all__ = ["Asking", "OwnCalls"]

RETRY_AFTER_S = 2.0
STILL_READING = (
    "The names of accounts and people were still being read when this was asked: if the answer is not about the one you "
    "mean, ask again."
)
NO_DAY_YET = (
    "Sophia does not know yet on which day the data ends, so it cannot tell which days are meant. Ask again in a moment, or "
    "name the days, such as 2017-Q4 or 2017-10-01..2017-12-31."
)
OTHER_DAYS = (date(2001, 2, 3), date(2013, 11, 25))
"""Two days with nothing in common: what is read the same on both does not depend on the day."""
BINDABLE: frozenset[Need] = frozenset({"calls", "warehouse", "messages"})
UNTYPED = frozenset({"request", "session_id"})


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, as far as a decision cares: whose calls stay together, a route asked for, who watches, for how long, and
    whose rights hold."""

    unit: str
    forced: Route | None
    progress: Progress
    time: CallerTime = field(default_factory=CallerTime)
    rights: str = LOCAL


@dataclass(frozen=True, slots=True)
class _Understood:
    """A validated call and what was read from it."""

    request: str
    arguments: Mapping[str, JsonValue]
    intent: str | None
    notes: tuple[str, ...]
    session_id: str
    memory: Memory | None
    as_of: date | None
    waited_ms: float


class OwnCalls:
    """Serves our own tools."""

    def __init__(
        self,
        bridge: Bridge,
        routes: OwnRoutes,
        bound: Bound,
        validators: Validators,
        sessions: Sessions,
        shadowing: Shadowing,
    ) -> None:
        self._shadowing = shadowing
        self._bridge = bridge
        self._routes = routes
        self._bound = bound
        self._validators = validators
        self._sessions = sessions

    def listed(self, now: Generation) -> list[OwnTool]:
        """The tools that policy leaves a route."""
        return [tool for tool in now.own.values() if self.is_listed(tool, now)]

    def is_listed(self, tool: OwnTool, now: Generation) -> bool:
        """Whether policy leaves the tool a route."""
        return bool(allowed(self._routes.facts(tool, now), now.policy))

    def has_two_routes(self, tool: OwnTool, now: Generation) -> bool:
        """Whether a server offers another route of the tool than its agent; a tool of one route has nothing to offer."""
        return tool.name not in now.movable or self._routes.facts(tool, now).downstream is not None

    def unready(self, tool: OwnTool) -> bool:
        """Whether a source is missing that a server may still turn out to offer."""
        return self._bound.missing(frozenset[Need]().union(*(member.needs for member in tool.members)) & BINDABLE)

    async def explain(
        self, tool: OwnTool, arguments: Mapping[str, Any], asking: Asking, now: Generation
    ) -> tuple[Explained, dict[str, Any]]:
        """What would be decided and why, and what was read from the arguments. Raises InvalidArguments."""
        understood = await self._understand(tool, arguments, now.settings)
        routes, call = self._routes, _call(understood, asking)
        spent = routes.spent(tool, asking.rights, now)
        explained = self._bridge.explain(call, routes.facts(tool, now), now.policy, routes.faults(tool, now), spent)
        return explained, {
            "arguments": dict(understood.arguments),
            "intent": understood.intent,
            "notes": understood.notes,
        }

    async def call(
        self, tool: OwnTool, arguments: Mapping[str, Any], asking: Asking, now: Generation
    ) -> t.CallToolResult:
        """The result of a call; every failure is an error result."""
        started = time.perf_counter()
        try:
            with asking.time.waiting():
                understood = await self._understand(tool, arguments, now.settings)
        except SophiaError as error:
            made = self._bridge.refused(tool.name, error)
            return failed(error, served_meta(made.id, made.decision, None))
        routes, spent = self._routes, self._routes.spent(tool, asking.rights, now)
        facts, faults, call = routes.facts(tool, now), routes.faults(tool, now), _call(understood, asking)
        made = self._bridge.decide(call, facts, now.policy, faults, spent)
        called = Called(tool, _job(tool, understood, asking, now.settings), asking.rights, now)
        taken = Taken()
        try:
            turn = routes.turn(called, made.decision.route)
            async with AsyncExitStack() as held:
                with asking.time.waiting():
                    if understood.memory is not None:
                        await held.enter_async_context(understood.memory.lock)
                    await held.enter_async_context(turn)
                runs, deadline_ms = routes.runs(called, taken), now.settings.deadline_ms(tool)
                executed = await self._bridge.execute(made, runs, now.fallback, deadline_ms, asking.time.left_ms())
        except SophiaError as error:
            self._shadowing.served(called, call, made, None)
            return failed(error, served_meta(made.id, made.decision, made.decision.route))
        own_answer = executed.result if executed.route == made.decision.route else None
        self._shadowing.served(called, call, made, own_answer)
        if understood.memory is not None:
            answer = executed.result.answer
            understood.memory.turns.append(Turn(understood.request, understood.arguments, understood.intent, answer))
            self._sessions.used(tool.kind, tool.name, understood.session_id)
        total_ms = (time.perf_counter() - started) * 1000
        result = self._result(called, understood, made, executed, (total_ms, taken.ms))
        meta = served_meta(made.id, made.decision, executed.route, executed.fallback_reason)
        meta |= shared_meta(taken.shares[executed.route])
        show = now.settings.shown(tool)
        return answered(result, meta, markdown=show.markdown, show_tool_calls=show.tool_calls)

    async def _understand(self, tool: OwnTool, arguments: Mapping[str, Any], settings: OwnSettings) -> _Understood:
        given = {name: value for name, value in arguments.items() if value is not None}
        self._validators.check(tool.name, tool.form.input_schema, given, ours=True)
        request = str(given.pop("request", "")).strip()
        named = str(given.pop("session_id", "")).strip()
        session_id, resumed = named or uuid4().hex, bool(named)
        if not request and not given:
            typed = ", ".join(f"`{name}`" for name in tool.form.input_schema["properties"] if name not in UNTYPED)
            raise InvalidArguments(
                f"`{tool.name}` needs a `request` in words, or at least one of {typed}.", delivered=False
            )
        asked = time.perf_counter()
        facts = await self._bound.known.look()
        # Relative periods count back from the last day of the source that the tool asks first.
        need = tool.members[0].tools[0].needs
        if self._day_may_change(need, facts) and _needs_day(tool, request, given, facts):
            facts = await self._bound.known.look_for_day(need)
            if self._day_may_change(need, facts):
                raise Busy(NO_DAY_YET, retry_after_s=RETRY_AFTER_S, delivered=False)
        waited_ms = (time.perf_counter() - asked) * 1000
        as_of = facts.as_of(need)
        today = as_of or datetime.now(UTC).date()
        read = _read(tool, request, given, facts, today)
        if self._bound.sources.calls is not None and facts.days.get("calls") is None:
            # A name that is not known yet would be answered for everybody.
            if any(note.startswith(UNKNOWN_NAME) for note in read.notes):
                raise Busy(
                    "Sophia has just started and is still reading which accounts and people there are. Ask again in a "
                    "moment.",
                    retry_after_s=RETRY_AFTER_S,
                    delivered=False,
                )
            read = replace(read, notes=(*read.notes, STILL_READING))
        read = replace(read, intent=read.intent or settings.typed_intent(tool, given))
        memory = self._sessions.of(tool.kind, tool.name, session_id) if settings.remembers(tool) else None
        last = memory.last if memory else None
        read = followed_up(
            request, read, (last.arguments, last.intent) if last else None, fields=tool.fields, resumed=resumed
        )
        arguments = read.arguments
        if tool.kind == "team" and "period" in arguments:
            arguments = {**_days(_period(str(arguments["period"]), today)), **arguments}
        intent = read.intent if request else read.intent or settings.default_intent(tool)
        return _Understood(request, arguments, intent, read.notes, session_id, memory, as_of, waited_ms)

    def _day_may_change(self, need: Need, facts: Facts) -> bool:
        """Whether the day that periods count back from is not known yet."""
        return facts.may_change(need) or self._bound.may_come(need)

    async def names(self) -> Names:
        """The names that a request may mention, as far as they are known."""
        return (await self._bound.known.look()).names

    def _result(
        self,
        called: Called,
        understood: _Understood,
        made: Made,
        executed: Executed[Answered],
        took: tuple[float, dict[Route, float]],
    ) -> AgentResult:
        answer, (total_ms, spent_ms) = executed.result, took
        tool, job = called.tool, called.job
        on_agno = executed.route == "agno"
        # What needed no day to be read may have been read before it was known; by now the source was asked.
        as_of = understood.as_of or self._bound.known.facts.as_of(tool.members[0].tools[0].needs)
        return AgentResult(
            answer="\n\n".join(
                [*(f"**{note}**" for note in understood.notes if note.startswith(UNKNOWN_NAME)), answer.answer]
            ),
            findings=list(answer.findings),
            citations=list(answer.citations),
            data=dict(answer.data),
            notes=[*understood.notes, *answer.notes],
            partial=answer.partial,
            dropped=Dropped(findings=answer.dropped_findings, sentences=answer.dropped_sentences),
            served_by=ServedBy(
                route=executed.route,
                agent=tool.spec.id,
                members=list(answer.members),
                model=answer.model or None,
                decision_id=made.id,
                fallback_reason=executed.fallback_reason,
            ),
            timing_ms=TimingMs(
                total=round(total_ms, 3),
                bridge=round(total_ms - understood.waited_ms - sum(spent_ms.values()), 3),
                model=round(answer.model_ms, 3),
                downstream=round(
                    understood.waited_ms + (answer.source_ms if on_agno else spent_ms.get("downstream", 0.0)), 3
                ),
            ),
            classification=self._routes.classification(called, executed.route, answer),
            as_of=as_of.isoformat() if as_of else None,
            session_id=job.session_id,
            run_id=job.run_id,
        )


def _read(tool: OwnTool, request: str, given: Mapping[str, Any], facts: Facts, today: date) -> ParsedRequest:
    """What a request says, with its periods counted back from `today`. Raises InvalidArguments."""
    if "period" in given:
        given = {**given, "period": _period(str(given["period"]), today).text}
    return parse_request(
        request,
        given,
        fields=tool.fields,
        intents=tool.intents,
        names=facts.names,
        as_of=today,
        vocabulary=facts.vocabulary,
    )


def _needs_day(tool: OwnTool, request: str, given: Mapping[str, Any], facts: Facts) -> bool:
    """Whether a request is read otherwise on another day."""
    first, second = (_read(tool, request, given, facts, day).arguments for day in OTHER_DAYS)
    return first != second


def _job(tool: OwnTool, understood: _Understood, asking: Asking, settings: OwnSettings) -> Job:
    return Job(
        request=understood.request,
        arguments=understood.arguments,
        intent=understood.intent,
        run_id=uuid4().hex,
        session_id=understood.session_id,
        limits=Limits(settings.deadline_ms(tool), settings.max_model_calls(tool)),
        progress=asking.progress,
        memory=understood.memory,
    )


def _call(understood: _Understood, asking: Asking) -> Call:
    return Call(
        unit=asking.unit,
        arguments=frozenset(understood.arguments),
        intent=understood.intent,
        forced=asking.forced,
    )


def _period(text: str, as_of: date) -> Period:
    period = parse_period(text, as_of)
    if period is None:
        raise InvalidArguments(
            f"`period` {text[:60]!r} is no period. Write `2017-Q4`, `2017-10`, `last quarter`, "
            "`2017-10-01..2017-12-31` or `all`.",
            delivered=False,
        )
    return period


def _days(period: Period) -> dict[str, JsonValue]:
    """The period as some members of a team take it."""
    if period.is_all:
        return {}
    return {"from_date": period.from_date.isoformat(), "to_date": period.to_date.isoformat()}
