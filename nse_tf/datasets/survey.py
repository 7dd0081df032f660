"""What the headers of a folder's images say: sizes, colors, grays."""

import dataclasses
import pathlib
import statistics
from collections.abc import Sequence

import cattrs
from PIL import Image

from nse_tf.datasets.decoding import (
    common_range,
    gray_limits,
    is_deep,
    is_gray,
)
from nse_tf.spaces.files import read_json, write_json

_NAME = "survey.json"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Survey:
    """The images of a folder, before they are made alike.

    Attributes:
        median_side: The median shorter side, in pixels.
        is_gray: Whether none of them has color.
        widths: Smallest and largest width.
        heights: Smallest and largest height.
        num_square: How many are square.
        count: How many could be opened.
        gray_range: What becomes black and white of grays of more than 8 bits;
            None where these use 16 bits in full, or there are none.
    """

    median_side: int = 1
    is_gray: bool = True
    widths: tuple[int, int] = (1, 1)
    heights: tuple[int, int] = (1, 1)
    num_square: int = 0
    count: int = 0
    gray_range: tuple[float, float] | None = None

    def notes(self, shape: Sequence[int], padding: str) -> list[str]:
        """Returns what was found, and what is done to it, in sentences.

        Args:
            shape: `(height, width, channels)` of the images as arrays.
            padding: See `Decoding`.
        """
        if not self.count:
            return []
        found = " to ".join(
            dict.fromkeys(
                f"{width}x{height}"
                for width, height in zip(self.widths, self.heights, strict=True)
            )
        )
        side, odd = shape[0], self.count - self.num_square
        done = f"all become {side}x{side}"
        if odd:
            how = {
                "crop": "the margins of {} that are not square are cut off",
                "pad": "{} that are not square get black margins",
                "stretch": "the proportions of {} that are not square change",
            }[padding]
            done += f", and {how.format(odd)} (--padding)"
        notes = [f"Images have {found} pixels (width x height); {done}."]
        if self.gray_range is not None:
            low, high = self.gray_range
            notes.append(
                f"Grays of more than 8 bits go from {low:g} to {high:g}, which "
                "become black and white."
            )
        return notes


def survey_of(paths: Sequence[pathlib.Path]) -> Survey:
    """Returns what there is to know of images before they are decoded.

    Only headers are read, but for grays of more than 8 bits.
    """
    sizes, grays, limits = [], [], []
    for path in paths:
        try:
            with Image.open(path) as image:
                size, has_no_color = image.size, is_gray(image)
                if is_deep(image):
                    limits.append(gray_limits(image))
        except MemoryError:
            raise
        except Exception:  # Decoding will report it.
            continue
        sizes.append(size)
        grays.append(has_no_color)
    if not sizes:
        return Survey()
    widths, heights = zip(*sizes, strict=True)
    return Survey(
        median_side=statistics.median_low(map(min, sizes)),
        is_gray=all(grays),
        widths=(min(widths), max(widths)),
        heights=(min(heights), max(heights)),
        num_square=sum(width == height for width, height in sizes),
        count=len(sizes),
        gray_range=common_range(limits),
    )


def read_survey(entry: pathlib.Path) -> Survey | None:
    """Returns the survey kept with decoded images; None where it is damaged."""
    path = entry / _NAME
    if not path.exists():
        return None
    try:
        return read_json(path, lambda value: cattrs.structure(value, Survey))
    except (ValueError, cattrs.BaseValidationError):
        return None


def write_survey(entry: pathlib.Path, survey: Survey) -> None:
    """Keeps a survey with decoded images."""
    write_json(entry / _NAME, dataclasses.asdict(survey))
