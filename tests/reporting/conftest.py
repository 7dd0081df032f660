"""Finished runs that no test changes."""

import pathlib

import pytest

from nse_tf.costs import Budget
from nse_tf.methods import OneShotSearch
from tests.reporting.made_up_run import begin_run, finish_run, make_history


@pytest.fixture(scope="session")
def method() -> OneShotSearch:
    """A search that has ended, under limits on MACs and latency."""
    return make_history(Budget(macs=8e5, latency_ms=15.0), failing=1)


@pytest.fixture(scope="session")
def run_dir(
    method: OneShotSearch, tmp_path_factory: pytest.TempPathFactory
) -> pathlib.Path:
    """The folder of that search, with everything in it but the report."""
    folder = tmp_path_factory.mktemp("runs") / "digits"
    begin_run(folder, method)
    finish_run(folder, method)
    return folder
