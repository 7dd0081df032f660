"""What `nse_describe` prints for some flags."""

import json
from typing import Any

import pytest
from absl.testing import flagsaver

from nse_tf.flags import describe

# The best of NAS-Bench-201.
BEST_CELL = (
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+"
    "|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|"
)


def print_of(capsys: pytest.CaptureFixture[str], **given: Any) -> str:
    """Returns what the binary prints for these flags."""
    with flagsaver.flagsaver(**given):
        describe.main(["nse_describe"])
    return capsys.readouterr().out


def value_of(capsys: pytest.CaptureFixture[str], **given: Any) -> Any:
    """Returns the JSON value that the binary prints for these flags."""
    return json.loads(print_of(capsys, format="json", **given))
