"""The front of the children that a search on shared weights evaluated."""

import pathlib

import numpy as np
import pytest

from nse_tf.costs import CostModel
from nse_tf.events import GenerationEvaluated
from nse_tf.tuners.pareto_children import pareto_children
from tests.tuners.tiny_search import SPACE, do_trials, make_oracle


def test_the_front_is_that_of_all_generations(tmp_path: pathlib.Path) -> None:
    oracle = make_oracle(tmp_path / "run")
    assert pareto_children(oracle) == []
    do_trials(oracle)
    front = pareto_children(oracle)
    assert front
    evaluated = [
        (accuracy, macs)
        for event in oracle.method.noted(GenerationEvaluated)
        for accuracy, macs in zip(
            event.accuracies, event.costs["macs"], strict=True
        )
    ]
    assert len(evaluated) == 12
    for child in front:
        mine = child.metrics["val_accuracy"], child.metrics["macs"]
        assert not any(
            accuracy is not None
            and accuracy >= mine[0]
            and macs <= mine[1]
            and (accuracy, macs) != mine
            for accuracy, macs in evaluated
        )
        costs = CostModel(SPACE).costs(SPACE.genotype(child.path))
        assert child.metrics["params"] == costs["params"]
        assert child.values.keys() == {block.name for block in SPACE.blocks}
    accuracies = [child.metrics["val_accuracy"] for child in front]
    assert (np.diff(accuracies) < 0).all()
    limit = float(np.median([macs for _, macs in evaluated]))
    limited = pareto_children(oracle, constraints={"macs": limit})
    assert all(child.metrics["macs"] <= limit for child in limited)


def test_what_no_job_reports_is_named(tmp_path: pathlib.Path) -> None:
    oracle = make_oracle(tmp_path / "run")
    do_trials(oracle)
    with pytest.raises(ValueError, match=r"reports \['val_loss'\]; .*'macs'"):
        pareto_children(oracle, ["val_accuracy", "val_loss"])
    with pytest.raises(ValueError, match=r"No job reports \['latency_ms'\]"):
        pareto_children(oracle, constraints={"latency_ms": 3.0})
