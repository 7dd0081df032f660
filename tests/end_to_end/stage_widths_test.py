"""A search of widths by stage, as a user starts it."""

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import keras
import numpy as np
import pytest

from nse_tf.costs import CostModel
from nse_tf.events import GenerationEvaluated
from nse_tf.reporting.run_record import read_record
from nse_tf.spaces import (
    format_genotype,
    load_genotype,
    load_space,
    parse_genotype,
)

pytestmark = pytest.mark.slow

CHECKOUT = pathlib.Path.cwd()
LITTLE = (
    *("--space=spos_tiny", "--depth=0.25", "--supernet_epochs=1"),
    *("--num_children=6", "--population=3", "--calibration_images=64"),
    *("--child_epochs=1", "--num_rank_checks=0", "--baselines=never"),
    *("--max_params_m=0.1", "--precisions=int8"),
)
WIDTHS = ("--sharing=nested", "--noshrink", "--stage_widths=0.5,1")


def run(
    binary: str, cwd: pathlib.Path, *argv: str
) -> subprocess.CompletedProcess[str]:
    """Runs one of the command lines in a folder."""
    program = f"import sys; sys.argv[0] = 'nse_{binary}'\n"
    program += f"from nse_tf.flags.{binary} import run\nrun()"
    return subprocess.run(
        [sys.executable, "-c", program, *argv],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        check=False,
    )


def test_a_search_chooses_widths_of_stages(tmp_path: pathlib.Path) -> None:
    cache = f"--cache_dir={tmp_path / 'cache'}"
    done = run("search", tmp_path, *LITTLE, *WIDTHS, cache)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "runs" / "digits"
    space = load_space(folder / "space_000.json")
    winner = load_genotype(space, folder / "best" / "genotype.json")
    text = format_genotype(space, winner)
    assert text.split()[0] in ("width_0.5", "width_1")
    assert parse_genotype(space, text) == winner
    _check_what_was_found(folder, space, winner)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "width_" in page
    described = run(
        "describe",
        tmp_path,
        f"--space={folder / 'space_000.json'}",
        f"--genotype={folder / 'best' / 'genotype.json'}",
        "--format=json",
    )
    found = json.loads(described.stdout)
    assert found["genotype"] == text
    assert found["macs"] == CostModel(space).costs(winner)["macs"]


def _check_what_was_found(
    folder: pathlib.Path, space: Any, winner: Any
) -> None:
    """Checks that costs, limits and the exported network agree."""
    costs = CostModel(space).costs(winner)
    model = keras.saving.load_model(folder / "best" / "model.keras")
    params = sum(np.prod(each.shape) for each in model.trainable_weights)
    assert params == costs["params"] <= 100_000
    evaluated = [
        path
        for event in read_record(folder).named(GenerationEvaluated)
        for path in event.paths
    ]
    assert len(evaluated) == 6
    numbers = [n for n, each in enumerate(space.blocks) if each.sets_width]
    # The explorer looked at narrow stages and at wide ones.
    assert {path[n] for path in evaluated for n in numbers} >= {0, 1}
    assert (folder / "best" / "model_int8.tflite").exists()
