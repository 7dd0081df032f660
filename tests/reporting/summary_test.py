import json
import pathlib

from nse_tf.events import Entry, RunFailed
from nse_tf.methods import OneShotSearch
from nse_tf.reporting import RunLog, summary_text, write_report
from nse_tf.spaces.files import write_json
from tests.reporting.made_up_run import (
    begin_run,
    export_json,
    finish_run,
    latency_json,
)


def test_the_answer_is_a_few_aligned_lines(run_dir: pathlib.Path) -> None:
    result = json.loads((run_dir / "best" / "result.json").read_text())
    costs = result["costs"]
    assert summary_text(run_dir).splitlines() == [
        "run                digits: finished",
        "test accuracy      98.89 % (4 of 360 wrong)",
        f"MACs               {costs['macs']:,}",
        f"parameters         {costs['params']:,}",
        "model_fp32.tflite   151 kB  98.89 %   0.142 ms",
        "model_fp16.tflite  82.1 kB  98.89 %   0.144 ms",
        "model_int8.tflite  54.3 kB  98.89 %  0.0712 ms",
        "measured on        Linux x86_64 (Intel(R) Xeon(R) Platinum 8481C CPU "
        "@ 2.70GHz, governor unknown) with 1 thread, ai-edge-litert 2.1.0, "
        "delegate XNNPACK",
        f"budget             MACs at most 800,000: met with {costs['macs']:,}",
        "budget             Latency at most 15 ms: met with 0.1423 ms (fp32 "
        "file)",
        "shared weights     after 1 training, 20 networks have 86.55 % on "
        "average with inherited weights; always guessing the most frequent "
        "class gets 10.00 %",
        "choice             by inherited accuracy: the best of 40 networks, "
        "but 500 validation images do not tell it from 32 others",
        "ranking            Kendall's tau 0.60 (-0.09 to 1.00) of 6 networks "
        "trained alone for 4 epochs",
    ]


def test_a_failed_run_is_reported_in_one_line(
    method: OneShotSearch, tmp_path: pathlib.Path
) -> None:
    log = RunLog(tmp_path / "c10" / "log.jsonl")
    log.append(method.history[:3])
    log.append([Entry("e", RunFailed(error="out of\nmemory"))])
    assert summary_text(tmp_path / "c10") == (
        "run  c10: failed: out of memory (so far: 1 stage of shrinking)"
    )


def test_faults_and_missed_limits_stand_out(
    method: OneShotSearch, tmp_path: pathlib.Path
) -> None:
    begin_run(tmp_path, method, {"max_latency_ms": 0.1})
    finish_run(tmp_path, method)
    result = json.loads((tmp_path / "best" / "result.json").read_text())
    result["budget"] = {"latency_ms": 0.1}
    write_json(tmp_path / "best" / "result.json", result)
    export = export_json(int8=["Not integer."])
    write_json(tmp_path / "best" / "export.json", export)
    text = summary_text(tmp_path)
    assert "0.0712 ms  FAULTY: Not integer." in text
    assert (
        "Latency at most 0.1 ms: MISSED by 42.3 % with 0.1423 ms (fp32 file)"
    ) in text


def test_a_latency_that_cannot_be_relied_on_says_so(
    method: OneShotSearch, tmp_path: pathlib.Path
) -> None:
    begin_run(tmp_path, method, {"max_latency_ms": 0.1})
    finish_run(tmp_path, method)
    latency = latency_json()
    latency["files"]["fp32"] |= {"spread": 0.83, "is_steady": False}
    write_json(tmp_path / "best" / "latency.json", latency)
    lines = summary_text(tmp_path).splitlines()
    (file,) = (each for each in lines if each.startswith("model_fp32"))
    assert file.endswith("0.142 ms UNSTEADY")
    (unsteady,) = (each for each in lines if each.startswith("unsteady"))
    assert "the latency of fp32 cannot be relied on" in unsteady
    assert "83% of the median" in unsteady
    assert any("(fp32 file, unsteady)" in each for each in lines)
    page = write_report(tmp_path).read_text(encoding="utf-8")
    assert "Unsteady: the latency of fp32 cannot be relied on" in page
    assert "✗ 83%" in page
