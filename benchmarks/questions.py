"""What the programs ask: the same questions everywhere, about the bundled data, in which every call is synthetic."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["AGENT", "COORDINATE_TEAM", "DATA", "ECHO", "METRIC", "PROXIED", "ROUTE_TEAM", "Question"]

CALL_ID = "7400171024000301"
DATA = "the bundled workspace: the synthetic sales calls and the Maven CRM set"


@dataclass(frozen=True, slots=True)
class Question:
    """A tool and what it is asked."""

    what: str
    tool: str
    arguments: Mapping[str, Any]


AGENT = Question("agent call", "gong_intelligence", {"call_id": CALL_ID})
PROXIED = Question("proxied call to the same data", "gong__gong_call_analysis", {"call_id": CALL_ID})
METRIC = Question("metric", "snowflake_analyst", {"metric": "revenue", "period": "2017-Q4"})
ROUTE_TEAM = Question(
    "route team", "sales_intelligence_team", {"call_id": CALL_ID, "request": "Brief me on this call"}
)
COORDINATE_TEAM = Question(
    "coordinate team", "business_intelligence_team", {"request": "How did we do last quarter?"}
)
ECHO = Question("bare SDK server's echo", "echo", {"text": CALL_ID})
