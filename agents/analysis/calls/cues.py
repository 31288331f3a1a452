"""The words that point at a moment worth reading, as data.

Every list is a starter list written for this project out of common sales training vocabulary; none has been
validated on labelled sales calls, for no openly licensed ones exist. That is why whatever they find is a candidate
with a quote and a confidence, and never a fact. `strong` cues are enough by themselves; a `topic` cue counts only
beside a word of worry.
"""

import re
from dataclasses import dataclass
from typing import Literal

from agents.analysis.calls.word_index import Cue, cue

__all__ = [
    "ACKNOWLEDGES",
    "ACTION_VERBS",
    "AGREES",
    "FIGURE",
    "NO_WORRY",
    "OBJECTION_CUES",
    "RELIEF",
    "SOURCE",
    "WORRY",
    "ObjectionCue",
    "ObjectionType",
]

SOURCE = "starter cue lists of this project, 2026-11; not validated on labelled sales calls"

ObjectionType = Literal[
    "price", "timing", "authority", "need", "competitor", "security", "integration", "status quo", "trust"
]


def _words(*alternatives: str) -> Cue:
    return cue(r"\b(?:" + "|".join(alternatives) + r")\b")


@dataclass(frozen=True, slots=True)
class ObjectionCue:
    """What customers say when they object in one way.

    `strong` is enough by itself, `topic` counts beside a word of worry, `vague` where the topic was just spoken of.
    """

    type: ObjectionType
    strong: Cue
    topic: Cue | None = None
    vague: Cue | None = None

    @property
    def patterns(self) -> tuple[Cue, ...]:
        """All there are."""
        return tuple(it for it in (self.strong, self.topic, self.vague) if it is not None)


_DEGREE = r"(?:(?:a bit|a little|quite|very|too|really|way|much|pretty|still|rather|kind of|a lot) )*"

OBJECTION_CUES: tuple[ObjectionCue, ...] = (
    ObjectionCue(
        "competitor",
        _words(
            r"(?:also|currently|already) (?:looking at|talking (?:to|with)|evaluating|considering|speaking (?:to|with))",
            r"(?:another|a different|the other|other|competing) (?:vendors?|suppliers?|providers?|quotes?|offers?|bids?)",
            r"(?:quote|offer|proposal|bid) from (?!you\b|us\b)",
            r"compared? (?:it |this |that |you )?(?:to|with|against) (?!last\b|what we\b|today\b|now\b)",
            r"(?:your|a) competitors?",
            r"shortlist",
            r"(?:came|come|coming) in (?:lower|cheaper|under)",
        ),
    ),
    ObjectionCue(
        "price",
        _words(
            r"(?:too|so|pretty|quite|very|really) (?:expensive|pricey|costly|steep)",
            r"(?:price|cost|number|quote|figure|total)(?:'s| is| was| looks| seems| feels| came in| comes in) "
            + _DEGREE
            + r"(?:high|higher|steep|over budget|more than)",
            r"over (?:our |the |my )?budget",
            r"(?:not|isn't|wasn't|nothing) (?:in|within) (?:our |the |my |this year's )?budget",
            r"(?:don't|doesn't|didn't) have (?:the |a |any )?(?:budget|money)",
            r"budget (?:is|was|got|has been|'s) (?:tight|frozen|cut|gone|spent|capped|limited)",
            r"can(?:'t|not) (?:afford|justify|spend)",
            r"cheaper",
            r"(?:costs?|cost us|asking|charging) (?:too much|a lot)",
            r"(?:higher|more) than (?:we|i)(?: had)? budgeted",
            r"sticker shock",
            r"why (?:we|i|they|you)(?:'d| should| would| have to)? (?:pay|charge|spend|are paying)",
            r"pay(?:ing)? (?:\w+ ){0,3}(?:more|extra)",
            r"(?:too|that) much money",
            r"hard to (?:justify|swallow|sell internally)",
            r"(?:better|best|lower|sharper|sharpen|reduce|move on|do better on|come down on) (?:the |your |that )?pric\w+",
        ),
        _words(r"discounts?", r"price point", r"pricing", r"price", r"budget", r"costs?", r"roi", r"payback"),
        _words(
            r"(?:it|that|this)(?:'s| is| looks| seems| feels| was) " + _DEGREE + r"(?:high|higher|steep)",
            r"(?:higher|more) than (?:we|i)(?: had)? (?:in my head|expected|planned|wanted|thought|hoped)",
            r"(?:higher|more) than (?:we|i) had\b.{0,20}",
            r"still (?:\w+ ){1,4}(?:dollars|over|more)",
        ),
    ),
    ObjectionCue(
        "timing",
        _words(
            r"not (?:right )?now",
            r"not this (?:year|quarter|month)",
            r"(?:bad|wrong|not the right|not a good|not a great) (?:time|timing|moment)",
            r"too (?:early|soon)",
            r"(?:revisit|pick (?:this|it) (?:back )?up|circle back on|come back to) (?:this|it|in|next|after|later)",
            r"hold off",
            r"on hold",
            r"(?:spending|hiring|change|budget|it|code) freeze",
            r"not a priority",
            r"(?:wait|push|postpone|delay|defer)\b.{0,40}\b(?:next (?:year|quarter|month)|until|till|january|q[1-4])",
            r"can(?:'t|not) (?:start|do (?:this|that|it|anything)|move|commit|begin) (?:before|until|this)",
            r"(?:new|next) (?:fiscal|financial|budget) year",
            r"(?:stopped|paused|frozen|shelved|postponed|pushed)\b.{0,50}\b(?:until|till|to next|projects?)",
        ),
        _words(r"next (?:quarter|year)", r"timelines?", r"deadlines?", r"lead times?", r"rollout", r"roll[- ]?out"),
    ),
    ObjectionCue(
        "authority",
        _words(
            r"(?:not|isn't) (?:just |only |really |entirely )?(?:my|up to me|mine) ?(?:call|decision|to decide|to make)?",
            r"(?:need|needs|have|has|got|would have) to (?:check|clear|run|discuss|take|get|go|bring|sell)\b.{0,30}\b"
            r"(?:by|with|past|to|from|through) (?:my (?:boss|manager|director|team)|our (?:cfo|ceo|board|legal|procurement|finance)"
            r"|the (?:cfo|ceo|board|committee)|procurement|legal|finance)",
            r"(?:boss|cfo|ceo|coo|cio|cto|board|procurement|legal|finance|director|committee|vp) "
            r"(?:has|have|needs?|will (?:have|need|want)|would (?:have|need)) to",
            r"i can(?:'t|not) (?:sign|approve|decide|commit)",
            r"above my (?:pay|level)",
            r"(?:has|have|needs?) to sign off",
            r"(?:has|have|needs?) to approve",
            r"don't have (?:the )?(?:authority|signing)",
        ),
        _words(r"cfo", r"procurement", r"board", r"sign[- ]?off", r"approval"),
    ),
    ObjectionCue(
        "security",
        _words(
            r"security (?:review|questionnaire|team|people|concerns?|requirements?|audit)",
            r"infosec",
            r"soc ?2",
            r"gdpr",
            r"dpa",
            r"redlines?",
            r"pen(?:etration)? test\w*",
            r"data (?:residency|protection|privacy)",
        ),
        _words(
            r"security",
            r"compliance",
            r"audit\w*",
            r"privacy",
            r"encrypt\w+",
            r"legal",
            r"clauses?",
            r"contracts?",
            r"liability",
            r"renews?",
            r"renewal",
            r"remote (?:access|connection)",
        ),
    ),
    ObjectionCue(
        "integration",
        _words(
            r"(?:doesn't|does not|don't|won't|wouldn't|can't|cannot) "
            r"(?:support|integrate|work with|talk to|connect|plug into|sync)",
            r"(?:in|not )compatible",
            r"rip and replace",
        ),
        _words(
            r"integrat\w+",
            r"api",
            r"migrat\w+",
            r"connectors?",
            r"legacy",
            r"compatib\w+",
            r"existing (?:racks?|systems?)",
        ),
    ),
    ObjectionCue(
        "trust",
        _words(
            r"(?:been|got|were|was) burn(?:ed|t)",
            r"let (?:us )?down",
            r"(?:last|previous) (?:vendor|supplier|provider)",
            r"(?:proof|evidence) (?:that|of)",
            r"prove (?:it|that|to)",
            r"case stud(?:y|ies)",
            r"(?:customer )?references?",
            r"who else (?:uses?|is using|has)",
            r"track record",
            r"how do (?:we|i) know",
            r"(?:skeptical|sceptical)",
            r"too good to be true",
            r"never heard of",
        ),
        _words(r"guarantee\w*", r"reliab\w+", r"warranty", r"failures?", r"outages?", r"promis\w+"),
    ),
    ObjectionCue(
        "status quo",
        _words(
            r"already (?:have|use|using|built|got|own|pay(?:ing)?)",
            r"(?:pretty |quite |very |really )?happy with (?:what we|our (?:current|present|own)|the current|how (?:it|things))",
            r"works? (?:fine|well enough|for us today|okay)",
            r"(?:stick|stay|staying|sticking) with (?:what|our|the|them)",
            r"(?:what we have|the old one|the current one) (?:is|does|works)",
            r"why (?:would|should) we (?:change|switch|move)",
            r"used to (?:it|what we have|the way)",
        ),
    ),
    ObjectionCue(
        "need",
        _words(
            r"don't (?:really |actually )?(?:need (?!to\b|anybody|anyone)|see (?:the (?:need|point|value|reason)|why|how|what it|us))",
            r"not sure (?:we|i|that we|if we|whether we) (?:really |actually )?(?:need|see|want)",
            r"(?:nice to have|overkill)",
            r"more than we need",
            r"(?:don't|doesn't) (?:have|solve) (?:that|this|the|our) problem",
        ),
    ),
)
"""In order of precedence: a sentence that fits several types is counted for the first."""

WORRY = _words(
    r"but",
    r"concern\w*",
    r"worr\w+",
    r"problem\w*",
    r"risk\w*",
    r"issues?",
    r"not sure",
    r"unsure",
    r"hesita\w+",
    r"doubt\w*",
    r"afraid",
    r"can't",
    r"cannot",
    r"won't",
    r"doesn't",
    r"(?:don't|doesn't|didn't|not) (?:like|want|love|trust|accept|believe)",
    r"unless",
    r"nervous",
    r"troubl\w+",
    r"fail\w*",
    r"hard",
    r"difficult",
    r"struggl\w+",
    r"blockers?",
    r"deal[- ]?breaker",
    r"uneasy",
    r"uncomfortable",
    r"reluctant",
    r"push ?back",
    r"stuck",
    r"tight",
    r"frankly",
    r"honestly",
)
FIGURE = re.compile(r"[$€£]\s?\d|\d,\d{3}|\b(?:dollars|euros|pounds|thousand|hundred)\b", re.IGNORECASE)
"""An amount, roughly: enough to know that money was spoken of."""

NO_WORRY = _words(
    r"(?:no|not a|isn't a|isn't an|not an|wasn't a|without) (?:big |real |major )?(?:concerns?|problem|issue|objections?|worry|blocker)",
    r"not (?:too |really |that )?(?:worried|concerned|expensive)",
)
"""Words of worry turned round."""

ACKNOWLEDGES = _words(
    r"understand(?:able)?",
    r"understood",
    r"(?:i|we) hear (?:you|that)",
    r"fair (?:point|enough|concern|question|ask|challenge)",
    r"that(?:'s| is) (?:totally |completely |very |perfectly |absolutely |a )?(?:fair|reasonable|valid|right)",
    r"makes (?:total |complete |perfect )?sense",
    r"appreciate",
    r"(?:good|great|excellent|valid) (?:point|question|concern)",
    r"i get (?:it|that|why|where)",
    r"thanks? (?:you )?for (?:saying|being|raising|sharing|telling|flagging|the honesty|asking)",
    r"you're right",
    r"(?:i'm |i am |we're )?sorry",
    r"(?:reasonable|legitimate) (?:question|concern|worry|request|ask)",
)
RELIEF = _words(
    r"that (?:would |does |really |certainly |actually )*helps?",
    r"helpful",
    r"makes sense",
    r"(?:that|which|it) (?:would |could |should |will )?works?",
    r"works for (?:us|me)",
    r"sounds (?:good|fair|reasonable|great|right)",
    r"(?:that's|that is|it's) (?:much |a lot )?(?:better|good|great|fair|reasonable|reassuring|useful|clear)",
    r"good to (?:know|hear)",
    r"(?:can|could) (?:work|live) with",
    r"(?:that's|it's|is|that is) fine",
    r"fair enough",
    r"perfect",
    r"reassur\w+",
    r"that addresses",
    r"i like that",
)
AGREES = _words(
    r"yes",
    r"yep",
    r"yeah",
    r"sure",
    r"sounds (?:good|great|right|like a plan)",
    r"works(?: for (?:me|us))?",
    r"perfect",
    r"great",
    r"agreed",
    r"deal",
    r"okay",
    r"ok",
    r"will do",
    r"absolutely",
    r"of course",
    r"happy to",
    r"done",
    r"please do",
)

ACTION_VERBS = (
    "add answer approve arrange ask book bring build call check circle circulate collect come compare compile confirm "
    "connect coordinate copy create cc dial discuss document draft drop email escalate fill find finish fix follow "
    "forward gather get give go hand have hold include introduce invite involve issue join kick line look loop mail make "
    "map meet message order organize organise pass ping plan prepare present price process provide pull push put reach "
    "reconnect regroup report reserve resend respond return review revise rework run schedule send set share ship show "
    "sign sit sketch sort speak start submit swing sync take talk test touch track update verify visit walk work write"
)
"""What people promise to do; promises with other verbs count only beside a date."""
