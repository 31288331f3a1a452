"""`sophia import`: hands over to the importer of the embedded servers, a program of its own."""

import subprocess
import sys
from collections.abc import Sequence

__all__ = ["import_gong"]


def import_gong(words: Sequence[str]) -> int:
    """Run the Gong importer with these words; returns its exit code."""
    # -P: a folder called `workspace` where the user stands is not ours.
    importer = [sys.executable, "-P", "-m", "workspace.gong_import", *words]
    return subprocess.run(importer, check=False).returncode  # noqa: S603  (our own module, no shell)
