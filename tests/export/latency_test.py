"""Latency: robust numbers, bounded time, full provenance."""

import time

import keras
import numpy as np
import pytest

from nse_tf.export import (
    Latency,
    convert,
    convert_part,
    describe_machine,
    measure_latency,
    measure_together,
)
from nse_tf.export.latency import (
    MAX_RUNS_PER_ROUND,
    calmer_half,
    spread_of,
)
from tests.export.textures import Trained


def convolution(channels: int) -> bytes:
    given = keras.Input((32, 32, channels))
    layer = keras.layers.Conv2D(channels, 3, padding="same")
    return convert_part(keras.Model(given, layer(given)), "fp32")


@pytest.fixture(scope="module")
def int8_file(trained: Trained) -> bytes:
    return convert(trained.model, "int8", trained.images)


@pytest.fixture(scope="module")
def latency(int8_file: bytes) -> Latency:
    return measure_latency(int8_file, warmup=3, runs=60, min_seconds=0.02)


def test_calmer_half_keeps_the_rounds_of_lowest_median() -> None:
    rounds = [np.array(r) for r in ([5, 9, 9], [1, 2, 99], [3, 3], [4], [8])]
    calm = [each.tolist() for each in calmer_half(rounds)]
    assert calm == [[1, 2, 99], [3, 3], [4]]


def test_the_spread_is_that_of_quartiles_or_of_rounds() -> None:
    # Of the calmer half, 1, 2, 3 and 2, 2: quartiles 2 and 2, medians 2 and 2.
    one, other = np.array([1.0, 2, 3]), np.array([2.0, 2])
    assert spread_of([one, other, np.array([9.0, 9, 9])]) == 0
    # Quartiles of 1, 2, 3, 4, 5 are 2 and 4, a microsecond less, of 3.
    alone = np.arange(1.0, 6)
    assert spread_of([alone]) == pytest.approx(1.999 / 3)
    # Rounds of 1 and 2 ms: 0.999 of 1.5, where quartiles differ by 1, too.
    rounds = [
        np.full(9, 1.0),
        np.full(9, 1.0),
        np.full(9, 2.0),
        np.full(9, 8.0),
    ]
    assert spread_of(rounds) == 0
    assert spread_of(rounds[1:]) == pytest.approx(0.999 / 1.5)


@pytest.mark.parametrize(
    ("times", "rounds", "is_steady"),
    [
        ([1.0, 1.1, 1.0, 1.1], 4, True),
        ([1.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 9.0], 8, True),
        ([1.0, 2.0, 4.0, 8.0] * 2, 8, False),
    ],
)
def test_what_disagrees_is_measured_on_within_a_bound(
    int8_file: bytes,
    monkeypatch: pytest.MonkeyPatch,
    times: list[float],
    rounds: int,
    is_steady: bool,
) -> None:
    warmup = [1.0]
    left = iter([*warmup, *times])
    monkeypatch.setattr(
        "nse_tf.export.latency._time_runs",
        lambda interpreter, count, seconds: np.full(4, next(left)),
    )
    latency = measure_latency(int8_file, rounds=4)
    assert (latency.rounds, latency.is_steady) == (rounds, is_steady)
    assert is_steady is (latency.spread <= 0.25)


def test_quartiles_are_in_order(latency: Latency) -> None:
    assert 0 < latency.min_ms <= latency.p25_ms
    assert latency.p25_ms <= latency.median_ms <= latency.p75_ms


def test_provenance_is_complete(latency: Latency) -> None:
    assert latency.machine == describe_machine()
    assert latency.machine.runtime == "ai-edge-litert"
    assert latency.machine.cpu != "unknown"
    assert latency.date[:2] == "20"
    assert latency.date.endswith("+00:00")
    assert latency.input == "uint8 1x8x8x1"
    assert (latency.warmup, latency.num_threads) == (3, 1)
    assert latency.rounds in (5, 10)
    assert latency.runs >= 60 * 3 // 5


def test_delegate_is_reported_with_the_ops_it_took(
    latency: Latency, int8_file: bytes
) -> None:
    assert latency.delegate == "XNNPACK"
    assert latency.num_ops is not None
    assert latency.delegated_ops == latency.num_ops - 2
    plain = measure_latency(int8_file, use_xnnpack=False, min_seconds=0.0)
    assert plain.delegate == "none"
    assert plain.delegated_ops == 0


def test_a_larger_network_is_slower() -> None:
    measured = measure_together(
        {"large": convolution(64), "small": convolution(8)}, min_seconds=0.02
    )
    assert measured["large"].median_ms > 3 * measured["small"].median_ms


def test_long_networks_stop_in_time() -> None:
    content = convolution(64)
    start = time.monotonic()
    latency = measure_latency(
        content,
        warmup=10**9,
        runs=10**9,
        min_seconds=0,
        max_seconds=0.2,
    )
    # Twice 0.2 seconds, warm-up and runs, if nothing disturbs.
    assert time.monotonic() - start < 3
    assert latency.runs >= 3


def test_short_networks_get_many_runs_but_not_without_end(
    trained: Trained,
) -> None:
    given = keras.Input((1, 1, 1))
    tiny = keras.Model(given, keras.layers.ReLU()(given))
    content = convert_part(tiny, "fp32")
    latency = measure_latency(content, runs=1, rounds=1, min_seconds=5)
    assert 1000 < latency.runs <= MAX_RUNS_PER_ROUND


def test_counts_below_one_are_refused(int8_file: bytes) -> None:
    with pytest.raises(ValueError, match="`runs` must be at least 1, got 0"):
        measure_latency(int8_file, runs=0)
    with pytest.raises(ValueError, match="`rounds` must be at least 1, got 0"):
        measure_latency(int8_file, rounds=0)
    with pytest.raises(ValueError, match="`warmup` must be at least 1, got 0"):
        measure_latency(int8_file, warmup=0)


def test_crossed_time_limits_are_refused(int8_file: bytes) -> None:
    with pytest.raises(ValueError, match=r"`min_seconds` \(2\)"):
        measure_latency(int8_file, min_seconds=2, max_seconds=1)
