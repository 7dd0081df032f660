"""What a child's weight vector is made of: the conventions of ABS.

An op adds its kernels, batch norm nothing; a pooling adds constants that do
not move. Which weights of the backbone count differs between the published
implementations.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np

from nse_tf.costs import backbone_parts, op_part
from nse_tf.shrinking.multiplicity import multiplicities
from nse_tf.spaces import DecisionPoint, Op, Pool, SearchSpace, SkipConnect

# A pooling stands as a constant kernel of 3×3 for each channel.
_POOL_SIZE = 9


@dataclasses.dataclass(frozen=True)
class BackboneParts:
    """Which weights of the backbone an angle counts, and how.

    Attributes:
        weights: Kinds of weights that count, by their Keras names; none leaves
            the backbone out.
        layers: Layers that count; None counts all.
        at_angle_zero: Whether they count as if they had not turned, with their
            norms kept. The backbone is trained at every step, one candidate of
            five at a fifth of them, so that its rotation outweighs theirs: the
            fewer kernels a child has, the larger its angle comes out.

    References:
        Hu et al., ABS (2020), code: https://arxiv.org/abs/2004.13431; counting
        at angle zero is ours.
    """

    weights: tuple[str, ...] = ("kernel",)
    layers: tuple[str, ...] | None = None
    at_angle_zero: bool = False

    def sums(self, by_weight: Mapping[str, np.ndarray]) -> np.ndarray:
        """Returns ⟨w0, w⟩, ‖w0‖² and ‖w‖² over the weights that count, `(3,)`.

        Args:
            by_weight: The same three by `layer/weight`, such as
                `classifier/bias`.

        Raises:
            ValueError: If there are no sums of a layer that counts.
        """
        names = [tuple(name.rsplit("/", 1)) for name in by_weight]
        unknown = set(self.layers or ()) - {layer for layer, _ in names}
        if unknown:
            raise ValueError(
                f"`layers` names {', '.join(sorted(unknown))}; the backbone "
                f"has {', '.join(dict.fromkeys(layer for layer, _ in names))}."
            )
        counted = [
            sums
            for (layer, weight), sums in zip(
                names, by_weight.values(), strict=True
            )
            if weight in self.weights
            and (self.layers is None or layer in self.layers)
        ]
        added = np.sum([np.zeros(3), *counted], axis=0)
        return at_angle_zero(added) if self.at_angle_zero else added


# The first is how the code of the NAS-Bench-201 study counts, the second how
# the code of all others does.
EVERY_BACKBONE_WEIGHT = BackboneParts(("kernel", "gamma", "beta", "bias"))
BACKBONE_KERNELS = BackboneParts()
NO_BACKBONE = BackboneParts(())


def at_angle_zero(sums: np.ndarray) -> np.ndarray:
    """Returns the three sums without rotation, norms kept."""
    return np.array([np.sqrt(sums[1] * sums[2]), sums[1], sums[2]])


def pooling_sums(space: SearchSpace) -> np.ndarray:
    """Returns the sums of pooling constants, `(num_blocks, candidates, 3)`.

    All three are equal: the constants are 1/9 in base and present weights, 9 of
    them for each channel of each cell.
    """
    shape = (len(space.blocks), space.max_candidates, 3)
    sums = np.zeros(shape)
    for index, block in enumerate(space.blocks):
        for candidate, op in enumerate(block.candidates):
            if isinstance(op, Pool):
                # Every number is 1/9, so this is the sum of their squares.
                sums[index, candidate] = _vector_size(op, block) / _POOL_SIZE**2
    return sums


def vector_length(
    space: SearchSpace,
    path: tuple[int, ...],
    backbone: BackboneParts = BACKBONE_KERNELS,
) -> int:
    """Returns how many numbers the weight vector of a child has.

    A weight that lies on several paths of a cell counts as often.

    Args:
        space: The space.
        path: Candidate index of each block.
        backbone: Which weights of the backbone count, in all its layers.
    """
    sizes = [
        _vector_size(block.candidates[index], block)
        for block, index in zip(space.blocks, path, strict=True)
    ]
    times = multiplicities(space, np.array([path]))[0].tolist()
    length: int = sum(size * n for size, n in zip(sizes, times, strict=True))
    by_kind = _backbone_sizes(space)
    return length + sum(by_kind[weight] for weight in backbone.weights)


def _backbone_sizes(space: SearchSpace) -> dict[str, int]:
    """Returns how many numbers of each kind the backbone has."""
    parts = backbone_parts(space.skeleton)
    kernels = sum(part.kernel_params for part in parts)
    # Only the classifier has a bias; every norm has as many scales as offsets.
    biases = space.skeleton.num_classes
    norms = sum(part.params for part in parts) - kernels - biases
    half = norms // 2
    return {"kernel": kernels, "gamma": half, "beta": half, "bias": biases}


def _vector_size(op: Op, block: DecisionPoint) -> int:
    """Returns how many numbers an op adds, in all cells together."""
    if isinstance(op, Pool):
        return _POOL_SIZE * block.total_channels
    if isinstance(op, SkipConnect):
        return 0  # Also where it halves: the published code skips its kernels.
    return op_part(op, block).kernel_params
