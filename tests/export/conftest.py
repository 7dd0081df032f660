"""One trained network for all tests of the export."""

import pytest

from tests.export.textures import Trained, make_trained


@pytest.fixture(scope="session")
def trained() -> Trained:
    """The network of `textures.py`; a test must not change it."""
    return make_trained()
