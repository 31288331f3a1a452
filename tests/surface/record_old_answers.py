"""Records what the old `gong_call_analysis` answers, over MCP, for the tests that hold an agent's answers against it.

    .venv/bin/python tests/surface/record_old_answers.py

writes `goldens/gong_call_analysis.json`: by call id the whole result. Record again only where the old tool or the
bundled calls have changed, and read the difference: old clients will see it.
"""

import json
from pathlib import Path

import anyio
from mcp import Client

from workspace.gong.library import bundled
from workspace.gong.server import build_server

GOLDENS = Path(__file__).with_name("goldens") / "gong_call_analysis.json"
CALLS = (
    "7400171024000301",  # three people
    "7400171130000204",  # five people
    "7400171220000303",  # short
    "7400171102000901",  # without an opportunity
    "7400171003000601",  # asks "right?", which the agent does not call a question
    "7400171107000201",  # private
    "7400171115000902",  # not transcribed
    "1",  # does not exist
)


async def recorded() -> dict[str, object]:
    """The old tool's results by call id."""
    async with Client(build_server(bundled())) as client:
        results = {
            call_id: await client.call_tool("gong_call_analysis", {"call_id": call_id, "analysis_type": "basic"})
            for call_id in CALLS
        }
    return {
        call_id: {
            "content": [block.model_dump(mode="json", exclude_none=True) for block in result.content],
            "structuredContent": result.structured_content,
            "isError": result.is_error,
        }
        for call_id, result in results.items()
    }


if __name__ == "__main__":
    GOLDENS.write_text(json.dumps(anyio.run(recorded), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
