"""Where log lines of a command go: to standard error, and as few of them as the command's user can bear.

A server logs for an operator. A command answers one person, whom its own words tell what went wrong; a library's
traceback above them would only hide those words. SOPHIA_LOG_LEVEL has the last word on both.
"""

import logging
import sys
from collections.abc import Mapping

__all__ = ["LEVELS", "NoSuchLevel", "log_to_stderr"]

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
OWN_LOGGERS = ("sophia", "server", "agents", "teams")


class NoSuchLevel(ValueError):
    """SOPHIA_LOG_LEVEL names no level; the message names those there are."""


def log_to_stderr(environ: Mapping[str, str], *, serving: bool) -> None:
    """Set logging up for this process. Raises NoSuchLevel.

    Standard output is the wire, or the answer; whatever is logged goes to standard error, also by libraries imported
    later. Without SOPHIA_LOG_LEVEL a server logs warnings, a command nothing but errors of Sophia itself.
    """
    named = environ.get("SOPHIA_LOG_LEVEL", "").strip().upper()
    if named and named not in LEVELS:
        raise NoSuchLevel(f"SOPHIA_LOG_LEVEL is {environ['SOPHIA_LOG_LEVEL']}: write one of {', '.join(LEVELS)}.")
    level = named or ("WARNING" if serving else "CRITICAL")
    logging.basicConfig(stream=sys.stderr, level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if not named and not serving:
        for name in OWN_LOGGERS:
            logging.getLogger(name).setLevel("ERROR")
