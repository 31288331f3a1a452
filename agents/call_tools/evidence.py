"""Sentences as evidence: citations beside the answer, references and quotes inside it.

A citation is one sentence, verbatim and whole. A quote in the text is the same sentence, cut where it is long; what
people said on a call is only ever shown between quotation marks.
"""

import re
from collections.abc import Iterable, Sequence

from agents.analysis.calls.conversation import Conversation, Line
from agents.result import CallCitation, Finding

__all__ = [
    "CALLS_SHOWN",
    "Evidence",
    "clock",
    "headline",
    "more",
    "more_calls",
    "percent",
    "quote",
    "reference",
    "said",
]

CALLS_SHOWN = 6
"""How many calls an answer about several tells one by one."""
_QUOTE_MAX = 180


class Evidence:
    """Collects the findings and the citations of one answer; a sentence cited twice is one citation.

    `summaries` are calls that only a written summary is known of and whose summary is the answer.
    """

    def __init__(self, summaries: Iterable[Conversation] = ()) -> None:
        self._citations: dict[str, CallCitation] = {}
        self._findings: list[Finding] = []
        for talk in summaries:
            self.fact(f"The written summary of {talk.call.title} is all that is known of it", talk, talk.lines)

    @property
    def citations(self) -> tuple[CallCitation, ...]:
        """Everything cited, in the order of first use."""
        return tuple(self._citations.values())

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything found."""
        return tuple(self._findings)

    def cite(self, conversation: Conversation, lines: Iterable[Line]) -> list[str]:
        """Ids of the sentences' citations."""
        ids: list[str] = []
        for line in lines:
            timed = conversation.timed
            id_ = f"call:{conversation.call.id}{f'@{line.anchor}' if timed else f'#{line.number + 1}'}"
            self._citations[id_] = CallCitation(
                id=id_,
                call_id=conversation.call.id,
                call_title=conversation.call.title,
                start_ms=line.start_ms if timed else None,
                end_ms=line.end_ms if timed else None,
                sentence=None if timed else line.number + 1,
                speaker=line.speaker.name,
                quote=line.text,
            )
            ids.append(id_)
        return ids

    def fact(self, statement: str, conversation: Conversation, lines: Iterable[Line]) -> list[str]:
        """What the sentences themselves say."""
        return self._add(
            Finding(statement=statement, kind="fact", citations=self.cite(conversation, lines), confidence=1)
        )

    def metric(self, statement: str, conversation: Conversation, lines: Iterable[Line]) -> list[str]:
        """What was computed; the sentences are where to look."""
        return self._add(
            Finding(statement=statement, kind="metric", citations=self.cite(conversation, lines), confidence=1)
        )

    def metric_over(self, statement: str, places: Iterable[tuple[Conversation, Line]]) -> list[str]:
        """What was computed over several calls; the sentences are where to look."""
        cited = [id_ for conversation, line in places for id_ in self.cite(conversation, [line])]
        return self._add(Finding(statement=statement, kind="metric", citations=cited, confidence=1))

    def candidate(
        self, statement: str, conversation: Conversation, lines: Iterable[Line], confidence: float
    ) -> list[str]:
        """What was inferred."""
        cited = self.cite(conversation, lines)
        return self._add(Finding(statement=statement, kind="candidate", citations=cited, confidence=confidence))

    def _add(self, finding: Finding) -> list[str]:
        self._findings.append(finding)
        return finding.citations


def clock(at_ms: int) -> str:
    """Minutes and seconds from the start of the call."""
    minutes, seconds = divmod(max(0, at_ms) // 1000, 60)
    return f"{minutes:02d}:{seconds:02d}"


def reference(conversation: Conversation, line: Line) -> str:
    """`[03:12 Dana Fox]`; without times `[sentence 41, Dana Fox]`."""
    if conversation.timed:
        return f"[{clock(line.start_ms)} {line.speaker.name}]"
    return f"[sentence {line.number + 1}, {line.speaker.name}]"


def quote(text: str) -> str:
    """A sentence between quotation marks, on one line, cut at a word where it is long."""
    flat = re.sub(r"\s+", " ", text).strip()
    if len(flat) > _QUOTE_MAX:
        flat = flat[:_QUOTE_MAX].rsplit(" ", 1)[0] + " …"
    return f"“{flat}”"


def said(conversation: Conversation, lines: Sequence[Line]) -> str:
    """A reference and the sentences, the first two of them."""
    return f"{reference(conversation, lines[0])} {quote(' '.join(line.text for line in lines[:2]))}"


def percent(share: float) -> str:
    """A share of 1, as whole percent."""
    return f"{share * 100:.0f} %"


def more(total: int, shown: int) -> list[str]:
    """The last line of a list that was cut."""
    return [f"- and {total - shown} more in the data"] if total > shown else []


def more_calls(total: int, shown: int) -> list[str]:
    """The last line of a list of calls that was cut."""
    rest = total - shown
    return (
        [f"And {rest} more call{'s' * (rest > 1)} in the data; name an account, a seller or a period to see them."]
        if rest > 0
        else []
    )


def headline(conversation: Conversation) -> str:
    """One line that tells which call this is."""
    call = conversation.call
    parts = [f"**{call.title}**", call.started.date().isoformat(), f"{call.duration_s / 60:.0f} min"]
    if call.account and call.account not in call.title:
        parts.append(call.account)
    if call.deal_stage:
        parts.append(f"deal now: {call.deal_stage}")
    if call.synthetic and "synthetic" not in call.title.lower():
        parts.append("synthetic")
    return " · ".join([*parts, f"call {call.id}"])
