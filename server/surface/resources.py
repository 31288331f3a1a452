"""Our own resources: `sophia://agents/{id}`, `sophia://teams/{id}`, `sophia://bridge/status` and the decisions."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import mcp_types as t
from mcp.shared.exceptions import MCPError

from server.control import Control
from server.surface.cards import Cards
from server.surface.own import OwnTool

__all__ = ["OwnResources"]

JSON_TYPE = "application/json"
STATUS = "sophia://bridge/status"
DECISIONS = "sophia://bridge/decisions/"

TEMPLATES = (
    ("sophia://agents/{id}", "Agent card", "What an agent is, takes and gives, and how it ran lately."),
    ("sophia://teams/{id}", "Team card", "What a team is, who is in it, and how it ran lately."),
    ("sophia://bridge/decisions/{id}", "Decision", "Which route served a call, why, and how the call ended."),
)


class OwnResources:
    """Lists and reads them."""

    def __init__(self, control: Control, cards: Cards) -> None:
        self._control = control
        self._cards = cards

    def listed(self) -> list[t.Resource]:
        """Every card, and the status."""
        cards = [
            t.Resource(
                name=tool.name,
                title=f"{tool.spec.title} ({tool.kind})",
                uri=uri,
                description=f"The card of the {tool.kind} {tool.spec.title}: role, tools, schemas, last runs, figures.",
                mime_type=JSON_TYPE,
            )
            for uri, tool in self._ours()
        ]
        status = t.Resource(
            name="bridge_status",
            title="Bridge status",
            uri=STATUS,
            description="Policy, downstream servers, what is bound to what, what runs now, what was measured.",
            mime_type=JSON_TYPE,
        )
        return [*cards, status]

    @staticmethod
    def templates() -> list[t.ResourceTemplate]:
        """The forms of their URIs."""
        return [
            t.ResourceTemplate(
                name=title.lower().replace(" ", "_"),
                title=title,
                uri_template=uri,
                description=description,
                mime_type=JSON_TYPE,
            )
            for uri, title, description in TEMPLATES
        ]

    async def read(self, uri: str) -> t.ReadResourceResult | None:
        """One of ours, or None when the URI is not ours. Raises MCPError for one of ours that does not exist."""
        if tool := dict(self._ours()).get(uri):
            return _json(uri, self._cards.of(tool))
        if uri == STATUS:
            return _json(uri, self._cards.status())
        if uri.startswith(DECISIONS):
            card = await self._cards.decision(uri.removeprefix(DECISIONS))
            if card is None:
                raise MCPError(
                    t.INVALID_PARAMS,
                    'There is no decision of this id; ids are in `_meta["sophia/decision"]` of every result, '
                    "and the oldest are forgotten.",
                    data={"uri": uri},
                )
            return _json(uri, card)
        return None

    def _ours(self) -> Iterator[tuple[str, OwnTool]]:
        return ((_uri(tool), tool) for tool in self._control.look().own.values())


def _uri(tool: OwnTool) -> str:
    return f"sophia://{tool.kind}s/{tool.spec.id}"


def _json(uri: str, content: Mapping[str, Any]) -> t.ReadResourceResult:
    text = json.dumps(content, ensure_ascii=False, indent=1, default=str)
    return t.ReadResourceResult(contents=[t.TextResourceContents(uri=uri, mime_type=JSON_TYPE, text=text)])
