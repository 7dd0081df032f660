"""What a report shows of a search by binary gates."""

import dataclasses

import pytest

from nse_tf.costs import Budget, CostModel
from nse_tf.events import NetworkDerived, ParametersTrained
from nse_tf.methods import ProxylessNAS, ProxylessNASConfig
from nse_tf.reporting.figures import search_figures, training_figures
from nse_tf.reporting.gate_plots import plot_expectations, plot_probabilities
from nse_tf.reporting.run_record import RunRecord
from nse_tf.testing import FormulaWorker
from tests.methods.plans import do_all
from tests.supernet.tiny_spaces import tiny_space

SPACE = tiny_space()
MODEL = CostModel(SPACE)


@pytest.fixture(scope="module")
def record() -> RunRecord:
    low, high = MODEL.range("macs")
    config = ProxylessNASConfig(
        warmup_epochs=2, search_epochs=3, num_derived=3, child_epochs=2
    )
    budget = Budget(macs=low + 0.6 * (high - low))
    method = ProxylessNAS(MODEL, budget, config)
    do_all(method, FormulaWorker(MODEL).run)
    events = tuple(entry.event for entry in method.history)
    return RunRecord(name="gates", events=events, space=SPACE)


def test_a_search_by_gates_has_its_figures(record: RunRecord) -> None:
    names = [each.name for each in search_figures(record, None)]
    assert names[-2:] == ["probabilities", "expectations"]
    (losses, *_) = training_figures(record)
    # The warm-up and what continues it are one curve.
    assert [key.text for key in losses.keys] == ["for the search"]


def test_the_figures_tell_in_words_what_they_show(record: RunRecord) -> None:
    trained = record.named(ParametersTrained)
    probabilities = plot_probabilities(trained, SPACE)
    for block in SPACE.blocks:
        assert f"{block.name}: " in probabilities.svg
    derived = record.last(NetworkDerived)
    expectations = plot_expectations(trained, derived)
    for words in (
        "over 5 epochs",
        "Expected MACs at the end",
        "The target is",
        "The likeliest network",
    ):
        assert words in expectations.svg
    assert len(expectations.keys) == 3


def test_without_a_target_none_is_drawn(record: RunRecord) -> None:
    trained = [
        dataclasses.replace(event, target=None)
        for event in record.named(ParametersTrained)
    ]
    drawn = plot_expectations(trained, None)
    assert len(drawn.keys) == 2
    assert "target" not in drawn.svg


def test_a_network_bent_to_the_budget_is_said_to_be(record: RunRecord) -> None:
    trained = record.named(ParametersTrained)
    derived = record.last(NetworkDerived)
    assert derived is not None
    bent = dataclasses.replace(
        derived,
        path=(0, 0, 0),
        likeliest=(1, 1, 1),
        log_odds=-0.5,
        is_proven=False,
    )
    words = plot_expectations(trained, bent).svg
    assert "as far as the search for it went" in words
    assert "0.61 times as likely" in words
    kept = dataclasses.replace(derived, path=(1, 1, 1), likeliest=(1, 1, 1))
    assert "keeps the budget" in plot_expectations(trained, kept).svg
