"""The machine and the versions that figures hold for."""

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

__all__ = ["Machine", "this_machine"]


@dataclass(frozen=True, slots=True)
class Machine:
    """Where and with what something was measured. `load_1m` is the load before it began: how quiet it was."""

    measured_at: str
    cpu: str
    cpus: int
    load_1m: float
    system: str
    python: str
    agno: str
    mcp: str
    sophia: str

    @property
    def described(self) -> str:
        """In one line."""
        return (
            f"{self.cpu}, {self.cpus} CPUs, load {self.load_1m:.2f} before, {self.system}; Python {self.python}, "
            f"agno {self.agno}, mcp {self.mcp}, sophia {self.sophia}; {self.measured_at}"
        )


def this_machine() -> Machine:
    """This one, now."""
    return Machine(
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
        cpu=_cpu(),
        cpus=os.cpu_count() or 1,
        load_1m=round(os.getloadavg()[0], 2),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        agno=version("agno"),
        mcp=version("mcp"),
        sophia=version("sophia"),
    )


def _cpu() -> str:
    """The model as Linux names it, else whatever the platform says."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())
