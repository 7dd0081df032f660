"""The table of NAS-Bench-201 is written from the benchmark's own interface."""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from nse_tf.ranking import read_table
from tests.end_to_end.pages import CHECKOUT
from tests.shared_data import NB201_CSV, needs_nasbench201

# What of the interface is asked for, answered from the table at hand.
STAND_IN = f"""
import csv, gzip

class Api:
    def __init__(self):
        with gzip.open({str(NB201_CSV)!r}, "rt") as file:
            self.rows = list(csv.DictReader(file))

    def arch(self, index):
        return self.rows[index]["arch"]

    def get_more_info(self, index, dataset, hp="12", is_random=True):
        assert not is_random
        column, key = {{
            ("cifar10", "200"): ("cifar10_test", "test-accuracy"),
            ("cifar10", "12"): ("cifar10_test_e12", "test-accuracy"),
            ("cifar10-valid", "12"): ("cifar10_valid_e12", "valid-accuracy"),
        }}[dataset, hp]
        return {{key: float(self.rows[index][column])}}

    def get_cost_info(self, index, dataset, hp="12"):
        row = self.rows[index]
        return {{
            "flops": float(row["flops_m"]), "params": float(row["params_m"])
        }}

def create(file_path_or_dict, search_space, fast_mode=False, verbose=True):
    assert (search_space, fast_mode, verbose) == ("tss", True, False)
    return Api()
"""


def run(folder: pathlib.Path, path: str) -> subprocess.CompletedProcess[str]:
    script = CHECKOUT / "examples" / "nb201_table.py"
    return subprocess.run(
        [sys.executable, str(script), "--benchmark=benchmark"],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
    )


@needs_nasbench201
def test_the_table_has_what_the_benchmark_says(tmp_path: pathlib.Path) -> None:
    (tmp_path / "nats_bench.py").write_text(STAND_IN)
    (tmp_path / "benchmark").mkdir()
    done = run(tmp_path, f"{CHECKOUT}{os.pathsep}{tmp_path}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(
        "15,625 of 15,625 cells\nTable: nb201_cifar10.csv.gz\n"
    )
    made = read_table(tmp_path / "nb201_cifar10.csv.gz")
    known = read_table(NB201_CSV)
    np.testing.assert_array_equal(made.paths, known.paths)
    for name in (
        *("cifar10_test", "cifar10_valid_e12", "cifar10_test_e12"),
        *("flops_m", "params_m"),
    ):
        np.testing.assert_array_equal(made.column(name), known.column(name))


@pytest.mark.parametrize(
    ("stand_in", "message"),
    [
        (None, "pip install nats_bench"),
        (STAND_IN, "--benchmark=benchmark is no folder"),
    ],
)
def test_what_is_missing_is_said(
    stand_in: str | None, message: str, tmp_path: pathlib.Path
) -> None:
    if stand_in is not None:
        (tmp_path / "nats_bench.py").write_text(stand_in)
    done = run(tmp_path, f"{CHECKOUT}{os.pathsep}{tmp_path}")
    assert done.returncode == 1
    assert message in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "nb201_cifar10.csv.gz").exists()
