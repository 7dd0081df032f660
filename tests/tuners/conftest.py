"""What the tests of tuners share."""

import pathlib

import pytest


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """Where a run would lie."""
    return tmp_path / "run"
