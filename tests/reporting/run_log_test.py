import logging
import pathlib
import tempfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nse_tf.events import (
    Entry,
    Event,
    JobFailed,
    RunFailed,
    RunFinished,
    StageTimed,
)
from nse_tf.reporting import RunLog
from nse_tf.spaces.sealed_files import DamagedError

FINISHED = RunFinished()


def entry(number: int, event: Event = FINISHED) -> Entry:
    return Entry(f"{number:05d}_x", event)


def timed(number: int, seconds: float) -> Entry:
    return entry(number, StageTimed(name="é", seconds=seconds))


def make_log(folder: pathlib.Path, content: bytes) -> RunLog:
    path = folder / "log.jsonl"
    path.write_bytes(content)
    return RunLog(path)


def test_a_log_without_a_file_is_empty(tmp_path: pathlib.Path) -> None:
    log = RunLog(tmp_path / "runs" / "log.jsonl")
    assert log.read() == []
    log.append([])
    assert not log.path.exists()


def test_events_come_back_as_they_were(tmp_path: pathlib.Path) -> None:
    log = RunLog(tmp_path / "runs" / "log.jsonl")
    failed = JobFailed(job="a", error="a\n\u2028é")
    entries = [timed(0, 1 / 3), entry(1, failed)]
    log.append(entries)
    assert log.read() == entries
    assert log.path.read_bytes().count(b"\n") == 2


@given(st.lists(st.integers(0, 12), max_size=6))
def test_a_growing_history_may_be_appended_again_and_again(
    lengths: list[int],
) -> None:
    history = [timed(number, number) for number in range(12)]
    with tempfile.TemporaryDirectory() as folder:
        log = RunLog(pathlib.Path(folder) / "log.jsonl")
        for length in lengths:
            log.append(history[:length])
        assert log.read() == history[: max(lengths, default=0)]


def test_an_id_that_occurs_twice_in_one_call_is_written_once(
    tmp_path: pathlib.Path,
) -> None:
    log = RunLog(tmp_path / "log.jsonl")
    log.append([entry(0), entry(0)])
    assert log.read() == [entry(0)]


def test_wherever_a_kill_cuts_the_file_the_history_can_be_completed(
    tmp_path: pathlib.Path,
) -> None:
    history = [timed(0, 2.0), timed(1, 0.5), entry(2)]
    log = RunLog(tmp_path / "log.jsonl")
    log.append(history[:2])
    written = len(log.path.read_bytes())
    log.append(history)
    content = log.path.read_bytes()
    for length in range(written + 1):
        log.path.write_bytes(content[:length])
        left = log.read()
        assert left == history[: len(left)]
        assert len(left) == content[:length].count(b"\n")
        log.append(history)
        assert log.path.read_bytes() == content


def test_a_torn_last_line_is_left_out_with_a_warning(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = make_log(
        tmp_path, b'{"id": "a", "event": "finished"}\n{"id": "b", "ev'
    )
    with caplog.at_level(logging.WARNING, logger="nse_tf"):
        assert log.read() == [Entry("a", RunFinished())]
    assert "left out line 2" in caplog.text


def test_a_torn_last_line_of_zeros_is_left_out(tmp_path: pathlib.Path) -> None:
    log = make_log(tmp_path, b'{"id": "a", "event": "finished"}\n\0\0\0\0')
    log.append([Entry("b", RunFinished())])
    assert [each.id for each in log.read()] == ["a", "b"]


def test_a_damaged_line_in_the_middle_is_refused_by_number(
    tmp_path: pathlib.Path,
) -> None:
    log = make_log(tmp_path, b'{"id": "a", "event": "finished"}\n{"id\n{}\n')
    with pytest.raises(ValueError, match=r"log\.jsonl, line 2, is damaged"):
        log.read()


def test_a_line_that_is_no_event_is_refused(tmp_path: pathlib.Path) -> None:
    log = make_log(tmp_path, b'{"id": "a"}\n')
    with pytest.raises(ValueError, match="line 1, is damaged: it is no event"):
        log.append([entry(0)])
    assert log.path.read_bytes() == b'{"id": "a"}\n'


def test_what_json_cannot_hold_is_refused_and_nothing_written(
    tmp_path: pathlib.Path,
) -> None:
    wrong: Any = object()
    log = RunLog(tmp_path / "log.jsonl")
    with pytest.raises(ValueError, match="Event '00001_x' does not fit"):
        log.append([entry(0), entry(1, RunFailed(error=wrong))])
    assert not log.path.exists()


def test_a_file_that_holds_nan_is_refused(tmp_path: pathlib.Path) -> None:
    log = make_log(
        tmp_path, b'{"id": "a", "event": "finished", "y": NaN}\n{}\n'
    )
    with pytest.raises(DamagedError, match="NaN is not JSON"):
        log.read()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"id": "a", "event": "x"}', "log event of a known kind: 'x'"),
        (b'{"id": "a", "event": "finished", "y": 1}', "unknown fields y"),
        (b'{"id": "a", "event": "error"}', "the field 'error' is missing"),
        (b'{"id": "a", "event": "error", "error": 3}', "3 is no str"),
        (b"[]", "it is no event"),
    ],
)
def test_a_line_that_is_no_known_event_is_refused(
    line: bytes, reason: str, tmp_path: pathlib.Path
) -> None:
    log = make_log(
        tmp_path, b'{"id": "0", "event": "finished"}\n' + line + b"\n"
    )
    with pytest.raises(DamagedError, match=rf"line 2, is damaged: .*{reason}"):
        log.read()


def test_a_log_is_read_once_however_often_it_grows(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = RunLog(tmp_path / "log.jsonl")
    log.append([entry(0)])
    with monkeypatch.context() as patch:
        patch.setattr(pathlib.Path, "read_bytes", None)
        for number in range(1, 5):
            log.append([entry(number)])
    # Another writer came between.
    RunLog(log.path).append([entry(5)])
    log.append([entry(5), entry(6)])
    assert log.read() == [entry(number) for number in range(7)]


def test_a_flipped_bit_of_any_line_is_noticed(tmp_path: pathlib.Path) -> None:
    log = RunLog(tmp_path / "log.jsonl")
    entries = [timed(0, 0.25), timed(1, 3.0)]
    log.append(entries)
    content = log.path.read_bytes()
    for index in range(len(content)):
        flipped = bytearray(content)
        flipped[index] ^= 1 << index % 4
        log.path.write_bytes(flipped)
        try:
            left = log.read()
        except ValueError:
            continue
        assert left == entries[:1]  # The end of the last line.


def test_a_damaged_log_is_repaired_by_the_history(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = RunLog(tmp_path / "log.jsonl")
    note = Entry("noted", StageTimed(name="a", seconds=2.0))
    history = [timed(number, number / 3) for number in range(4)]
    log.append([*history[:2], note, *history[2:]])
    content = log.path.read_bytes()
    lines = content.splitlines(keepends=True)
    for damage, repaired in (
        (content.replace(b"0.333", b"0.433"), content),
        (b"".join([b"\0" + lines[0], *lines[1:]]), content),
        (
            content.replace(b"noted", b"notfd"),
            content.replace(lines[2], b""),
        ),
    ):
        log.path.write_bytes(damage)
        RunLog(log.path).repair(history)
        assert log.path.read_bytes() == repaired
    assert caplog.text.count("is damaged. Kept as log.jsonl.damaged") == 3
    assert len(list(tmp_path.glob("log.jsonl.damaged*"))) == 3


def test_a_log_that_is_whole_or_only_torn_is_left_to_append(
    tmp_path: pathlib.Path,
) -> None:
    log = RunLog(tmp_path / "log.jsonl")
    history = [entry(0), entry(1)]
    log.repair(history)
    assert not log.path.exists()
    log.append(history)
    for content in (log.path.read_bytes(), log.path.read_bytes()[:-5]):
        log.path.write_bytes(content)
        log.repair(history)
        assert log.path.read_bytes() == content
