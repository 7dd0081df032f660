import logging
import math
import pathlib
import tempfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nse_tf.reporting import RunLog


def event(number: int, **facts: Any) -> dict[str, Any]:
    return {"id": f"{number:05d}_x", "event": "x", **facts}


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
    events = [event(0, paths=[[1, 2]], none=None), event(1, text="a\n\u2028é")]
    log.append(events)
    assert log.read() == events
    assert log.path.read_bytes().count(b"\n") == 2


@given(st.lists(st.integers(0, 12), max_size=6))
def test_a_growing_history_may_be_appended_again_and_again(
    lengths: list[int],
) -> None:
    history = [event(number, facts=[number]) for number in range(12)]
    with tempfile.TemporaryDirectory() as folder:
        log = RunLog(pathlib.Path(folder) / "log.jsonl")
        for length in lengths:
            log.append(history[:length])
        assert log.read() == history[: max(lengths, default=0)]


def test_an_id_that_occurs_twice_in_one_call_is_written_once(
    tmp_path: pathlib.Path,
) -> None:
    log = RunLog(tmp_path / "log.jsonl")
    log.append([event(0), event(0)])
    assert log.read() == [event(0)]


def test_wherever_a_kill_cuts_the_file_the_history_can_be_completed(
    tmp_path: pathlib.Path,
) -> None:
    history = [event(0, text="é"), event(1, losses=[0.5]), event(2)]
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
    log = make_log(tmp_path, b'{"id": "a", "event": "x"}\n{"id": "b", "ev')
    with caplog.at_level(logging.WARNING, logger="nse_tf"):
        assert log.read() == [{"id": "a", "event": "x"}]
    assert "left out line 2" in caplog.text


def test_a_torn_last_line_of_zeros_is_left_out(tmp_path: pathlib.Path) -> None:
    log = make_log(tmp_path, b'{"id": "a", "event": "x"}\n\0\0\0\0')
    log.append([{"id": "b", "event": "x"}])
    assert [each["id"] for each in log.read()] == ["a", "b"]


def test_a_damaged_line_in_the_middle_is_refused_by_number(
    tmp_path: pathlib.Path,
) -> None:
    log = make_log(tmp_path, b'{"id": "a", "event": "x"}\n{"id\n{}\n')
    with pytest.raises(ValueError, match=r"log\.jsonl, line 2, is damaged"):
        log.read()


def test_a_line_that_is_no_event_is_refused(tmp_path: pathlib.Path) -> None:
    log = make_log(tmp_path, b'{"id": "a"}\n')
    with pytest.raises(ValueError, match="line 1, is damaged: it is no event"):
        log.append([event(0)])
    assert log.path.read_bytes() == b'{"id": "a"}\n'


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_json_cannot_hold_is_refused_and_nothing_written(
    number: float, tmp_path: pathlib.Path
) -> None:
    log = RunLog(tmp_path / "log.jsonl")
    with pytest.raises(ValueError, match=r"`events` has '00001_x'"):
        log.append([event(0), event(1, losses=[number])])
    assert not log.path.exists()


def test_a_file_that_holds_nan_is_refused(tmp_path: pathlib.Path) -> None:
    log = make_log(tmp_path, b'{"id": "a", "event": "x", "y": NaN}\n{}\n')
    with pytest.raises(ValueError, match="NaN is not JSON"):
        log.read()


@pytest.mark.parametrize("value", [{"event": "x"}, {"id": "a"}, {"id": 1}])
def test_an_event_without_its_texts_is_refused(
    value: dict[str, Any], tmp_path: pathlib.Path
) -> None:
    with pytest.raises(ValueError, match="an event is an object with"):
        RunLog(tmp_path / "log.jsonl").append([value])


def test_a_log_is_read_once_however_often_it_grows(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = RunLog(tmp_path / "log.jsonl")
    log.append([event(0)])
    with monkeypatch.context() as patch:
        patch.setattr(pathlib.Path, "read_bytes", None)
        for number in range(1, 5):
            log.append([event(number)])
    # Another writer came between.
    RunLog(log.path).append([event(5)])
    log.append([event(5), event(6)])
    assert log.read() == [event(number) for number in range(7)]


def test_a_flipped_bit_of_any_line_is_noticed(tmp_path: pathlib.Path) -> None:
    log = RunLog(tmp_path / "log.jsonl")
    events = [event(0, value=0.25), event(1, value=3)]
    log.append(events)
    content = log.path.read_bytes()
    for index in range(len(content)):
        flipped = bytearray(content)
        flipped[index] ^= 1 << index % 4
        log.path.write_bytes(flipped)
        try:
            left = log.read()
        except ValueError:
            continue
        # The name of the checksum itself, or the end of the last line.
        told = [{name: e[name] for name in event(0, value=0)} for e in left]
        assert told in (events, events[:1])


def test_a_damaged_log_is_mended_by_the_history(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = RunLog(tmp_path / "log.jsonl")
    note = {"id": "noted", "event": "stage", "seconds": 2.0}
    history = [event(number, losses=[number / 3]) for number in range(4)]
    log.append([*history[:2], note, *history[2:]])
    content = log.path.read_bytes()
    lines = content.splitlines(keepends=True)
    for damage, repaired in (
        (content.replace(b"0.333", b"0.433"), content),
        (b"".join([b"\0" + lines[0], *lines[1:]]), content),
        (content.replace(b"stage", b"stagf"), content.replace(lines[2], b"")),
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
    history = [event(0), event(1)]
    log.repair(history)
    assert not log.path.exists()
    log.append(history)
    for content in (log.path.read_bytes(), log.path.read_bytes()[:-5]):
        log.path.write_bytes(content)
        log.repair(history)
        assert log.path.read_bytes() == content
