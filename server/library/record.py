"""Calls and transcripts as they are kept: JSON, a transcript's compressed."""

import zlib

from pydantic import TypeAdapter

from agents.sources import Call, Transcript

__all__ = ["call_from", "call_to", "transcript_from", "transcript_to"]

LEVEL = 3
CALL: TypeAdapter[Call] = TypeAdapter(Call)
TRANSCRIPT: TypeAdapter[Transcript] = TypeAdapter(Transcript)


def call_to(call: Call) -> str:
    """The kept form of a call."""
    return CALL.dump_json(call, exclude_defaults=True).decode()


def call_from(kept: str) -> Call:
    """The call again."""
    return CALL.validate_json(kept)


def transcript_to(transcript: Transcript) -> bytes:
    """The kept form of a transcript."""
    return zlib.compress(TRANSCRIPT.dump_json(transcript), LEVEL)


def transcript_from(kept: bytes) -> Transcript:
    """The transcript again."""
    return TRANSCRIPT.validate_json(zlib.decompress(kept))
