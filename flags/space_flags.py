"""Flags that say which search space, shared by the binaries."""

import pathlib
import re
from typing import Any

from absl import flags

from nse_tf.flags.paths import define_path
from nse_tf.spaces import (
    ACTIVATIONS,
    PRESETS,
    SearchSpace,
    load_space,
    make_preset,
    with_stage_widths,
)

SPACE = define_path(
    "space",
    None,
    f"The search space: one of {', '.join(PRESETS)}, or a .json file. auto is "
    "--image_size=auto in the space of the method.",
)
IMAGE_SIZE = flags.DEFINE_string(
    "image_size",
    None,
    "Height and width of the images, in pixels: 32, or 300x200 where no images "
    "are read. A search takes one side, and makes images square by --padding. "
    "Default: that of the data; of files the median shorter side, at most 96. "
    "auto has a search choose resolution, width and depth under its limit.",
)
WIDTH = flags.DEFINE_float(
    "width", None, "Factor on all widths of a preset space."
)
DEPTH = flags.DEFINE_float(
    "depth", None, "Factor on the depth of each stage of a preset space."
)
STAGE_WIDTHS = flags.DEFINE_list(
    "stage_widths",
    None,
    "Shares of its channels that each stage of a chain may have, such as "
    "0.5,0.75,1; one for all blocks of a stage. In a search for --sharing="
    "nested and --noshrink. Default: all channels.",
)
ACTIVATION = flags.DEFINE_enum(
    "activation", None, ACTIVATIONS, "Activation in multi-branch cells."
)
SQUEEZE_EXCITE = flags.DEFINE_bool(
    "squeeze_excite",
    None,
    "Whether branches of multi-branch cells have squeeze-and-excitation.",
)
# What has a search choose the scale of its space.
AUTO = "auto"
# Options that a published network has, too.
OPTIONS = (ACTIVATION, SQUEEZE_EXCITE)


def settings() -> dict[str, Any]:
    """Returns what flags say of the space that a search is of, by field."""
    is_chosen = AUTO in (SPACE.value, IMAGE_SIZE.value)
    return {
        "space": None if SPACE.value == AUTO else SPACE.value,
        "scale": AUTO if is_chosen else None,
        "stage_widths": stage_widths(),
        **{flag.name: flag.value for flag in (WIDTH, DEPTH, *OPTIONS)},
    }


def stage_widths() -> tuple[float, ...] | None:
    """Returns the widths of stages that are given, if any.

    Raises:
        ValueError: If one is no number.
    """
    given: list[str] | None = STAGE_WIDTHS.value
    if given is None:
        return None
    try:
        return tuple(map(float, given))
    except ValueError as error:
        raise ValueError(
            f"`--stage_widths` is {','.join(given)!r}; give numbers up to 1, "
            "such as 0.5,0.75,1."
        ) from error


def _refuse_auto() -> None:
    """Refuses what only a search can choose.

    Raises:
        ValueError: If a flag asks for it.
    """
    for flag, example in ((SPACE, "spos"), (IMAGE_SIZE, "96")):
        if flag.value == AUTO:
            raise ValueError(
                f"`--{flag.name}` is 'auto', which nse_search chooses by its "
                f"images and its limit: name one here, such as {example}; the "
                "report of a search says what it took."
            )


def read_image_size(text: str) -> tuple[int, int]:
    """Returns the height and width that `32` or `300x200` stands for.

    Raises:
        ValueError: If the text is neither.
    """
    match = re.fullmatch(r"(\d{1,6})(?:x(\d{1,6}))?", text)
    if match is None:
        raise ValueError(
            f"`--image_size` is {text!r}; use a side in pixels, such as 32, "
            "or HEIGHTxWIDTH, such as 300x200."
        )
    return int(match[1]), int(match[2] or match[1])


def adaptation() -> dict[str, Any]:
    """Returns the given flags that adapt a preset, by `make_preset` name.

    Raises:
        ValueError: If the image size cannot be read, or only a search could
            choose what is asked for.
    """
    _refuse_auto()
    adapted: dict[str, Any] = {}
    if IMAGE_SIZE.value is not None:
        adapted["image_size"] = read_image_size(IMAGE_SIZE.value)
    for flag in (WIDTH, DEPTH, *OPTIONS):
        if flag.value is not None:
            adapted[flag.name] = flag.value
    return adapted


def read_space(text: str, adapted: dict[str, Any]) -> SearchSpace:
    """Returns the space that a flag names: a preset, or a `.json` file.

    Its stages have widths to choose where those are given.

    Args:
        text: The flag's value.
        adapted: Arguments of `make_preset`; a file has its own numbers.

    Raises:
        ValueError: If the name is unknown, the file is no search space, a
            file is to be adapted, or stages cannot have the widths.
        FileNotFoundError: If the file is not there.
    """
    widths = stage_widths()
    if widths is not None:
        return with_stage_widths(_plain_space(text, adapted), widths)
    return _plain_space(text, adapted)


def _plain_space(text: str, adapted: dict[str, Any]) -> SearchSpace:
    if not text.endswith(".json"):
        return make_preset(text, **adapted)
    if adapted:
        given = ", ".join(f"--{name}" for name in adapted)
        raise ValueError(
            f"{text} has its own sizes: leave out {given}, or name a preset."
        )
    return load_space(pathlib.Path(text))
