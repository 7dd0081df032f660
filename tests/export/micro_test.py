"""int8 files under TensorFlow Lite Micro, and what was predicted of them."""

import dataclasses
import importlib.util
import json
import pathlib
import re
import shutil
import subprocess
from typing import Any

import keras
import numpy as np
import pytest

from nse_tf.costs.micro import micro_costs
from nse_tf.export import (
    convert,
    convert_untrained,
    export_micro,
    measure_memory,
    require_kernels,
    require_tflite_micro,
)
from nse_tf.export.metadata import with_classifier
from nse_tf.export.micro_source import MicroFacts, array_text, header_text
from nse_tf.export.micro_target import MicroReport
from nse_tf.spaces import SearchSpace, make_preset
from nse_tf.supernet import build_child

pytest.importorskip("tflite_micro", reason="pip install 'nse-tf[micro]'")

NAMES = ['quoted "name"', "Grüße", "back\\slash", *map(str, range(7))]
CHAIN = make_preset("spos_tiny", image_size=(8, 8), depth=0.5)
BRANCHES = make_preset("nse_tiny", image_size=(8, 8), width=0.25, depth=0.25)
CELLS = make_preset("nb201", image_size=(8, 8), width=0.5).resized(1, None)
GATED = make_preset(
    "excite_small",
    image_size=(8, 8),
    num_classes=10,
    width=0.25,
    depth=0.25,
)
GENES: dict[str, tuple[SearchSpace, list[Any]]] = {
    "chain": (CHAIN, [0] * len(CHAIN.blocks)),
    # Gates beside ReLU, hard swish alone, and both.
    "gated chain": (GATED, [4, 9, 15]),
    "branches": (
        BRANCHES,
        [(0, 1, 2) if block.max_open > 2 else 0 for block in BRANCHES.blocks],
    ),
    "cells": (CELLS, [3, 4, 2, 1, 0, 3]),
}


@pytest.fixture(scope="module")
def content() -> bytes:
    space, genes = GENES["cells"]
    child = build_child(space, space.genotype(genes), fast=False)
    return with_classifier(
        convert_untrained(child, "int8"), NAMES, is_for_apps=False
    )


@pytest.mark.parametrize("family", GENES)
def test_ram_and_flash_are_predicted_within_two_percent(family: str) -> None:
    space: SearchSpace = GENES[family][0]
    genotype = space.genotype(GENES[family][1])
    predicted = micro_costs(space).of(genotype)
    child = build_child(space, genotype, fast=False)
    weights = child.get_weights()
    (ram,), (flash,) = measure_memory([child], NAMES)
    for before, after in zip(weights, child.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    assert predicted["ram_bytes"] == pytest.approx(ram, rel=0.02)
    assert predicted["flash_bytes"] == pytest.approx(flash, rel=0.02)


def test_an_export_has_the_file_as_source_with_its_kernels(
    tmp_path: pathlib.Path, content: bytes
) -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3))
    report = export_micro(
        with_classifier(content, NAMES),  # As in the folder of an export.
        tmp_path,
        class_names=NAMES,
        test_images=images,
        test_labels=np.zeros(5, int),
    )
    assert report.steps <= 2
    assert report.faults == []
    written = json.loads((tmp_path / "micro.json").read_text())
    assert written["arena_bytes"] == report.arena_bytes > 8 * 8 * 8
    assert written["flash_bytes"] == len(content)
    ops = (tmp_path / "model_ops.h").read_text()
    assert f"MicroMutableOpResolver<{len(report.kernels)}>" in ops
    assert ops.count("resolver.Add") == len(report.kernels)
    array = (tmp_path / "model_data.c").read_text()
    assert (
        bytes(int(each, 16) for each in re.findall(r"0x([0-9a-f]{2})", array))
        == content
    )
    assert (
        f"NSE_ARENA_BYTES {report.arena_bytes}"
        in (tmp_path / "model_data.h").read_text()
    )


@pytest.mark.parametrize(
    ("compiler", "language"), [("gcc", ["-std=c11"]), ("g++", ["-x", "c++"])]
)
def test_the_source_compiles_and_holds_bytes_and_labels(
    tmp_path: pathlib.Path, compiler: str, language: list[str]
) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"There is no {compiler}.")
    facts = MicroFacts(
        class_names=NAMES,
        arena_bytes=1000,
        input_shape=(8, 8, 3),
        input_scale=1.0,
        input_zero_point=0,
        output_scale=0.25,
        output_zero_point=3,
        kernels=["AddConv2D"],
    )
    stored = bytes(range(256))
    (tmp_path / "model_data.h").write_text(header_text(stored, facts))
    (tmp_path / "model_data.c").write_text(array_text(stored, facts))
    (tmp_path / "main.c").write_text(
        '#include "model_data.h"\n#include <stdint.h>\n#include <stdio.h>\n'
        "int main(void) {\n"
        "  if ((uintptr_t)nse_model % 16) return 1;\n"
        "  if (sizeof(nse_model) != 256 || nse_model[255] != 255) return 2;\n"
        "  for (int i = 0; i < NSE_NUM_CLASSES; ++i) puts(nse_labels[i]);\n"
        "  return 0;\n}\n"
    )
    subprocess.run(
        [compiler, *language, "-Wall", "-Werror", "main.c", "model_data.c"],
        cwd=tmp_path,
        check=True,
    )
    printed = subprocess.run(
        [tmp_path / "a.out"], check=True, capture_output=True
    ).stdout.decode()
    assert printed.splitlines() == NAMES


def test_scores_that_are_further_than_two_steps_are_a_fault() -> None:
    report = MicroReport(
        arena_bytes=1,
        flash_bytes=1,
        kernels=("ADD",),
        num_images=1,
        steps=2,
        xnnpack_steps=9,
        agreement=1.0,
        accuracy=None,
    )
    assert report.faults == []
    (fault,) = dataclasses.replace(report, steps=3).faults
    assert fault.startswith("Scores of TensorFlow Lite Micro are up to 3 steps")


def test_a_kernel_that_is_missing_is_named() -> None:
    inputs = keras.Input((4, 4, 1))
    outputs = keras.layers.Conv2D(2, 3, activation="gelu")(inputs)
    outputs = keras.layers.GlobalAveragePooling2D()(outputs)
    file = convert(keras.Model(inputs, outputs), "fp32")
    with pytest.raises(ValueError, match="has no kernel for GELU: replace"):
        require_kernels(file)


def test_without_the_package_one_sentence_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        ValueError, match=r"not installed: pip install 'nse-tf\["
    ):
        require_tflite_micro()
