"""What an operator does to the policy. Each deed reads the newest version, makes the next one of it, and appends that
in one transaction, or is refused and changes nothing. When it returns, the next call of every process is under it.

Two operators at once: one wins, the other is told who was first (`Conflict`). A deed that would change nothing appends
nothing and gives the version that holds.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, Protocol

from server.bridge.policy import Rollout
from server.bridge.rollout import roll_back
from server.config.configuration import Configuration
from server.config.noted import noted_files
from server.config.rendering import shown_values, spelled
from server.generation import NOTHING_SET, last_readable, rollouts_of
from server.state.policies import Conflict, NewVersion, UnreadableVersion, Version

__all__ = [
    "By",
    "NoSuchVersion",
    "Operations",
    "Rehearsal",
    "Versions",
    "What",
    "rolled_back",
    "rollout_said",
    "who_was_first",
]

What = Literal["config", "reload", "set", "rollout", "rollback", "gate"]
"""The kinds of changes."""

Step = Callable[[Rollout | None, float], Rollout | None]
"""One step of a rollout: what it is after, at a time in seconds since 1970; None where it has ended. Raises where it
makes no sense."""

Restored = Callable[[str, Rollout | None, Rollout], Rollout]
"""What a tool's rollout becomes when an earlier one is brought back: the tool, what it is now, what it was then. Raises
where it may not come back like this."""


TRIES = 20
"""How often a deed that takes calls back is begun anew because another change came first."""


class NoSuchVersion(Exception):
    """A version that was asked for does not exist; the message says which ones there are."""


@dataclass(frozen=True, slots=True)
class By:
    """Who does it and why; both stay in the history. `seen` is the version that it was decided on, where one was."""

    who: str
    why: str
    seen: int | None = None


class Versions(Protocol):
    """What the deeds need of the store."""

    def latest(self) -> Version | None:
        """The newest version."""
        ...

    def version(self, number: int) -> Version | None:
        """A version by its number."""
        ...

    def append(self, expected: int, new: NewVersion) -> Version:
        """Append a version to the one numbered `expected`. Raises Conflict."""
        ...


class Rehearsal:
    """Versions to see on what a deed would come to: what is appended is given back and kept nowhere."""

    def __init__(self, versions: Versions) -> None:
        self.latest = versions.latest
        self.version = versions.version

    @staticmethod
    def append(expected: int, new: NewVersion) -> Version:
        """The version as it would be."""
        known = {each.name: getattr(new, each.name) for each in fields(NewVersion)}
        return Version(number=expected + 1, at=0.0, **known)


class Operations:
    """The deeds. Every one raises Conflict or StoreError, and whatever the step raises."""

    def __init__(self, policies: Versions, now: Callable[[], float] = time.time) -> None:
        self._policies = policies
        self._now = now

    def move(self, tools: Iterable[str], step: Step, by: By, what: What) -> Version:
        """Take the same step in the rollout of each tool, all of them in one version."""
        newest = self._newest(by)
        before = rollouts_of(newest)
        after = before | {tool: step(before.get(tool), self._now()) for tool in sorted(tools)}
        return self._append(newest, by, what, rollouts={tool: one for tool, one in after.items() if one is not None})

    def take_back(self, tools: Iterable[str], step: Step, by: By) -> Version:
        """Take a step that only ever takes calls back from an agent: whatever else is changed meanwhile, it is done.

        It needs no more of the newest version than its number: where that version cannot be read, what every process
        keeps, the last that could be, is what it is done to.
        """
        chosen = sorted(tools)
        for left in reversed(range(TRIES)):
            newest = self._readable()
            before = rollouts_of(newest)
            after = {**before, **{tool: step(before.get(tool), self._now()) for tool in chosen}}
            try:
                return self._append(
                    newest, by, "rollback", rollouts={t: one for t, one in after.items() if one is not None}
                )
            except Conflict:
                if not left:
                    raise
        raise AssertionError("the last try is made or raises")  # pragma: no cover

    def under_rollout(self) -> frozenset[str]:
        """The tools about which anything was set, rolled back ones included."""
        return frozenset(rollouts_of(self._readable()))

    def restore(self, number: int, by: By, restored: Restored, tools: Iterable[str] | None = None) -> Version:
        """Bring back what held in an earlier version: the rollouts of these tools, or without them everything that was set.

        Raises NoSuchVersion.
        """
        newest = self._newest(by, self._readable() if tools is None else None)
        earlier = self._policies.version(number) if number else NOTHING_SET
        if earlier is None:
            raise NoSuchVersion(
                f"There is no version {number}; the newest is {newest.number}, and 0 is before anything was set."
            )
        before, earlier_ones = rollouts_of(newest), rollouts_of(earlier)
        chosen = {*before, *earlier_ones} if tools is None else frozenset(tools)
        kept = {tool: one for tool, one in before.items() if tool not in chosen}
        then = {tool: restored(tool, before.get(tool), one) for tool, one in earlier_ones.items() if tool in chosen}
        settings = earlier.settings if tools is None else None
        return self._append(newest, by, "rollback", settings=settings, rollouts=kept | then)

    def set(self, settings: Mapping[str, Any], by: By) -> Version:
        """Have these keys of the configuration set, and no others. The caller has checked that they load."""
        return self._append(self._newest(by), by, "set", settings=settings)

    def reload(self, configuration: Configuration, by: By) -> Version:
        """Have every process read its files again. `configuration` is what they hold now."""
        newest = self._newest(by)
        again = newest.config.get("reload", 0) + 1
        return self._append(newest, by, "reload", config={**_noted(configuration), "reload": again})

    def begun(self, configuration: Configuration, by: By) -> Version:
        """Note that a process serves with this configuration, where it is not the one that was noted last."""
        newest = self._newest(by)
        noted = _noted(configuration)
        if all(newest.config.get(name) == noted[name] for name in ("digest", "files")):
            return newest
        again = newest.config.get("reload", 0)
        return self._append(newest, by, "config", config={**noted, "reload": again})

    def _newest(self, by: By, newest: Version | None = None) -> Version:
        """What the deed is done to. Looked at before the deed: whoever was overtaken is told so, not what no longer fits."""
        if newest is None:
            newest = self._policies.latest() or NOTHING_SET
        if by.seen is not None and by.seen != newest.number:
            raise Conflict(newest)
        return newest

    def _readable(self) -> Version:
        """The newest version, or under its number the last one that can be read."""
        try:
            newest = self._policies.latest() or NOTHING_SET
            rollouts_of(newest)
        except UnreadableVersion as error:
            return replace(last_readable(self._policies, error.number), number=error.number)
        return newest

    def _append(
        self,
        newest: Version,
        by: By,
        what: What,
        *,
        settings: Mapping[str, Any] | None = None,
        rollouts: Mapping[str, Rollout] | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> Version:
        had = rollouts_of(newest)
        set_ = newest.settings if settings is None else settings
        moved = had if rollouts is None else rollouts
        lines = [*_set_lines(newest.settings, set_), *_rollout_lines(had, moved)]
        if config is not None and newest.config:
            lines += _set_lines(newest.config.get("values", {}), config.get("values", {}))
        if not lines and config is None:
            return newest
        return self._policies.append(
            newest.number,
            NewVersion(
                who=by.who,
                why=by.why,
                what=what,
                settings=set_,
                rollouts={tool: one.to_json() for tool, one in moved.items()},
                difference=tuple(lines),
                config=newest.config if config is None else config,
            ),
        )


def who_was_first(conflict: Conflict, look: str) -> str:
    """What is said to whoever came second; `look` is where to look at what holds now."""
    newest = conflict.newest
    if newest is None:
        return "Nothing was changed: the policy was changed by somebody else meanwhile. Look again, and repeat."
    done = "; ".join(newest.difference) or newest.what
    return (
        f"Nothing was changed: {newest.who} was first with version {newest.number} ({done}). "
        f"Look at `{look}`, and repeat what you still want."
    )


def rolled_back(why: str) -> Step:
    """The step that takes the agent out, from anywhere: also for a tool that nothing was set about."""

    def step(current: Rollout | None, now: float) -> Rollout:
        why_ = why or "rolled back by hand"
        if current is None:
            return Rollout(0, secrets.token_hex(4), "rolled_back", now, now, why=why_)
        return current if current.state == "rolled_back" else roll_back(current, why_, now)

    return step


def _noted(configuration: Configuration) -> dict[str, Any]:
    """What is kept of a configuration, so that the next one can be told apart from it. No secret is in it."""
    values = {line.path: line.value for line in shown_values(configuration)}
    return {"digest": configuration.digest, "values": values, "files": noted_files(configuration)}


def _set_lines(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[str]:
    for key in sorted({*before, *after}):
        if key not in after:
            yield f"{key}: no longer set (was {spelled(before[key])})"
        elif key not in before or before[key] != after[key]:
            yield (
                f"{key}: {spelled(before[key])} -> {spelled(after[key])}"
                if key in before
                else f"{key}: set to {spelled(after[key])}"
            )


def _rollout_lines(before: Mapping[str, Rollout], after: Mapping[str, Rollout]) -> Iterable[str]:
    for tool in sorted({*before, *after}):
        old, new = before.get(tool), after.get(tool)
        if old != new:
            yield f"{tool}: {rollout_said(old)} -> {rollout_said(new)}"


def rollout_said(rollout: Rollout | None) -> str:
    """Where a rollout stands, in a few words."""
    if rollout is None:
        return "no rollout"
    automatic = ", advances by itself" if rollout.automatic and rollout.state != "rolled_back" else ""
    return f"{rollout.share} % {rollout.state.replace('_', ' ')}{automatic}"
