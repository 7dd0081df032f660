"""Only known chatter is hidden; errors always come through."""

import os

import pytest

from nse_tf.quiet import quiet_native_output


def test_chatter_is_hidden_and_the_rest_is_kept_in_order(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with quiet_native_output():
        os.write(2, b"first\nI0000 00:00:17.1 1 x.cc:1] loaded\n")
        os.write(2, b"E0000 00:00:17.1 1 x.cc:1] broken\nW0000 careful\nlast")
    written = capfd.readouterr().err
    assert written == "first\nE0000 00:00:17.1 1 x.cc:1] broken\nlast"


def test_lines_written_before_an_error_come_through_with_it(
    capfd: pytest.CaptureFixture[str],
) -> None:
    def fail() -> None:
        os.write(2, b"loc(callsite): error: unknown op\n")
        raise RuntimeError("conversion failed")

    with pytest.raises(RuntimeError, match="failed"), quiet_native_output():
        fail()
    assert "error: unknown op" in capfd.readouterr().err


def test_it_may_be_nested_and_ends(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet_native_output(), quiet_native_output():
        os.write(2, b"fully_quantize: 0, inference_type: 6\n")
    os.write(2, b"I0000 afterwards\n")
    assert capfd.readouterr().err == "I0000 afterwards\n"
