"""Turn a hand-written call into the JSON that Gong's API v2 would give for it.

CallData as of POST /v2/calls/extensive, CallTranscript as of POST /v2/calls/transcript. Ids are numeric
strings of 18 digits, derived from names, so that they are the same on every machine and in every run.
The deal fields of the context come from the CRM set, as it stands on its last day. Speakers, statistics,
questions and keyword trackers are computed by the rules of `stats` and `trackers`.
"""

from hashlib import sha256
from itertools import groupby

from workspace.crm import Crm
from workspace.gong.call import SYNTHETIC, Call, read_call
from workspace.gong.script import Line, Script, ScriptParty
from workspace.gong.stats import call_stats
from workspace.gong.trackers import TRACKERS, Tracker
from workspace.toolset import Json

__all__ = ["SELLER_DOMAIN", "call_of", "email_of", "user_id_of"]

SELLER_DOMAIN = "seller.example"
WORKSPACE_ID = "700000000000000001"


def call_of(script: Script, crm: Crm) -> Call:
    """The call that a script describes."""
    transcript: Json | None = None
    if script.lines:
        transcript = {"callId": script.call_id, "transcript": _monologues(script)}
    data: Json = {
        "metaData": _meta(script),
        "context": _context(script, crm),
        "parties": [_party(party, script) for party in script.parties],
    }
    call = read_call(data, transcript)
    data["content"] = {"trackers": _trackers(call), "topics": _topics(script)}
    if call.sentences:
        data["interaction"] = _interaction(call)
    return call


def user_id_of(name: str) -> str:
    """The Gong user id of a seller."""
    return _id("user", name)


def email_of(name: str, domain: str) -> str:
    return f"{'.'.join(name.lower().split())}@{domain}"


def _id(*parts: str) -> str:
    digest = int.from_bytes(sha256("/".join(parts).encode()).digest()[:8])
    return str(10**17 + digest % (9 * 10**17))


def _meta(script: Script) -> Json:
    rep = next(party for party in script.parties if party.internal)
    return {
        "id": script.call_id,
        "url": f"https://calls.example/call?id={script.call_id}",
        "title": script.title,
        "scheduled": script.started.isoformat().replace("+00:00", "Z"),
        "started": script.started.isoformat().replace("+00:00", "Z"),
        "duration": script.duration_s,
        "primaryUserId": user_id_of(rep.name),
        "direction": "Conference",
        "system": "Zoom",
        "scope": "External",
        "media": "Video",
        "language": script.language,
        "workspaceId": WORKSPACE_ID,
        "isPrivate": script.private,
        "customData": SYNTHETIC,
    }


def _context(script: Script, crm: Crm) -> list[Json]:
    """The deal and the account; an account that the CRM does not know has its name and nothing else."""
    objects: list[Json] = []
    deal = crm.opportunity(script.opportunity_id) if script.opportunity_id else None
    if deal:
        fields: Json = {
            "Name": f"{deal.account}: {deal.product}",
            "StageName": deal.stage,
            "Amount": deal.close_value,
            "CloseDate": deal.close_date,
            "OwnerName": deal.sales_agent,
            "Product": deal.product,
        }
        objects.append(_crm_object("Opportunity", deal.id, fields))
    account = crm.accounts.get(script.account)
    known: Json = (
        {"Industry": account.sector, "NumberOfEmployees": account.employees, "Country": account.country}
        if account
        else {}
    )
    objects.append(_crm_object("Account", script.account, {"Name": script.account, **known}))
    return [{"system": "Generic", "objects": objects}]


def _crm_object(kind: str, object_id: str, fields: Json) -> Json:
    return {
        "objectType": kind,
        "objectId": object_id,
        "fields": [{"name": name, "value": value} for name, value in fields.items()],
        "timing": "Now",
    }


def _party(party: ScriptParty, script: Script) -> Json:
    domain = SELLER_DOMAIN if party.internal else _domain(script.account)
    shaped: Json = {
        "id": _id("party", script.call_id, party.name),
        "emailAddress": email_of(party.name, domain),
        "name": party.name,
        "title": party.title,
        "affiliation": "Internal" if party.internal else "External",
        "methods": ["Invitee", "Attendee"],
    }
    if party.internal:
        shaped["userId"] = user_id_of(party.name)
    if not party.silent and script.lines:
        shaped["speakerId"] = _speaker_id(script, party)
    return shaped


def _domain(account: str) -> str:
    letters = "".join(letter if letter.isalnum() else "-" for letter in account.lower())
    return f"{'-'.join(part for part in letters.split('-') if part)}.example"


def _speaker_id(script: Script, party: ScriptParty) -> str:
    return _id("speaker", script.call_id, party.name)


def _monologues(script: Script) -> list[Json]:
    def same(line: Line) -> tuple[str, str | None]:
        return line.speaker.name, line.topic

    runs = [(topic, list(lines)) for (_, topic), lines in groupby(script.lines, key=same)]
    return [
        {
            "speakerId": _speaker_id(script, lines[0].speaker),
            "topic": topic,
            "sentences": [{"start": line.start_ms, "end": line.end_ms, "text": line.text} for line in lines],
        }
        for topic, lines in runs
    ]


def _topics(script: Script) -> list[Json]:
    """Talk time under each heading of the script."""
    names = dict.fromkeys(line.topic for line in script.lines if line.topic)
    return [
        {
            "name": name,
            "duration": round(sum(line.end_ms - line.start_ms for line in script.lines if line.topic == name) / 1000),
        }
        for name in names
    ]


def _trackers(call: Call) -> list[Json]:
    return [_tracker(tracker, call) for tracker in TRACKERS]


def _tracker(tracker: Tracker, call: Call) -> Json:
    hits = list(tracker.hits(call.sentences or ()))
    occurrences = [
        (hit.phrase, {"startTime": hit.sentence.start_ms / 1000, "speakerId": hit.sentence.speaker_id})
        for hit in hits
    ]
    phrases = {
        phrase: [o for p, o in occurrences if p == phrase] for phrase in dict.fromkeys(p for p, _ in occurrences)
    }
    return {
        "id": _id("tracker", tracker.name),
        "name": tracker.name,
        "count": len(hits),
        "type": "KEYWORD",
        "occurrences": [occurrence for _, occurrence in occurrences],
        "phrases": [{"phrase": p, "count": len(found), "occurrences": found} for p, found in phrases.items()],
    }


def _interaction(call: Call) -> Json:
    stats = call_stats(call)
    talk_s = {speaker.speaker_id: speaker.talk_s for speaker in stats.speakers}
    values = {
        "Talk Ratio": stats.talk_ratio,
        "Longest Monologue": stats.longest_monologue_s,
        "Longest Customer Story": stats.longest_customer_story_s,
        "Patience": stats.patience_s,
    }
    return {
        "speakers": [
            {"id": party.id, "userId": party.user_id, "talkTime": talk_s.get(party.speaker_id or "", 0.0)}
            for party in call.card.parties
            if party.speaker_id
        ],
        "interactionStats": [{"name": name, "value": value} for name, value in values.items() if value is not None],
        "questions": {"companyCount": stats.company_questions, "nonCompanyCount": stats.customer_questions},
    }
