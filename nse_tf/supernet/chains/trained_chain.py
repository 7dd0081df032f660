"""TrainedChain: the weights of a chain of inverted residuals, and parts."""

import dataclasses
import functools
import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from nse_tf.spaces import MBConv, SearchSpace, Stage, TrainedSkeleton, cut_space
from nse_tf.supernet.layers.layouts import Piece

# By (layer, weight), such as ("expand_bn", "gamma"), as in `Layout`.
Values = Mapping[tuple[str, str], np.ndarray]

_INNER_LAYERS = ("expand", "depthwise")


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainedResidual:
    """A trained inverted residual.

    Attributes:
        stride: Stride of its depthwise convolution.
        values: Its weights and statistics: kernels of `expand` (1, 1, inputs,
            inner channels), `depthwise` (side, side, inner channels, 1) and
            `project` (1, 1, inner channels, outputs), and `gamma`, `beta`,
            `moving_mean` and `moving_variance` of the norms behind them. With
            an expansion of 1 there is no `expand`.
    """

    stride: int
    values: Values

    @property
    def in_channels(self) -> int:
        """Channels of its input."""
        first = self.values.get(("expand", "kernel"))
        return self._inner if first is None else int(first.shape[2])

    @property
    def out_channels(self) -> int:
        """Channels of its output."""
        return int(self.values["project", "kernel"].shape[3])

    @property
    def op(self) -> MBConv:
        """The op that it is."""
        side = self.values["depthwise", "kernel"].shape[0]
        return MBConv(int(side), self._inner // self.in_channels)

    @property
    def _inner(self) -> int:
        return int(self.values["depthwise", "kernel"].shape[2])

    def part(self, piece: Piece) -> np.ndarray:
        """Returns what is cut out for a piece of a smaller candidate.

        That is the middle of a kernel's side, and the first channels.
        """
        whole = self.values[piece.layer, piece.weight]
        margin = (whole.shape[0] - piece.shape[0]) // 2
        sides = (slice(margin, margin + piece.shape[0]),) * 2
        channels = tuple(slice(size) for size in piece.shape)
        is_kernel = piece.weight == "kernel"
        return whole[(*sides, *channels[2:]) if is_kernel else channels]

    def sorted_by_importance(self) -> "TrainedResidual":
        """Returns the same residual, its most important channels first.

        Inner channels may stand in any order. A channel is as important as the
        part of the output's variance that comes from it, if the depthwise norm
        gives normal values: the variance of their ReLU6 times the squares of
        what projects them. What is constant counts for nothing, since the last
        norm takes it away.

        References:
            Cai et al., Once-for-All (2020), section 3.3:
            https://arxiv.org/abs/1908.09791, sorts by the L1 norm of kernels.
        """
        scale = self.values["depthwise_bn", "gamma"]
        offset = self.values["depthwise_bn", "beta"]
        projected = np.square(self.values["project", "kernel"]).sum((0, 1, 3))
        importance = _relu6_variance(offset, scale) * projected
        order = np.argsort(-importance, kind="stable")
        return dataclasses.replace(
            self,
            values={
                (layer, weight): _reordered(layer, weight, value, order)
                for (layer, weight), value in self.values.items()
            },
        )


def _relu6_variance(mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Returns the variance of ReLU6 of normal values, by quadrature."""
    points, weights = np.polynomial.hermite_e.hermegauss(63)
    weights = weights / weights.sum()
    values = np.clip(mean[:, None] + deviation[:, None] * points, 0.0, 6.0)
    means = values @ weights
    variance: np.ndarray = np.square(values) @ weights - np.square(means)
    return variance


def _reordered(
    layer: str, weight: str, value: np.ndarray, order: np.ndarray
) -> np.ndarray:
    """Returns a weight with its inner channels in another order."""
    if weight != "kernel":
        is_inner = layer.removesuffix("_bn") in _INNER_LAYERS
        return value[order] if is_inner else value
    return np.take(value, order, axis=3 if layer == "expand" else 2)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainedChain:
    """A trained chain of inverted residuals without its classifier.

    Attributes:
        name: What it is called.
        stem_stride: Stride of the first convolution.
        norm_epsilon: What its batch norms add to variances.
        pixel_scaling: What it multiplies pixels in 0..255 by, and adds then.
        backbone: Weights of the layers before and behind the blocks, by the
            names that they have in our children, in Keras's order.
        blocks: The residuals from input to output.
    """

    name: str
    stem_stride: int
    norm_epsilon: float
    pixel_scaling: tuple[float, float]
    backbone: Mapping[str, Sequence[np.ndarray]]
    blocks: Sequence[TrainedResidual]

    def space(
        self, image_size: tuple[int, int], num_classes: int
    ) -> SearchSpace:
        """Returns the space of all that can be cut out of it.

        Args:
            image_size: Height and width of the images, in pixels.
            num_classes: Classes of the fresh classifier.

        Raises:
            ValueError: If the images are too small for its strides.
        """
        skeleton = TrainedSkeleton(
            image_size=image_size,
            image_channels=self.image_channels,
            num_classes=num_classes,
            stem_channels=_outputs(self.backbone["stem"]),
            stem_stride=self.stem_stride,
            first_channels=_outputs(self.backbone["first_project"]),
            stages=_stages(self.blocks),
            tail_channels=_outputs(self.backbone["tail"]),
            norm_epsilon=self.norm_epsilon,
            pixel_scaling=self.pixel_scaling,
            weights_digest=self.digest,
        )
        return cut_space(
            f"cut_{self.name}", skeleton, [block.op for block in self.blocks]
        )

    def sorted_by_importance(self) -> "TrainedChain":
        """Returns the same chain, the most important channels first."""
        blocks = [block.sorted_by_importance() for block in self.blocks]
        return dataclasses.replace(self, blocks=blocks)

    @property
    def image_channels(self) -> int:
        """Channels of the images that it takes."""
        return int(self.backbone["stem"][0].shape[2])

    @functools.cached_property
    def digest(self) -> str:
        """Names its weights."""
        digest = hashlib.sha256()
        for weights in (
            *self.backbone.values(),
            *(block.values.values() for block in self.blocks),
        ):
            for weight in weights:
                digest.update(np.ascontiguousarray(weight, "<f4").tobytes())
        return digest.hexdigest()[:16]


def _outputs(weights: Sequence[np.ndarray]) -> int:
    return int(weights[0].shape[-1])


def _stages(blocks: Sequence[TrainedResidual]) -> tuple[Stage, ...]:
    """Returns blocks as runs of one width and resolution."""
    stages: list[Stage] = []
    for block in blocks:
        last = stages[-1] if stages else None
        goes_on = block.stride == 1 and block.in_channels == block.out_channels
        if last and goes_on:
            stages[-1] = dataclasses.replace(last, depth=last.depth + 1)
        else:
            stages.append(Stage(block.out_channels, 1, block.stride))
    return tuple(stages)
