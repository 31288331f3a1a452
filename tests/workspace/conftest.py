"""The embedded servers as a client meets them."""

from pathlib import Path

import pytest

from tests.workspace.callers import ToolUser
from workspace.gong.library import Library, bundled, imported
from workspace.gong.server import build_server


@pytest.fixture(scope="session")
def library() -> Library:
    return bundled()


@pytest.fixture
def gong(library: Library) -> ToolUser:
    return ToolUser(build_server(library))


@pytest.fixture
def shelf_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "calls"
    folder.mkdir()
    return folder


@pytest.fixture
def imported_gong(shelf_folder: Path) -> ToolUser:
    """A server over `shelf_folder`, whose files a test writes before its first call."""
    return ToolUser(build_server(imported(shelf_folder)))
