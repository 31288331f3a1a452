"""What typed arguments mean where no words say it."""

import pytest

from agents.catalog import AGENTS
from server.surface.own import own_tools
from server.surface.own_settings import OwnSettings


@pytest.mark.parametrize(
    ("given", "intent"),
    [
        ({"channel": "general", "text": "Hi.", "confirm": True}, "post_message"),
        ({"channel": "general", "text": "Hi.", "confirm": False}, "draft_message"),
        ({"text": "Hi."}, "draft_message"),
        ({"channel": "general", "confirm": True}, None),
        ({"channel": "general"}, None),
    ],
)
def test_a_text_is_drafted_and_a_confirmed_one_posted(given: dict[str, object], intent: str | None) -> None:
    tool = own_tools(AGENTS, ())["slack_orchestrator"]
    assert OwnSettings.typed_intent(tool, given) == intent
