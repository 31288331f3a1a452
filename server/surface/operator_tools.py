"""The operators' tools: `bridge_status`, `bridge_explain`, `bridge_rollout`, `bridge_rollback`.

They are there only where Sophia was started with `--operator`. What they do, the command line does through the same
functions. Nothing is changed without a yes (`confirmations`), and the history names the client.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import mcp_types as t
from anyio import to_thread
from mcp.server.context import ServerRequestContext
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from agents.outcome import silent
from server.bridge.bridge import Bridge
from server.bridge.explain import Explained
from server.consequences import consequences
from server.control import Control
from server.downstream.pool import Pool
from server.errors import InternalError, InvalidArguments, NotFound, RolloutRefused, SophiaError, UnknownTool
from server.generation import NOTHING_SET, Generation
from server.nearest import nearest_hint
from server.operations import By, NoSuchVersion, Operations, Rehearsal, Versions, who_was_first
from server.rollout_steps import Deed, check_other_route, moved, taken_back
from server.standing import Standing, standing, standing_data
from server.state.database import StoreError
from server.state.policies import Conflict, UnreadableVersion, Version
from server.state.store import Store
from server.surface.answers import failed
from server.surface.cards import Cards
from server.surface.confirmations import WAIT_S, Confirmations, asked, can_ask, said_yes, to_be_asked
from server.surface.existing_tools import ExistingTools
from server.surface.operator_forms import OPERATOR_TOOLS
from server.surface.own_calls import Asking, OwnCalls
from server.surface.relay import Relay
from server.surface.schemas import Validators
from server.surface.sessions import LOCAL
from server.surface.units import rights_of
from server.wellformed import printable

__all__ = ["OperatorTools", "explained_call"]

Context = ServerRequestContext[Any, Any]
SHOWN_CLIENT = 60
FORM_WAY, TOKEN_WAY = "form", "token"
COMMAND = re.compile(r"`sophia rollout (start|advance|hold|resume|abort) (\w+)`")
OPTION = re.compile(r"--(accept-insufficient|automatic|why|to)\b")
TOO_OLD = (
    "Nothing was changed: this confirmation is not for this change, was used already, or is older than five minutes. "
    "Call again without `confirm` to see what would be changed now."
)


@dataclass(frozen=True, slots=True)
class OperatorTools:
    """Serves them."""

    control: Control
    store: Store
    pool: Pool
    bridge: Bridge
    calls: OwnCalls
    relay: Relay
    existing: ExistingTools
    cards: Cards
    validators: Validators
    confirmations: Confirmations

    async def call(self, ctx: Context, params: t.CallToolRequestParams) -> t.CallToolResult | t.InputRequiredResult:
        """The result of a call; every failure is an error result."""
        arguments = {name: value for name, value in (params.arguments or {}).items() if value is not None}
        try:
            self.validators.check(params.name, OPERATOR_TOOLS[params.name].input_schema, arguments, ours=True)
            arguments = {name: _plain(value) for name, value in arguments.items()}
            if params.name == "bridge_status":
                return _result(await to_thread.run_sync(self._status))
            if params.name == "bridge_explain":
                return _result(await self._explained(arguments))
            return await self._change(ctx, params, arguments)
        except (SophiaError, Conflict, NoSuchVersion, StoreError) as error:
            return failed(_told(error), {})

    def _status(self) -> Mapping[str, Any]:
        now = self.control.look()
        rollouts = sorted(now.policy.rollouts.items())
        return {
            **self.cards.status(),
            "version": now.policy.version,
            "rollouts": [_rollout(standing(tool, one, now, self.store.tallies)) for tool, one in rollouts],
        }

    async def _explained(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        tool, now = str(arguments["tool"]), self.control.look()
        asking = Asking("explain", None, silent)
        given: dict[str, Any] = arguments.get("arguments") or {}
        found, read = await explained_call(
            tool, given, asking, now, self.calls, self.pool, self.bridge, self.relay, self.existing
        )
        parts = asdict(found)
        return {"tool": tool, **parts.pop("decision"), **parts, "read": read}

    async def _change(
        self, ctx: Context, params: t.CallToolRequestParams, arguments: dict[str, Any]
    ) -> t.CallToolResult | t.InputRequiredResult:
        token, name = arguments.pop("confirm", None), params.name
        do, whose = partial(self._done, name, arguments, _who(ctx)), f"{rights_of(ctx)} {_who(ctx)}"
        if params.request_state is not None:
            seen = self.confirmations.take(params.request_state, FORM_WAY, whose, name, arguments)
            return await self._confirmed(do, seen) if said_yes(params) else self._declined()
        if token is not None:
            return await self._confirmed(do, self.confirmations.take(token, TOKEN_WAY, whose, name, arguments))
        seen = await to_thread.run_sync(self.store.policies.newest_number)
        would = await to_thread.run_sync(do, Rehearsal(self.store.policies), seen)
        if would.number == seen:
            return _changed("unchanged", f"Nothing to change: version {seen} holds already.", would)
        means = await to_thread.run_sync(self._means, seen, would)
        if can_ask(ctx):
            return await self._asked(ctx, params, arguments, do, would, means)
        token = self.confirmations.add(TOKEN_WAY, whose, name, arguments, seen)
        said = f"Nothing is changed yet. Repeat the call with confirm={token} within five minutes to have it done."
        return _changed("confirm", said, would, means=means, number=seen, confirm=token)

    async def _asked(
        self,
        ctx: Context,
        params: t.CallToolRequestParams,
        arguments: dict[str, Any],
        do: "partial[Version]",
        would: Version,
        means: Sequence[str],
    ) -> t.CallToolResult | t.InputRequiredResult:
        seen = would.number - 1
        changes = "; ".join(would.difference)
        question = " ".join([f"Change this, from the next call of every process on? {changes}.", *means])
        if ctx.protocol_version in MODERN_PROTOCOL_VERSIONS:
            whose = f"{rights_of(ctx)} {_who(ctx)}"
            return to_be_asked(question, self.confirmations.add(FORM_WAY, whose, params.name, arguments, seen))
        return await self._confirmed(do, seen) if await asked(ctx, question) else self._declined()

    async def _confirmed(self, do: "partial[Version]", seen: int | None) -> t.CallToolResult:
        if seen is None:
            return failed(RolloutRefused(TOO_OLD), {})
        version = await to_thread.run_sync(do, self.store.policies, seen)
        said = f"Version {version.number} holds from the next call on."
        if self.control.look().behind:
            said += (
                " In this process that is its rollouts and its switches: its configuration cannot be loaded, the log says "
                "why. Mend it, and run `sophia config reload`."
            )
        means = await to_thread.run_sync(self._means, seen, version)
        return _changed("done", said, version, means=means)

    def _means(self, seen: int, after: Version) -> list[str]:
        try:
            before = self.store.policies.version(seen) or NOTHING_SET
            return [in_arguments(line) for line in consequences(before, after, self.control.look())]
        except UnreadableVersion:
            return []

    def _done(self, name: str, arguments: Mapping[str, Any], who: str, versions: Versions, seen: int) -> Version:
        now, operations = self.control.look(), Operations(versions)
        by = By(who, str(arguments.get("why", "")), seen)
        if name == "bridge_rollout":
            if arguments["step"] == "start" and (own := now.own.get(arguments["tool"])) is not None:
                known = all(connection.offer for connection in self.pool.connections.values())
                check_other_route(own.name, bound=not known or self.calls.has_two_routes(own, now))
            asked_for = {key: value for key, value in arguments.items() if key != "step"}
            return moved(operations, Deed(arguments["step"], **asked_for), now, self.store.tallies, by)
        tool, number = arguments.get("tool"), arguments.get("to_version")
        everything, accepted = bool(arguments.get("all")), bool(arguments.get("accept_insufficient"))
        if tool is not None and everything:
            raise InvalidArguments("Give `tool` or `all`, not both.", delivered=False)
        if tool is None and not everything and number is None:
            raise InvalidArguments("Give a `tool`, or `all: true`, or a version in `to_version`.", delivered=False)
        return taken_back(operations, lambda: now, by, tool, number, accept_insufficient=accepted)

    def _declined(self) -> t.CallToolResult:
        policy = self.control.look().policy.version
        return _changed("declined", "Nothing was changed: it was not confirmed.", NOTHING_SET, number=policy)


async def explained_call(
    tool: str,
    arguments: dict[str, Any],
    asking: Asking,
    now: Generation,
    calls: OwnCalls,
    pool: Pool,
    bridge: Bridge,
    relay: Relay,
    existing: ExistingTools,
) -> tuple[Explained, dict[str, Any]]:
    """What would be decided about a call of any published tool, and what was read of it. Raises SophiaError."""
    own = now.own.get(tool)
    if own is not None:
        return await calls.explain(own, arguments, asking, now)
    target = pool.tool(tool)
    if target is None:
        hint = nearest_hint(tool, [*now.own, *pool.tables.tool_forms])
        raise UnknownTool(f"There is no tool `{tool[:100]}`.{hint} `sophia tools` lists them.")
    if tool in now.existing and now.existing[tool].is_at(target[1]):
        return existing.explain(target, arguments, asking, now)
    spent = relay.spent(target[1], LOCAL, now)
    decision = bridge.decide_proxied(tool, target[1].server, now.policy, spent).decision
    return Explained(decision, now.policy.version, decision.reasons), {"arguments": arguments}


def in_arguments(said: str) -> str:
    """What is said of the command line, in the words of these tools."""
    said = COMMAND.sub(r"`bridge_rollout` with step `\1` for `\2`", said)
    return OPTION.sub(lambda option: f"`{option[1].replace('-', '_')}`", said)


def _rollout(one: Standing) -> Mapping[str, Any]:
    found = standing_data(one)
    return {**found, "next": in_arguments(found["next"])}


def _told(error: SophiaError | Conflict | NoSuchVersion | StoreError) -> SophiaError:
    """The failure as a client is told of it."""
    match error:
        case RolloutRefused():
            return RolloutRefused(in_arguments(error.message), delivered=False)
        case SophiaError():
            return error
        case Conflict():
            return RolloutRefused(who_was_first(error, "bridge_status"))
        case NoSuchVersion():
            return NotFound(str(error))
        case StoreError():
            return InternalError(
                "The state store cannot be used now. `sophia doctor` says why; then repeat the call."
            )


def _plain(value: Any) -> Any:
    """A value as the schemas mean it, to which 5.0 is the whole number 5, and as a terminal may show it."""
    return int(value) if isinstance(value, float) else printable(value) if isinstance(value, str) else value


def _who(ctx: Context) -> str:
    """The client as the history names it: by the name that it gave."""
    said = ctx.session.client_params
    name = "".join(letter for letter in (said.client_info.name if said else "") if letter.isprintable()).strip()
    return f"{name[:SHOWN_CLIENT] or 'an MCP client'} (operator tool)"


def _changed(
    status: str,
    said: str,
    version: Version,
    *,
    means: Sequence[str] = (),
    number: int | None = None,
    confirm: str | None = None,
) -> t.CallToolResult:
    difference = [] if status == "unchanged" else list(version.difference)
    content = {
        "status": status,
        "said": said,
        "version": version.number if number is None else number,
        "difference": difference,
        "means": list(means),
        "confirm": confirm,
        "expires_in_s": WAIT_S if confirm else None,
    }
    lines = "\n".join(f"- {line}" for line in [*difference, *means])
    return t.CallToolResult(content=[t.TextContent(text=f"{said}\n{lines}".rstrip())], structured_content=content)


def _result(content: Mapping[str, Any]) -> t.CallToolResult:
    text = json.dumps(content, ensure_ascii=False, default=str)
    return t.CallToolResult(content=[t.TextContent(text=text)], structured_content=json.loads(text))
