from typing import Any

import pytest

from nse_tf.evolution import EXPLORERS
from nse_tf.methods import OneShotConfig


def test_the_defaults_are_those_of_spos_after_abs() -> None:
    config = OneShotConfig()
    assert config.explorer == "evolution"
    assert (config.search_epochs, config.child_epochs) == (100, 240)
    assert config.learning_rates == (0.25, 5e-4)
    assert config.children_per_operator == 1000
    assert config.calibration_images == 20_000
    assert config.exploring.num_children == 1000


def test_zero_is_a_seed_and_no_calibration_a_choice() -> None:
    config = OneShotConfig(seed=0, calibration_images=0)
    assert (config.seed, config.calibration_images) == (0, 0)


@pytest.mark.parametrize("name", EXPLORERS)
def test_every_explorer_may_be_named(name: str) -> None:
    assert OneShotConfig(explorer=name).explorer == name


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("explorer", "anneal", "`explorer` .* evolution, random, .* 'anneal'"),
        ("precision", "int4", "`precision` must be one of fp32, .* 'int4'"),
        ("search_epochs", 0, "`search_epochs` must be at least 1, not 0"),
        ("children_per_operator", 0, "`children_per_operator` must be"),
        ("calibration_images", -1, "`calibration_images` must be at least 0"),
        ("children_per_job", 0, "`children_per_job` must be at least 1"),
        ("num_finalists", 0, "`num_finalists` must be at least 1"),
        ("child_epochs", 0, "`child_epochs` must be at least 1"),
        ("measured_at_once", 0, "`measured_at_once` must be at least 1"),
        ("num_threads", 0, "`num_threads` must be at least 1"),
        ("seed", -1, "`seed` must be at least 0, not -1"),
    ],
)
def test_a_setting_without_sense_is_refused(
    name: str, value: Any, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        OneShotConfig(**{name: value})
