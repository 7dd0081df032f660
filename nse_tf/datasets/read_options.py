"""How the images of a data set are read, whatever its source."""

import dataclasses
import os
import pathlib

from nse_tf.datasets.array_cache import default_cache_dir
from nse_tf.datasets.decoding import PADDINGS, Decoding


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """How images are decoded and divided.

    Attributes:
        image_size: Height and width. None: what suits the data.
        padding: How images become square: `crop` makes the shorter side
            `image_size` and keeps the middle, `pad` makes the longer side so
            and adds black margins, `stretch` makes both so.
        channels: 1 or 3; None: what the data has.
        validation_fraction: Share of the training images to validate on.
        seed: Seed of the images to validate on.
        cache_dir: Folder for decoded images; None: `default_cache_dir()`.
        max_megapixels: The largest images that are opened; None: Pillow's
            limit against files made to fill the memory, 179 million pixels.

    Raises:
        ValueError: If a number is out of range, which would otherwise show
            only after a long decode.
    """

    image_size: int | None = None
    padding: str = "crop"
    channels: int | None = None
    validation_fraction: float = 0.2
    seed: int = 0
    cache_dir: str | os.PathLike[str] | None = None
    max_megapixels: float | None = None

    def __post_init__(self) -> None:
        if self.image_size is not None and self.image_size < 1:
            raise ValueError(
                f"`image_size` must be positive, but is {self.image_size}."
            )
        if self.padding not in PADDINGS:
            raise ValueError(
                f"`padding` must be one of {', '.join(PADDINGS)}, not "
                f"{self.padding!r}."
            )
        if self.max_megapixels is not None and not self.max_megapixels > 0:
            raise ValueError(
                "`max_megapixels` must be positive, but is "
                f"{self.max_megapixels}."
            )
        if self.channels not in (None, 1, 3):
            raise ValueError(
                "`channels` must be 1 (gray) or 3 (color), but is "
                f"{self.channels}."
            )
        if not 0.0 < self.validation_fraction < 1.0:
            raise ValueError(
                "`validation_fraction` must lie between 0 and 1, but is "
                f"{self.validation_fraction}."
            )

    @property
    def cache(self) -> pathlib.Path:
        """The folder for decoded images."""
        return pathlib.Path(self.cache_dir or default_cache_dir()).expanduser()

    def decoding(
        self,
        shape: tuple[int, int, int],
        gray_range: tuple[float, float] | None = None,
    ) -> Decoding:
        """Returns how images become arrays of a shape."""
        return Decoding(
            shape=shape, padding=self.padding, gray_range=gray_range
        )
