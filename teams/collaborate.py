"""Collaborate: every member answers, sees the others' answers, and answers again.

Agno has no such mode; it is its broadcast, twice, with the members' answers shared. Whether they agree is not asked of
a model: two findings agree when they rest on a common citation, or state the same. Compared is what can be: findings
about a call that more than one member speaks of. At 0.75 of those it is a consensus; below, it is said that there is
none, and what one member alone found where others looked as well is listed. What only one member looked at is neither.
"""

from collections import defaultdict
from dataclasses import dataclass, replace

from agents.outcome import Answered, Failed, Outcome
from agents.result import CallCitation, Finding
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
    """The findings that can be compared: those of more than one member, and those of one member alone, by its title.

    `elsewhere` counts the findings about what one member alone looked at.
    """

    shared: tuple[Finding, ...]
    alone: tuple[tuple[str, tuple[Finding, ...]], ...]
    elsewhere: int

    @property
    def compared(self) -> int:
        """How many findings could be compared."""
        return len(self.shared) + sum(len(findings) for _, findings in self.alone)

    @property
    def ratio(self) -> float | None:
        """The share of them that is shared; None where there is nothing to compare."""
        return len(self.shared) / self.compared if self.compared else None


def agreement(members: tuple[Member, ...]) -> Agreement:
    """Compare the members' findings by the evidence under them."""
    found = {member.spec.title: collect((member.ledger,)) for member in members}
    about = {
        citation.id: citation.call_id
        for evidence in found.values()
        for citation in evidence.citations
        if isinstance(citation, CallCitation)
    }
    marks: dict[str, set[str]] = defaultdict(set)
    calls: dict[str, set[str]] = defaultdict(set)
    for title, evidence in found.items():
        for finding in evidence.findings:
            for mark in (*finding.citations, finding.statement):
                marks[mark].add(title)
            for mark in finding.citations:
                calls[about.get(mark, mark)].add(title)
    shared: dict[str, Finding] = {}
    alone: list[tuple[str, tuple[Finding, ...]]] = []
    elsewhere = 0
    for title, evidence in found.items():
        own: list[Finding] = []
        for finding in evidence.findings:
            if any(len(marks[mark]) > 1 for mark in (*finding.citations, finding.statement)):
                shared[finding.statement] = finding
            elif any(len(calls[about.get(mark, mark)]) > 1 for mark in finding.citations):
                own.append(finding)
            else:
                elsewhere += 1
        alone.append((title, tuple(own)))
    return Agreement(tuple(shared.values()), tuple(alone), elsewhere)


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
    rest = f" {found.elsewhere} more are about what one member alone looked at." if found.elsewhere else ""
    if ratio is None:
        return f"## Agreement\n\nThe members looked at different things: no finding could be compared.{rest}"
    verdict = "Consensus" if ratio >= CONSENSUS else "No consensus"
    lines = [
        f"{verdict}: of {found.compared} findings that could be compared, {len(found.shared)} stand on the evidence of "
        f"more than one member.{rest}"
    ]
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
