import dataclasses
import pathlib
from typing import Any

import pytest

from nse_tf.costs import Budget
from nse_tf.events import OperatorsScored, TrainedAlone, WinnerChosen
from nse_tf.methods import OneShotSearch
from nse_tf.reporting.answer import Verdict, find_answer, progress_text
from nse_tf.reporting.answer_section import limit_text
from nse_tf.reporting.run_files import LatencyFacts
from nse_tf.reporting.run_record import RunRecord, read_record
from tests.reporting.made_up_run import (
    CONFIG,
    begin_run,
    exports,
    latencies,
    make_history,
)


@pytest.fixture(scope="module")
def record(run_dir: pathlib.Path) -> RunRecord:
    return read_record(run_dir)


def with_settings(record: RunRecord, **settings: Any) -> RunRecord:
    """Returns the record under other settings, before it has a result."""
    assert record.config is not None
    config = dataclasses.replace(record.config, settings=settings)
    return dataclasses.replace(record, config=config, result=None)


def test_the_answer_is_that_of_the_files(
    record: RunRecord, method: OneShotSearch
) -> None:
    answer = find_answer(record)
    (winner,) = method.noted(WinnerChosen)
    assert answer is not None
    assert answer.costs == winner.costs
    assert answer.path == winner.path
    assert (answer.test_errors, answer.test_images) == (4, 360)
    assert answer.inherited_accuracy == winner.inherited_accuracy
    assert answer.network is not None
    assert answer.network.macs == winner.costs["macs"]
    assert [file.precision for file in answer.files] == ["fp32", "fp16", "int8"]


def test_there_is_no_answer_before_the_winner(record: RunRecord) -> None:
    events = tuple(
        event for event in record.events if not isinstance(event, WinnerChosen)
    )
    early = dataclasses.replace(record, events=events, result=None)
    assert find_answer(early) is None


def test_the_winner_is_reported_before_it_is_tested(record: RunRecord) -> None:
    answer = find_answer(dataclasses.replace(record, result=None))
    assert answer is not None
    assert answer.test_accuracy is None
    assert answer.network is not None


def test_an_accuracy_on_images_trained_on_is_not_reported(
    record: RunRecord,
) -> None:
    answer = find_answer(record)
    assert answer is not None
    assert record.last(TrainedAlone) is not None
    assert answer.validation_accuracy is None


def test_an_honest_validation_accuracy_is_reported(
    tmp_path: pathlib.Path,
) -> None:
    config = dataclasses.replace(CONFIG, shrinking=None, retrain_on_all=False)
    method = make_history(Budget(), config)
    begin_run(tmp_path, method)
    answer = find_answer(read_record(tmp_path))
    assert answer is not None
    assert answer.validation_accuracy is not None
    assert answer.validation_accuracy == pytest.approx(
        method.noted(WinnerChosen)[0].validation_accuracy
    )


def test_a_latency_limit_applies_to_the_file_of_the_precision(
    record: RunRecord,
) -> None:
    for precision, median_ms in (("fp32", 0.14231), ("int8", 0.07123)):
        changed = with_settings(record, max_latency_ms=0.1, precision=precision)
        answer = find_answer(changed)
        assert answer is not None
        (verdict,) = answer.verdicts
        assert verdict.actual == median_ms
        assert verdict.is_met is (median_ms < 0.1)


def test_a_size_limit_applies_to_the_file_too(record: RunRecord) -> None:
    changed = with_settings(record, max_size_bytes=100_000, precision="fp32")
    answer = find_answer(changed)
    assert answer is not None
    (verdict,) = answer.verdicts
    assert verdict.actual == 151_204
    assert verdict.shown_excess == "51.2 %"


def test_before_the_export_a_limit_is_compared_with_the_table(
    record: RunRecord,
) -> None:
    changed = dataclasses.replace(
        with_settings(record, max_latency_ms=30.0), export=None, latency=None
    )
    answer = find_answer(changed)
    assert answer is not None
    (verdict,) = answer.verdicts
    assert verdict.actual == answer.costs["latency_ms"]
    assert verdict.shown_actual.endswith("by the cost table")


def test_a_limit_by_device_holds_for_what_its_table_tells(
    record: RunRecord,
) -> None:
    assert record.result is not None
    result = dataclasses.replace(
        record.result,
        costs={"latency_ms@Pi 5": 20.0, "latency_ms@Pixel 8": 4.0},
        budget={"latency_ms": None, "latency_ms@Pi 5": 8, "latency_ms@desk": 1},
        here="desk",
    )
    answer = find_answer(dataclasses.replace(record, result=result))
    assert answer is not None
    pi, desk = answer.verdicts
    assert pi.shown_actual == "20 ms by the cost table"
    assert (pi.is_met, pi.shown_excess) == (False, "150 %")
    assert limit_text(pi) == "Latency on Pi 5 ≤ 8.00 ms"
    # Files were measured there.
    assert "(fp32 file" in desk.shown_actual


def verdict_of(
    cost: str, limit: float, actual: float | None, *, is_floor: bool = False
) -> Verdict:
    return Verdict(
        cost=cost, limit=limit, is_floor=is_floor, actual=actual, source=""
    )


def test_a_floor_is_missed_from_below() -> None:
    verdict = Verdict(
        cost="macs", limit=200.0, is_floor=True, actual=150, source=""
    )
    assert verdict.is_met is False
    assert verdict.shown_excess == "25.0 %"
    assert verdict.shown_limit == "at least 200"


def test_a_limit_met_to_the_digit_is_met() -> None:
    assert (
        Verdict(
            cost="macs", limit=150.0, is_floor=False, actual=150, source=""
        ).is_met
        is True
    )


def test_what_is_not_known_is_neither_met_nor_missed() -> None:
    verdict = Verdict(
        cost="latency_ms", limit=1.0, is_floor=False, actual=None, source=""
    )
    assert verdict.is_met is None
    assert verdict.shown_actual == "not known yet"


def test_faults_come_with_their_file(record: RunRecord) -> None:
    export = exports(int8=["Not fully integer."])
    answer = find_answer(dataclasses.replace(record, export=export))
    assert answer is not None
    faults = {file.precision: file.faults for file in answer.files}
    assert faults == {"fp32": (), "fp16": (), "int8": ("Not fully integer.",)}


def test_a_measurement_is_reported_with_device_threads_and_runtime(
    record: RunRecord,
) -> None:
    files = latencies().files
    files["int8"] = dataclasses.replace(
        files["int8"], num_threads=2, delegate="none"
    )
    del files["fp16"]
    latency = LatencyFacts(files)
    answer = find_answer(dataclasses.replace(record, latency=latency))
    assert answer is not None
    fp32, fp16, int8 = (file.measured_on for file in answer.files)
    assert fp32 == (
        "Linux x86_64 (Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz, governor "
        "unknown) with 1 thread, ai-edge-litert 2.1.0, delegate XNNPACK"
    )
    assert fp16 == "nothing yet"
    assert int8.endswith("with 2 threads, ai-edge-litert 2.1.0, no delegate")


def test_progress_counts_what_is_done(record: RunRecord) -> None:
    num_stages = len(record.named(OperatorsScored))
    text = progress_text(record)
    assert text.startswith(f"{num_stages} stages of shrinking, 40 children")
    assert progress_text(RunRecord(name="x")) == "nothing that could be shown"
