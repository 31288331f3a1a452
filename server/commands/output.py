"""What commands write: JSON for programs on standard output, why something could not be done on standard error."""

import json
import sys
from typing import Any

__all__ = ["fail", "printed"]


def printed(content: Any) -> None:
    """Write JSON to standard output."""
    sys.stdout.write(json.dumps(content, ensure_ascii=False, indent=2, default=str) + "\n")


def fail(message: str) -> int:
    """Write why something could not be done; returns the exit code of that."""
    sys.stderr.write(message.rstrip() + "\n")
    return 1
