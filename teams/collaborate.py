"""Collaborate: every member answers, sees the others' answers, and answers again.

Agno has no such mode; it is its broadcast, twice, with the members' answers shared. Whether they agree is not asked of
a model: two findings agree when they rest on a common citation, or state the same. At 0.75 of the findings it is a
consensus; below, it is said that there is none, and what stands on one member's evidence alone is listed.
"""

from collections import defaultdict
from dataclasses import dataclass, replace

from agents.outcome import Answered, Failed, Outcome
from agents.result import Finding
from agents.verdict import collect
from teams.together import combine
from teams.way import Member, Together, Way

__all__ = ["CONSENSUS", "WAY", "Agreement", "agreement"]

CONSENSUS = 0.75
"""The share of findings that must stand on the evidence of more than one member (DESIGN, agents and teams)."""
LISTED = 3
"""How many of a member's own findings are listed; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Which findings more than one member has evidence for, and which one member alone, by its title."""

    shared: tuple[Finding, ...]
    alone: tuple[tuple[str, tuple[Finding, ...]], ...]

    @property
    def ratio(self) -> float | None:
        """The share of the findings that is shared; None where there are no findings to compare."""
        everything = len(self.shared) + sum(len(findings) for _, findings in self.alone)
        return len(self.shared) / everything if everything else None


def agreement(members: tuple[Member, ...]) -> Agreement:
    """Compare the members' findings by the evidence under them."""
    found = {member.spec.title: collect((member.ledger,)).findings for member in members}
    holders: dict[str, set[str]] = defaultdict(set)
    for title, findings in found.items():
        for finding in findings:
            for mark in (*finding.citations, finding.statement):
                holders[mark].add(title)
    shared: dict[str, Finding] = {}
    alone: list[tuple[str, tuple[Finding, ...]]] = []
    for title, findings in found.items():
        common = [one for one in findings if any(len(holders[mark]) > 1 for mark in (*one.citations, one.statement))]
        shared |= {one.statement: one for one in common}
        alone.append((title, tuple(one for one in findings if one not in common)))
    return Agreement(tuple(shared.values()), tuple(alone))


def settle(run: Together) -> Outcome:
    """The leader's prose, and under it what the evidence says about agreement."""
    outcome = combine(run)
    answering = tuple(member for member in run.members if isinstance(member.outcome, Answered))
    if isinstance(outcome, Failed) or len(answering) < 2:
        return outcome
    return replace(outcome, answer=f"{outcome.answer}\n\n{written(agreement(answering))}")


def written(found: Agreement) -> str:
    """The agreement in words."""
    ratio = found.ratio
    if ratio is None:
        return "## Agreement\n\nThe members brought no findings that could be compared."
    total = len(found.shared) + sum(len(findings) for _, findings in found.alone)
    verdict = "Consensus" if ratio >= CONSENSUS else "No consensus"
    lines = [f"{verdict}: {len(found.shared)} of {total} findings stand on the evidence of more than one member."]
    lines += [f"- Shared: {finding.statement}" for finding in found.shared[:LISTED]]
    if ratio < CONSENSUS:
        for title, findings in found.alone:
            lines += [f"- Only {title}: {finding.statement}" for finding in findings[:LISTED]]
            more = len(findings) - LISTED
            lines += [f"- Only {title}: {more} more in the findings"] if more > 0 else []
    return "## Agreement\n\n" + "\n".join([lines[0], "", *lines[1:]]).rstrip()


WAY = Way(
    name="collaborate",
    mode="broadcast",
    instructions=(
        "Call `delegate_task_to_members` exactly twice, whatever is said elsewhere. First with the request as it is. Then "
        "with the request again, preceded by: read what the others answered, then answer again; keep what your evidence "
        "carries, take back what it does not.",
        "Then write where the members agree and where they differ. Never claim an agreement that their evidence does not "
        "show.",
    ),
    settle=settle,
    shares=True,
)
