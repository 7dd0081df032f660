import dataclasses
import json
import pathlib
from typing import Any

import pytest

from nse_tf.costs import Budget
from nse_tf.evolution import EXPLORERS
from nse_tf.methods import (
    autospace_config,
    nse_config,
    operator_scoring,
    proxylessnas_config,
)
from nse_tf.methods.one_shot_config import CHILD_STARTS, PATHS
from nse_tf.runs import search_config
from nse_tf.runs.learned_space import searching_learned
from nse_tf.runs.method_choice import METHOD_ROWS
from nse_tf.runs.search_config import EFFORT_NAMES, METHODS, SearchConfig
from nse_tf.shrinking import PUBLISHED_SCHEDULES
from nse_tf.supernet.networks import SHARINGS
from nse_tf.training.recipes import COMPUTE_POLICIES, PIXELS
from nse_tf.tuners.efforts import EFFORTS

CONFIG = SearchConfig(run_dir=pathlib.Path("runs/digits"))


def test_the_settings_are_json_and_come_back() -> None:
    config = dataclasses.replace(
        CONFIG,
        data_dir=pathlib.Path("photos"),
        budget=Budget(macs=1.5e6, latency_ms=0.1, min_macs=1e5),
        overrides=(("batch_size", 16), ("supernet_learning_rate", 0.1)),
    )
    settings = config.settings()
    assert json.loads(json.dumps(settings)) == settings
    assert settings["data_dir"] == "photos"
    assert settings["max_macs"] == 1.5e6
    assert settings["max_latency_ms"] == 0.1
    assert settings["min_macs"] == 1e5
    assert settings["batch_size"] == 16
    assert settings["supernet_learning_rate"] == 0.1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sharing": None}, "which share weights as candidates that nest: add"),
        ({"shrink": True}, "which shrinking cannot rank, .*: add --noshrink"),
        ({"scale": "auto"}, "are of a space whose scale is known"),
        ({"method": "fairnas"}, "`--stage_widths` is for --method=spos, not"),
        (
            {"method": "autospace", "then": "spos", "sharing": None},
            "--method=autospace does not search: take --method=spos",
        ),
        (
            {"start": "efficientnet_lite0"},
            "--start=efficientnet_lite0 does not have: leave out one",
        ),
    ],
)
def test_widths_by_stage_need_nested_weights_alone(
    changes: dict[str, Any], words: str
) -> None:
    given: dict[str, Any] = {
        "stage_widths": (0.5, 1.0),
        "sharing": "nested",
        "shrink": False,
    }
    config = dataclasses.replace(CONFIG, **given)
    assert config.settings()["stage_widths"] == [0.5, 1.0]
    with pytest.raises(ValueError, match=words):
        dataclasses.replace(CONFIG, **{**given, **changes})


def test_what_is_left_to_the_data_is_no_setting() -> None:
    assert CONFIG.settings() == {
        "dataset": "digits",
        "validation_fraction": 0.2,
        "method": "spos",
        "inherit_by": "front",
        "shrink": True,
        "score": "angle",
        "precision": "fp32",
        "rank_by": "keras",
        "baselines": "cheap",
        "num_threads": 1,
        "seed": 0,
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("run_dir", pathlib.Path("elsewhere")),
        ("cache_dir", pathlib.Path("elsewhere")),
    ],
)
def test_where_files_lie_decides_nothing(field: str, value: Any) -> None:
    moved = dataclasses.replace(CONFIG, **{field: value})
    assert moved.settings() == CONFIG.settings()


@pytest.mark.parametrize(
    "change",
    [
        {"dataset": "mnist"},
        {"image_size": 16},
        {"image_channels": 3},
        {"validation_fraction": 0.3},
        {"space": "spos"},
        {"width": 0.5},
        {"depth": 0.5},
        {"method": "nse"},
        {"explorer": "random"},
        {"shrink": False},
        {"sharing": "nested"},
        {"child_start": "inherited"},
        {"teacher": "t.keras"},
        {"compute": "mixed_bfloat16"},
        {"paths": "sandwich", "sharing": "nested"},
        {"teacher": "t.keras", "teacher_pixels": "0..1"},
        {"shrink_schedule": "darts"},
        {"budget": Budget(size_bytes=1e5)},
        {"budget": Budget(min_macs=1e5)},
        {"precision": "int8"},
        {"precisions": ("int8",)},
        {"num_threads": 2},
        {"effort": "paper"},
        {"overrides": (("batch_size", 8),)},
        {"augmentation": "none"},
        {"seed": 1},
        {"data_dir": pathlib.Path("photos")},
    ],
    ids=str,
)
def test_whatever_decides_the_outcome_is_a_setting(
    change: dict[str, Any],
) -> None:
    changed = dataclasses.replace(CONFIG, **change)
    assert changed.settings() != CONFIG.settings()


@pytest.mark.parametrize(
    ("method", "changes", "message"),
    [
        ("spos", {"inherit_by": "both"}, "--inherit_by` is for --method=nse"),
        ("darts", {"start": "ops.json"}, "--start` is for"),
        ("nse", {"explorer": "random"}, "--explorer` is for --method=spos"),
        ("nse", {"score": "magnitude"}, "--score` is for --method=spos"),
        ("nse", {"shrink_schedule": "spos"}, "not 'nse': leave it out"),
        ("nse", {"sharing": "nested"}, "--sharing` is for --method=spos"),
        ("darts", {"sharing": "rows"}, "--sharing` is for --method=spos"),
        ("nse", {"distribute": "mirrored"}, "--distribute` is for"),
        ("darts", {"distribute": "mirrored"}, "--distribute` is for"),
        ("pdarts", {"distribute": "mirrored"}, "--distribute` is for"),
        ("pdarts", {"order": 2}, "not 'pdarts': leave it out"),
        ("spos", {"order": 2}, "--order` is for --method=darts"),
        ("nse", {"early_stop": "hessian"}, "--early_stop` is for"),
        ("spos", {"extra_skip": True}, "--extra_skip` is for --method=darts"),
        ("spos", {"gates": "reinforce"}, "--gates` is for"),
        ("nse", {"fitness": "loss"}, "--fitness` is for --method=autospace"),
        ("autospace", {"gates": "two"}, "--gates` is for"),
        ("autospace", {"distribute": "mirrored"}, "on one device"),
        ("spos", {"teacher_pixels": "0..1"}, "_pixels` is 0..1, and nobody te"),
        (
            "nse",
            {"overrides": (("teacher_weight", 0.5),)},
            "`--teacher_weight` is 0.5, and nobody teaches: add --teacher=FILE",
        ),
        ("spos", {"teacher": "largest"}, "is 'largest', .*: add --sharing=nes"),
        ("darts", {"teacher": "largest"}, "or give a file"),
        (
            "spos",
            {"overrides": (("classifier_rate", 5.0),)},
            "`--classifier_rate` is 5.0, but all layers start from fresh weig",
        ),
        ("spos", {"paths": "sandwich"}, "`--paths` is 'sandwich', .*: add --s"),
        ("fairnas", {"paths": "sandwich"}, "is for --method=spos, not 'fairn"),
        (
            "spos",
            {"overrides": (("random_paths", 1),)},
            "`--random_paths` is for --paths=sandwich",
        ),
        (
            "spos",
            {
                "teacher": "largest",
                "sharing": "nested",
                "teacher_pixels": "0..1",
            },
            "networks of the supernet take 0..255: leave it out",
        ),
        (
            "proxylessnas",
            {"gates": "reinforce", "penalty_form": "log_factor"},
            "nothing is penalized with --gates=reinforce",
        ),
    ],
)
def test_what_a_method_does_not_take_is_refused(
    method: str, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(CONFIG, method=method, **changes)


def test_the_names_are_those_that_there_are() -> None:
    """They are repeated there to check flags without loading TensorFlow."""
    assert set(EFFORT_NAMES) == set(EFFORTS)
    assert tuple(METHODS) == tuple(METHOD_ROWS)
    assert tuple(EXPLORERS) == search_config.EXPLORERS
    assert SHARINGS == search_config.SHARINGS
    assert CHILD_STARTS == search_config.CHILD_STARTS
    assert tuple(PIXELS) == search_config.PIXEL_RANGES
    assert COMPUTE_POLICIES == search_config.COMPUTE_POLICIES
    assert PATHS == search_config.PATH_RULES
    assert autospace_config.FITNESSES == search_config.FITNESSES
    assert autospace_config.REFERENCES == search_config.REFERENCES
    assert autospace_config.CELL_STARTS == search_config.CHILD_STARTS
    assert set(search_config.AFTERWARDS) <= set(METHODS)


def test_the_flag_names_every_score() -> None:
    assert search_config.SCORES == operator_scoring.SCORES


def test_the_flag_names_every_published_schedule() -> None:
    assert tuple(PUBLISHED_SCHEDULES) == search_config.SCHEDULES


def test_the_flag_names_all_gates() -> None:
    assert search_config.GATES == proxylessnas_config.GATES


def test_the_flag_names_every_way_to_inherit() -> None:
    assert search_config.INHERITANCES == nse_config.INHERITANCES


def test_what_searches_a_learned_space_may_be_set_as_well() -> None:
    config = dataclasses.replace(
        CONFIG,
        method="autospace",
        then="proxylessnas",
        gates="two",
        fitness="loss",
        space="autospace_small",
        width=0.5,
        overrides=(("cell_slots", 2), ("child_epochs", 3)),
    )
    after = searching_learned(config)
    assert (after.method, after.gates) == ("proxylessnas", "two")
    assert after.space == str(CONFIG.run_dir / "cells" / "space.json")
    assert not any((after.width, after.then, after.fitness))
    assert dict(after.overrides) == {"child_epochs": 3}
    with pytest.raises(ValueError, match="--explorer` is for"):
        dataclasses.replace(config, explorer="random")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"precisions": ("int4",)}, "'int4': give some of fp32, fp16, dynamic"),
        ({"precisions": ()}, "'': give some of fp32"),
        ({"precisions": ("int8", "int8")}, "'int8,int8': .* each once"),
        (
            {"precisions": ("int8",), "budget": Budget(size_bytes=1e5)},
            "--precision=fp32 needs the fp32 file: add fp32",
        ),
        (
            {
                "precisions": ("int8",),
                "budget": Budget(latency_ms={"phone": 1.0, "board": 9.0}),
            },
            "--precision=fp32 needs the fp32 file",
        ),
        (
            {"precisions": ("int8",), "budget": Budget(min_latency_ms=1.0)},
            "--precision=fp32 needs the fp32 file",
        ),
        ({"precisions": ("fp32",), "rank_by": "int8"}, "--rank_by=int8 needs"),
        (
            {"precisions": ("fp32",), "budget": Budget(ram_bytes=1e5)},
            "a limit on RAM or flash needs the int8 file",
        ),
    ],
)
def test_files_that_are_unknown_or_lack_are_refused(
    given: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        dataclasses.replace(CONFIG, **given)


def test_one_file_serves_limits_that_hold_for_it() -> None:
    given: dict[str, Any] = {"precision": "int8", "rank_by": "int8"}
    limited = Budget(latency_ms=1.0, size_bytes=1e5, ram_bytes=1e5)
    config = dataclasses.replace(
        CONFIG, precisions=("int8",), budget=limited, **given
    )
    assert config.settings()["precisions"] == ["int8"]
