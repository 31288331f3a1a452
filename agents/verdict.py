"""What became of a run: the one place where Agno's outputs and the ledger turn into our `Outcome`.

Agno raises nothing. A run that failed has a status that is not COMPLETED and the exception's text as its content; a
team whose member crashed says COMPLETED. So nothing is taken from Agno but a status and, of a completed run, its
prose. Data, findings, citations and notes come from the ledger, and the prose keeps only the sentences whose figures
the evidence carries.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import JsonValue

from agents.ledger import Broke, Heard, Ledger, Observed, SourceFailed
from agents.models.faults import Fault
from agents.models.meter import Meter
from agents.outcome import UNSURE, Answered, Failed, Job, Outcome
from agents.result import Citation, Finding
from agents.spec import AgentSpec

__all__ = [
    "NO_PROSE",
    "REMOVED",
    "Ended",
    "Evidence",
    "broken",
    "carried",
    "checked",
    "collect",
    "ended",
    "faulted",
    "judge",
    "late",
    "over_limit",
    "payloads",
    "said",
    "sourceless",
]

NO_TOOL = "No source was asked for this answer, so it holds no figures."
NO_PROSE = "The model wrote no answer that the evidence carries; this is what the tools found."
REMOVED = "Sentences whose figures the evidence does not carry were removed from the answer."


@dataclass(frozen=True, slots=True)
class Ended:
    """How an Agno run ended: its status and the prose of its last message; `fault` is what its model died of."""

    status: str
    prose: str | None
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What ledgers hold for a result: complete, each thing once, in the order of the plan."""

    findings: tuple[Finding, ...]
    citations: tuple[Citation, ...]
    notes: tuple[str, ...]
    dropped: int


def ended(output: Any, meter: Meter) -> Ended:
    """What counts of Agno's output (`RunOutput` or `TeamRunOutput`)."""
    status = getattr(output.status, "value", str(output.status))
    return Ended(status, prose(output) if status == "COMPLETED" else None, meter.faults.get(output.run_id or ""))


def faulted(fault: Fault, *, wrote: bool) -> Failed:
    """The failure of a run whose model failed."""
    kind = "model_down" if fault.passing else "model"
    return Failed(kind, fault.message, wrote, retry_after_s=fault.retry_after_s)


def prose(output: Any) -> str | None:
    """The last words of the model; Agno's content puts everything it said on the way before them."""
    last: Any = next(iter(reversed(output.messages or [])), None)
    content: object = output.content
    if last is not None and last.role == "assistant" and not last.tool_calls:
        content = last.content
    return content.strip() or None if isinstance(content, str) else None


def judge(spec: AgentSpec, end: Ended, ledger: Ledger, job: Job, model: str) -> Outcome:
    """The outcome of one agent's run, its prose as the model wrote it; `checked` looks at the prose."""
    if end.status == "PAUSED":
        return Failed("internal", f"{spec.title} stopped to wait for a person. Ask without that step.", ledger.wrote)
    if end.fault is not None and end.status != "COMPLETED":
        return faulted(end.fault, wrote=ledger.wrote)
    if end.status != "COMPLETED":
        return broken(spec.title, ledger.wrote)
    if not ledger.observed and not ledger.heard and (failed := unanswered(ledger)) is not None:
        return failed
    found = collect(ledgers=(ledger,))
    answer, notes = end.prose, list(found.notes)
    if not ledger.entries:
        notes.append(NO_TOOL)
    if answer is None:
        answer = "\n\n".join(said(ledger)) or NO_PROSE
        notes.append(NO_PROSE)
    failures = [failure.message for failure in ledger.failures]
    return Answered(
        answer=answer,
        model=model,
        findings=found.findings,
        citations=found.citations,
        data=payloads(ledger),
        notes=tuple(dict.fromkeys([*notes, *failures])),
        partial=bool(failures) or end.prose is None or not ledger.entries,
        dropped_findings=found.dropped,
        wrote=ledger.wrote,
    )


def unanswered(ledger: Ledger) -> Failed | None:
    """The failure of an agent whose tools all failed; parameters that do not fit are an answer, not a failure."""
    failures = ledger.failures
    sources = [failure for failure in failures if isinstance(failure, SourceFailed)]
    if sources:
        kinds = {failure.kind for failure in sources}
        kind = "source_down" if "unavailable" in kinds else "not_found" if kinds == {"not_found"} else "source"
        return Failed(kind, " ".join(dict.fromkeys(failure.message for failure in sources)), ledger.wrote)
    broken = [failure.message for failure in failures if isinstance(failure, Broke)]
    return Failed("internal", " ".join(dict.fromkeys(broken)), ledger.wrote) if broken else None


def checked(answered: Answered, evidence: Iterable[str], job: Job, fallback: Sequence[str]) -> Answered:
    """The same answer without the sentences that `carried` drops; `fallback` is said where nothing is left."""
    text, dropped = carried(answered.answer, evidence, job)
    if not dropped:
        return answered
    return replace(
        answered,
        answer=text or "\n\n".join(fallback) or NO_PROSE,
        dropped_sentences=answered.dropped_sentences + dropped,
        notes=tuple(dict.fromkeys([*answered.notes, REMOVED if text else NO_PROSE])),
        partial=answered.partial or not text,
    )


def carried(text: str, evidence: Iterable[str], job: Job) -> tuple[str, int]:
    """A text without the sentences whose figures stand neither in the evidence nor in what was asked, and how many."""
    from agents.analysis.figures import check

    asked = f"{job.request}\n{json.dumps(dict(job.arguments), ensure_ascii=False)}"
    # What was answered earlier in the session was held against its own evidence then.
    earlier = [turn.answer for turn in job.memory.turns] if job.memory else []
    kept = check(text, (*evidence, *earlier), asked)
    return kept.text.strip(), kept.dropped


def collect(ledgers: Iterable[Ledger]) -> Evidence:
    """Findings, citations and notes of ledgers; a finding that does not resolve in full is dropped and counted."""
    seen = [entry.observation for ledger in ledgers for entry in ledger.observed]
    citations: dict[str, Citation] = {}
    for citation in (citation for one in seen for citation in one.citations):
        citations.setdefault(citation.id, citation)
    findings: dict[str, Finding] = {}
    dropped: set[str] = set()
    for finding in (finding for one in seen for finding in one.findings):
        if finding.citations and citations.keys() >= set(finding.citations):
            findings.setdefault(finding.statement, finding)
        else:
            dropped.add(finding.statement)
    notes = dict.fromkeys(note for one in seen for note in one.notes)
    return Evidence(tuple(findings.values()), tuple(citations.values()), tuple(notes), len(dropped - findings.keys()))


def payloads(ledger: Ledger) -> Mapping[str, JsonValue]:
    """What the tools gave, by tool, a list each."""
    data: dict[str, list[JsonValue]] = {}
    for entry in ledger.entries:
        match entry:
            case Observed(tool=tool, payload=payload):
                data.setdefault(tool, []).append(payload)
            case Heard(tool=tool, reply=reply):
                data.setdefault(tool, []).append(parsed(reply))
            case _:
                pass
    return dict(data)


def parsed(reply: str) -> JsonValue:
    try:
        return json.loads(reply)
    except ValueError:
        return reply


def said(ledger: Ledger) -> list[str]:
    """The texts of the tools, for want of a model's prose."""
    texts = [entry.observation.text for entry in ledger.observed] + [entry.reply for entry in ledger.heard]
    return list(dict.fromkeys([*texts, *(failure.message for failure in ledger.failures)]))


def broken(title: str, wrote: bool) -> Failed:
    return Failed("internal", f"{title} failed unexpectedly. The server's log says more.", wrote)


def late(title: str, job: Job, wrote: bool) -> Failed:
    seconds = job.limits.deadline_ms / 1000
    what = UNSURE if wrote else "Ask for less at a time, or allow more time."
    return Failed("deadline", f"{title} did not finish within {seconds:g} s. {what}", wrote)


def over_limit(title: str, job: Job, wrote: bool) -> Failed:
    calls = job.limits.max_model_calls
    return Failed(
        "limit", f"{title} asked its model {calls} times without finishing, which is the limit. Ask for less.", wrote
    )


def sourceless(spec: AgentSpec) -> Failed:
    """The failure of an agent none of whose sources is configured."""
    needs = ", ".join(sorted(spec.needs))
    return Failed("source", f"{spec.title} has nothing to ask: no configured server offers {needs}.")
