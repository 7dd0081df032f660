"""Phones: the real adb without a device, and a stand-in that prints the tool's.

The stand-in prints what `benchmark_model` printed in public issue threads; no
phone took part.
"""

import os
import pathlib
import shutil
import subprocess

import pytest

from nse_tf.export import AndroidBackend, TablePlan, measure_table
from nse_tf.export.android import parse_benchmark
from tests.export.table_maker_test import Builders

OUTPUT = """\
INFO: STARTING!
INFO: Graph: [/data/local/tmp/model.tflite]
INFO: Use xnnpack: [1]
INFO: Loaded model /data/local/tmp/model.tflite
VERBOSE: Replacing 64 out of 66 node(s) with delegate (TfLiteXNNPackDelegate) \
node, yielding 3 partitions for the whole graph.
INFO: Running benchmark for at least 1 iterations and at least 0.5 seconds
INFO: count=9 first=9000 curr=8000 min=7000 max=9100 avg=8111 std=20 p5=7000 \
median=8000 p95=9100

INFO: Running benchmark for at least 50 iterations and at least 1 seconds
INFO: count=50 first=5000 curr=4800 min=4700 max=5900 avg=4.91e+03 std=100 \
p5=4750 median=4900 p95=5.2e+03

INFO: Inference timings in us: Init: 5579, First inference: 9000, Warmup \
(avg): 8111, Inference (avg): 4910
"""

STAND_IN = """#!/bin/sh
echo "$@" >> "$(dirname "$0")/log"
[ "$1" = -s ] && shift 2
case "$*" in
  devices) printf 'List of devices attached\\n'; cat "$(dirname "$0")/devices";;
  *ro.product.model*) echo "Pixel 8";;
  *ro.soc.model*) echo "Tensor G3";;
  *scaling_governor*) echo "sched_pixel";;
  *sha256sum*) echo "0123456789abcdef0123  /data/local/tmp/benchmark_model";;
  *"ls /data"*) cat "$(dirname "$0")/tool" 2>/dev/null; true;;
  *--graph=*) cat "$(dirname "$0")/output";;
esac
"""


@pytest.fixture
def phone(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> pathlib.Path:
    """A folder at the head of the PATH with a stand-in for adb."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "adb").write_text(STAND_IN)
    (folder / "adb").chmod(0o755)
    (folder / "devices").write_text("28151FDH3000\tdevice\n")
    (folder / "tool").write_text("/data/local/tmp/nse_tf/benchmark_model\n")
    (folder / "output").write_text(OUTPUT)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def test_output_is_read_past_the_warm_up() -> None:
    timing = parse_benchmark("model", OUTPUT, use_xnnpack=True)
    assert timing.median_ms == 4.9
    assert timing.runs == 50
    # 0.41 of the way from the median to the outer percentiles.
    assert timing.p25_ms == pytest.approx(4.9 - 0.41 * 0.15, abs=1e-3)
    assert timing.p75_ms == pytest.approx(4.9 + 0.41 * 0.30, abs=1e-3)
    assert (timing.delegated_ops, timing.num_ops) == (64, 66)
    timing = parse_benchmark("model", OUTPUT, use_xnnpack=False)
    assert timing.delegated_ops is None


def test_an_old_tool_without_a_median_is_refused() -> None:
    old = "count=50 first=1 curr=1 min=1 max=1 avg=1 std=0\nInference (avg): 1"
    with pytest.raises(ValueError, match="no median for 'x', but: 'Inference"):
        parse_benchmark("x", old, use_xnnpack=True)
    with pytest.raises(ValueError, match="but: 'nothing'"):
        parse_benchmark("x", "", use_xnnpack=True)


def test_a_table_is_measured_on_the_phone_with_provenance(
    phone: pathlib.Path,
) -> None:
    table = measure_table(
        Builders(4, 8), TablePlan(rounds=2), backend=AndroidBackend()
    )
    given = table.provenance
    assert (given.device, given.cpu) == ("Pixel 8", "Tensor G3")
    assert given.governor == "sched_pixel"
    assert given.runtime_version == "sha256 0123456789ab"
    assert set(table.rows) == {"conv/4", "conv/8"}
    assert table.overhead_ms == 4.9
    assert table.row("conv/4").latency_ms == 0  # As slow as the empty file.
    log = (phone / "log").read_text()
    assert log.count("push") == 3
    assert log.count("--graph=/data/local/tmp/nse_tf/") == 6
    assert "--num_threads=1 --use_xnnpack=true --warmup_runs=3" in log
    assert log.splitlines()[-1].startswith("-s 28151FDH3000 shell rm -f ")


def test_the_tool_is_pushed_where_it_is_given(
    phone: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    (phone / "tool").unlink()
    with pytest.raises(ValueError, match="--benchmark_model=FILE"):
        AndroidBackend()
    with pytest.raises(ValueError, match="is not a file"):
        AndroidBackend(benchmark_model=tmp_path / "absent")
    tool = tmp_path / "benchmark_model"
    tool.write_bytes(b"")
    AndroidBackend(benchmark_model=tool)
    assert f"push {tool} /data/local/tmp/nse_tf/" in (phone / "log").read_text()


def test_one_of_two_phones_must_be_named(phone: pathlib.Path) -> None:
    (phone / "devices").write_text("one\tdevice\ntwo\tunauthorized\n")
    with pytest.raises(ValueError, match=r"2 devices: one \(device\), two"):
        AndroidBackend()
    AndroidBackend("one")
    with pytest.raises(ValueError, match="two is unauthorized, not ready"):
        AndroidBackend("two")
    with pytest.raises(ValueError, match="no device 'three', but one"):
        AndroidBackend("three")


def test_a_phone_that_throttles_leaves_no_table(
    phone: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    hot = OUTPUT.replace("p95=5.2e+03", "p95=2.2e+04")
    (phone / "output").write_text(hot)
    path = tmp_path / "table.json"
    with pytest.raises(ValueError, match=r"vary too much: in 2 tries"):
        measure_table(
            Builders(4),
            TablePlan(rounds=1, retries=1),
            backend=AndroidBackend(),
            cache_path=path,
        )
    assert not path.exists()


def test_a_tool_that_fails_is_reported_with_its_last_line(
    phone: pathlib.Path,
) -> None:
    backend = AndroidBackend()
    (phone / "adb").write_text(
        "#!/bin/sh\necho 'Segmentation fault' >&2\nexit 9"
    )
    with pytest.raises(ValueError, match="exit code 9: Segmentation fault"):
        backend.time({"x": b""}, TablePlan())


def test_without_adb_it_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError, match="adb is not on the PATH"):
        AndroidBackend()


@pytest.mark.skipif(shutil.which("adb") is None, reason="adb is not installed")
def test_the_real_adb_sees_no_device_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A server of its own, so that one in use is left alone.
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", "15037")
    try:
        with pytest.raises(ValueError, match="adb sees no device: connect"):
            AndroidBackend()
    finally:
        subprocess.run(["adb", "kill-server"], check=False, capture_output=True)
