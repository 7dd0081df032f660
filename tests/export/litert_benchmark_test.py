"""LiteRT's own program as a second opinion."""

import pathlib

import keras
import pytest

from nse_tf.export import (
    LiteRTBenchmarkBackend,
    TablePlan,
    convert_part,
    measure_latency,
)
from nse_tf.export.litert_benchmark import _timing

RESULT = {"latency": {"p5_ms": 0.5, "median_ms": 0.6, "p95_ms": 1.6}}


def test_quartiles_lie_between_median_and_percentiles() -> None:
    RESULT["latency"]["num_runs"] = 20
    timing = _timing(RESULT)
    assert timing.median_ms == 0.6
    assert timing.p25_ms == pytest.approx(0.559, abs=1e-3)
    assert timing.p75_ms == pytest.approx(1.01, abs=1e-2)


def test_no_latency_is_finer_than_the_rounding() -> None:
    zero = {"p5_ms": 0, "median_ms": 0, "p95_ms": 0, "num_runs": 9}
    timing = _timing({"latency": zero})
    assert timing.median_ms == 0.005
    assert timing.p75_ms > timing.median_ms > timing.p25_ms >= 0


def test_a_delegate_cannot_be_switched_off() -> None:
    with pytest.raises(ValueError, match="cannot switch XNNPACK off"):
        LiteRTBenchmarkBackend().provenance(TablePlan(use_xnnpack=False))


def test_a_program_that_fails_is_reported(tmp_path: pathlib.Path) -> None:
    program = tmp_path / "litert-benchmark"
    program.write_text("#!/bin/sh\necho first\necho 'no such op' >&2\nexit 3\n")
    program.chmod(0o755)
    backend = LiteRTBenchmarkBackend(str(program))
    with pytest.raises(
        ValueError, match="'x' fails with exit code 3: no such op"
    ):
        backend.time({"x": b""}, TablePlan())


def test_a_program_that_is_nowhere_says_where_it_comes_from(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(ValueError, match="pip install ai-edge-litert"):
        LiteRTBenchmarkBackend()


@pytest.mark.slow
def test_it_agrees_with_the_interpreter() -> None:
    x = given = keras.Input((64, 64, 64))
    for _ in range(4):
        x = keras.layers.Conv2D(64, 3, padding="same")(x)
    content = convert_part(keras.Model(given, x), "fp32")
    theirs = LiteRTBenchmarkBackend().time(
        {"x": content}, TablePlan(rounds=2, runs=20)
    )
    ours = measure_latency(content).median_ms
    assert ours / 2 < theirs["x"].median_ms < ours * 2
