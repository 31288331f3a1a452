"""An operator with a configuration directory of their own."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from server.config import Configuration, ConfigurationError, Problem, load


@dataclass(frozen=True)
class Operator:
    """Writes files into `directory` and starts Sophia with it."""

    directory: Path

    def writes(self, name: str, text: str) -> Path:
        file = self.directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def agno(self, text: str) -> Path:
        return self.writes("services/agno_integration.yaml", text)

    def downstream(self, text: str) -> Path:
        return self.writes("downstream.yaml", text)

    def loads(self, **environ: str) -> Configuration:
        return load(self.directory, environ)

    def is_told(self, **environ: str) -> tuple[Problem, ...]:
        with pytest.raises(ConfigurationError) as refused:
            load(self.directory, environ)
        return refused.value.problems

    def is_told_one(self, **environ: str) -> Problem:
        (problem,) = self.is_told(**environ)
        return problem


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return Operator(tmp_path)


@pytest.fixture(scope="session")
def new_operator(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Operator]:
    """For property tests: a fresh directory for each example."""
    return lambda: Operator(tmp_path_factory.mktemp("operator"))
