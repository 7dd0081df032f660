"""What a run begins with: its images, its space, its networks."""

import dataclasses
import pathlib

from nse_tf import datasets
from nse_tf.datasets import ImageData
from nse_tf.runs.method_choice import METHOD_ROWS
from nse_tf.runs.search_config import SearchConfig
from nse_tf.spaces import (
    SearchSpace,
    load_space,
    make_preset,
    with_stage_widths,
)
from nse_tf.spaces.preset_choice import preset_for
from nse_tf.starts import networks_from
from nse_tf.supernet import Networks, networks_of_space


def load_data(config: SearchConfig) -> ImageData:
    """Returns the data set that a run asks for, augmentation settled."""
    data = datasets.load(
        config.dataset,
        data_dir=config.data_dir,
        image_size=config.image_size,
        padding=config.padding or "crop",
        max_megapixels=config.max_megapixels,
        channels=config.image_channels,
        validation_fraction=config.validation_fraction,
        seed=config.seed,
        cache_dir=config.cache_folder,
    )
    if config.augmentation is None:
        return data
    return dataclasses.replace(data, augmentation=config.augmentation)


def make_space(config: SearchConfig, data: ImageData) -> SearchSpace:
    """Returns the space that a run searches; see `space_for`."""
    return space_for(config, data.image_shape, data.num_classes)


def space_for(
    config: SearchConfig, image_shape: tuple[int, int, int], num_classes: int
) -> SearchSpace:
    """Returns the space that a run searches, for images of a shape.

    Args:
        config: The run.
        image_shape: `(height, width, channels)`.
        num_classes: Number of classes.

    Raises:
        ValueError: If the name is unknown, the space of a file takes other
            images or classes than the data have, or as in `networks_for`,
            `with_stage_widths` and `starts.networks_from`.
    """
    if config.trained_start is not None:
        height, width, channels = image_shape
        return networks_from(
            config.trained_start,
            image_size=(height, width),
            image_channels=channels,
            num_classes=num_classes,
            weights=config.start_weights,
        ).space
    space = _named_space(config, image_shape, num_classes)
    if config.stage_widths is not None:
        space = with_stage_widths(space, config.stage_widths)
    networks_for(config, space)
    return space


def networks_for(config: SearchConfig, space: SearchSpace) -> Networks:
    """Returns what makes the networks of a run's space.

    Raises:
        ValueError: If its skeleton has no layers, or its candidates cannot
            share weights as asked.
    """
    if config.trained_start is not None:
        skeleton = space.skeleton
        return networks_from(
            config.trained_start,
            image_size=skeleton.image_size,
            image_channels=skeleton.image_channels,
            num_classes=skeleton.num_classes,
            weights=config.start_weights,
        )
    return networks_of_space(space, config.sharing or "rows")


def _named_space(
    config: SearchConfig, image_shape: tuple[int, int, int], num_classes: int
) -> SearchSpace:
    height, width, channels = image_shape
    row = METHOD_ROWS[config.method]
    name = config.space or row.preset or preset_for((height, width), row.family)
    adapted = {
        key: value
        for key in ("width", "depth", "activation", "squeeze_excite")
        if (value := getattr(config, key)) is not None
    }
    if not name.endswith(".json"):
        return make_preset(
            name,
            image_size=(height, width),
            image_channels=channels,
            num_classes=num_classes,
            **adapted,
        )
    if adapted:
        flags = ", ".join(f"--{flag}" for flag in adapted)
        raise ValueError(
            f"{name} has its own sizes: leave out {flags}, or name a preset."
        )
    space = load_space(pathlib.Path(name))
    wanted = (
        *space.skeleton.image_size,
        space.skeleton.image_channels,
        space.skeleton.num_classes,
    )
    found = height, width, channels, num_classes
    if wanted != found:
        raise ValueError(
            f"The space of {name} is for images and classes {wanted} (height, "
            f"width, channels, classes); the data have {found}."
        )
    return space
