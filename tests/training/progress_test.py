"""How far along a stage is, in words."""

import io
import logging

import pytest

from nse_tf.training.progress import LOGGER, Progress, spoken


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (1.6, "2 s"),
        (59.4, "59 s"),
        (61, "1 min"),
        (100, "2 min"),
        (3599, "1 h 0 min"),
        (5 * 3600 + 20 * 60, "5 h 20 min"),
    ],
)
def test_time_is_spoken_as_people_say_it(seconds: float, words: str) -> None:
    assert spoken(seconds) == words


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that shows what its one entry says."""
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


def test_a_log_has_lines_with_an_estimate_now_and_then(
    clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, LOGGER.name)
    with Progress("testing", 10, "children", done=2, every_seconds=15) as bar:
        for _ in range(4):
            clock[0] += 10
            bar.advance(accuracy=0.51234)
        clock[0] += 80
        bar.advance(4)
    # After 20 s two of the eight that were left are done: 60 s to go. Then 40 s
    # for four, 40 s to go. The last unit is not worth a line of its own.
    assert caplog.messages == [
        "testing: 4 of 10 children, about 1 min left, accuracy 0.5123",
        "testing: 6 of 10 children, about 40 s left, accuracy 0.5123",
        "testing: done in 2 min",
    ]


def test_a_stage_that_failed_is_not_said_to_be_done(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, LOGGER.name)
    with pytest.raises(KeyError), Progress("testing", 3, "epochs"):
        raise KeyError
    assert caplog.messages == []


def test_a_terminal_has_a_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with Progress("testing", 4, "epochs", done=1) as bar:
        bar.advance(3, loss=0.25)
    shown = capsys.readouterr().err
    assert "testing: 100%" in shown
    assert "4/4" in shown
    assert "loss=0.25" in shown


def three_seconds_more(
    share: float, seconds_left: float
) -> tuple[float, float]:
    """Tells of a search that ends three seconds after its stage."""
    return share / 2, seconds_left + 3


def test_a_line_tells_of_the_whole_search(
    clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, LOGGER.name)
    with (
        Progress.within(three_seconds_more),
        Progress("testing", 8, "epochs", done=2) as bar,
    ):
        clock[0] += 20
        bar.advance(4)
    assert caplog.messages == [
        "testing: 6 of 8 epochs, about 10 s left; the whole search 38%, about "
        "13 s left",
        "testing: done in 20 s",
    ]
    with Progress("testing", 8, "epochs") as bar:  # Of no search any more.
        clock[0] += 20
        bar.advance(4)
    assert caplog.messages[2] == "testing: 4 of 8 epochs, about 20 s left"


def test_a_terminal_has_a_bar_for_the_stage_and_one_for_the_search(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", terminal)
    with (
        Progress.within(three_seconds_more, "the evolution"),
        Progress("testing", 4, "epochs") as bar,
    ):
        bar.advance(2)
    shown = terminal.getvalue()
    assert "testing:  50%" in shown
    assert "the evolution:  25%" in shown
    assert "about 3 s left" in shown


def test_the_first_unit_is_left_out_of_the_pace(
    clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, LOGGER.name)
    with Progress("testing", 10, "epochs") as bar:
        for seconds in (50, 20, 20):
            clock[0] += seconds
            bar.advance()
    assert caplog.messages[:3] == [
        "testing: 1 of 10 epochs, about 8 min left",
        "testing: 2 of 10 epochs, about 3 min left",
        "testing: 3 of 10 epochs, about 2 min left",
    ]
