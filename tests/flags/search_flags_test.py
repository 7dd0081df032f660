"""Flags of a search become one config."""

import os
import pathlib
from typing import Any

import pytest
from absl import flags
from absl.testing import flagsaver

from nse_tf.costs import Budget
from nse_tf.flags import search_flags
from nse_tf.flags.binaries import choose_kernels
from nse_tf.runs.search_config import SearchConfig
from nse_tf.spaces import make_preset
from tests.costs.strategies import made_up_devices


def test_without_flags_it_is_digits() -> None:
    assert search_flags.search_config() == SearchConfig(
        run_dir=pathlib.Path("runs/digits")
    )


def test_flags_become_one_config() -> None:
    with flagsaver.flagsaver(
        data_dir="my/photos",
        image_size="96",
        image_channels=3,
        max_macs_m=1.5,
        max_size_kb=200.0,
        max_ram_kb=64.0,
        max_flash_kb=256.0,
        max_latency_ms=8.0,
        min_macs_m=0.5,
        min_latency_ms=7.0,
        shrink=False,
        explorer="random",
        num_children=40,
        child_learning_rate=0.25,
        seed=7,
    ):
        config = search_flags.search_config()
    assert config == SearchConfig(
        run_dir=pathlib.Path("runs/photos"),
        dataset=None,
        data_dir=pathlib.Path("my/photos"),
        image_size=96,
        image_channels=3,
        budget=Budget(
            macs=1.5e6,
            latency_ms=8.0,
            size_bytes=2e5,
            ram_bytes=64e3,
            flash_bytes=256e3,
            min_macs=5e5,
            min_latency_ms=7.0,
        ),
        shrink=False,
        explorer="random",
        overrides=(("num_children", 40), ("child_learning_rate", 0.25)),
        seed=7,
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"image_size": "auto"}, {}),
        ({"space": "auto"}, {}),
        ({"space": "auto", "image_size": "48"}, {"image_size": 48}),
        (
            {"space": "spos_small", "image_size": "auto", "width": 0.5},
            {"space": "spos_small", "width": 0.5},
        ),
    ],
)
def test_a_scale_is_chosen_but_for_what_is_given(
    given: dict[str, Any], expected: dict[str, Any]
) -> None:
    with flagsaver.flagsaver(**given):
        config = search_flags.search_config()
    assert config == SearchConfig(
        run_dir=pathlib.Path("runs/digits"), scale="auto", **expected
    )


def test_limits_on_several_devices_name_their_tables(
    tmp_path: pathlib.Path,
) -> None:
    space = make_preset("spos_tiny", image_size=(8, 8), num_classes=10)
    for device, table in made_up_devices(space).tables.items():
        table.save(tmp_path / f"{device}.json")
    text = f"{tmp_path}/pixel.json:8,{tmp_path}/pi.json:20.5"
    parser = flags.FLAGS["max_latency_ms"].parser
    assert parser.parse("8") == 8.0
    with flagsaver.flagsaver(max_latency_ms=parser.parse(text)):
        config = search_flags.search_config()
        with (
            flagsaver.flagsaver(latency_table="pi.json"),
            pytest.raises(ValueError, match="`--latency_table` is for one"),
        ):
            search_flags.search_config()
    assert config.budget == Budget(latency_ms={"pixel": 8.0, "pi": 20.5})
    paths = [tmp_path / "pixel.json", tmp_path / "pi.json"]
    assert config.latency_tables == tuple(paths)
    settings = config.settings()
    assert settings["max_latency_ms@pi"] == 20.5
    assert settings["latency_tables"] == list(map(str, paths))
    paths[1].write_text(paths[0].read_text())
    with (
        flagsaver.flagsaver(max_latency_ms=parser.parse(text)),
        pytest.raises(ValueError, match="Two tables are of the device 'pixel'"),
    ):
        search_flags.search_config()
    for wrong in ("-1", "pi.json:", ":8", "pi.json:8,8", "a.json:1,a.json:2"):
        with pytest.raises(ValueError, match=r"."):
            parser.parse(wrong)


@pytest.mark.parametrize(
    ("dataset", "given", "seen"),
    [
        ("digits", None, None),
        ("cifar10", None, "1"),
        (None, None, "1"),
        ("cifar10", "0", "0"),
    ],
)
def test_fast_kernels_are_asked_for_where_they_pay_unless_the_user_chose(
    dataset: str | None,
    given: str | None,
    seen: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environ = {} if given is None else {"TF_ENABLE_ONEDNN_OPTS": given}
    monkeypatch.setattr(os, "environ", environ)
    choose_kernels(dataset)
    assert environ.get("TF_ENABLE_ONEDNN_OPTS") == seen
