"""The functions that run motifs, each traced once for many blocks.

All blocks of one stride call the same function, and it calls one for all edges
that are alike: shapes are numbers in the graph, too. They are not inlined, so
that blocks have no graph and no gradient of their own. TensorFlow would still
fit a copy of a function to each call that gives it a constant or leaves an
output unused; so there are neither.
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from nse_tf.spaces.motif import EDGES
from nse_tf.supernet.layers.batch_norm import normalize, normalize_by
from nse_tf.supernet.layers.depthwise import depthwise_conv

# What an edge does to the node that it enters, by number.
NOTHING, ADD_INPUT, MAX_INPUT, ADD_CONVOLVED, MAX_CONVOLVED = range(5)

# The sides that kernels may have on all edges but the first.
SMALL_SIDES = (1, 3)

# Height and width, where the graph knows them.
Size = tuple[int | None, int | None]
ANY_SIZE: Size = (None, None)

# A tensor and, in training, mean and variance of the batch that norms saw.
_Normed = list[tf.Tensor]


class _Layer(NamedTuple):
    """A convolution and its norm; all empty where a motif lacks it.

    Attributes:
        kernel: Flat.
        norm: Scale and offset; then, where the batch does not normalize,
            moving mean and variance.
    """

    kernel: tf.Tensor
    norm: tuple[tf.Tensor, ...]

    def normed(self, outputs: tf.Tensor) -> _Normed:
        """Returns normalized outputs, and what the norm saw of the batch."""
        if len(self.norm) == 2:
            return list(normalize(outputs, *self.norm))
        return [normalize_by(outputs, *self.norm)]

    def activated(self, outputs: tf.Tensor) -> _Normed:
        """Returns normalized, activated outputs, and what the norm saw."""
        outputs, *seen = self.normed(outputs)
        return [tf.nn.relu6(outputs), *seen]

    def skipped(self, outputs: tf.Tensor) -> _Normed:
        """Returns outputs as if this layer were not there."""
        nothing = [tf.zeros([0])] * 2 if len(self.norm) == 2 else []
        return [tf.identity(outputs), *nothing]


# Flat weights and statistics, of a length that the graph learns.
_FLAT = tf.TensorSpec([None])


def _never_inlined(*signature: object) -> Callable[..., Callable[..., Any]]:
    """Returns what makes a function of a signature."""
    decorate: Callable[..., Callable[..., Any]] = tf.function(
        autograph=False,
        input_signature=signature,
        experimental_attributes={"_noinline": True},
    )
    return decorate


@dataclasses.dataclass(frozen=True, kw_only=True)
class Alike:
    """What blocks must have in common to call the same function.

    Attributes:
        in_size: Height and width of their input, None where not known.
        out_size: Those of their output.
        stride: Stride of the edges that leave node 0.
        sides: Sides that the kernel on the first edge may have.
        training: Whether to normalize by the batch.
        plain_end: Whether the last norm has neither scale nor offset, so that
            none competes with a share of what is mixed.
    """

    in_size: Size
    out_size: Size
    stride: int
    sides: tuple[int, ...]
    training: bool
    plain_end: bool = False


@functools.cache
def motif_function(alike: Alike) -> Callable[..., list[tf.Tensor]]:
    """Returns what runs any op of any block that is alike.

    It takes the block's input; numbers `(14,)`, which are the shape of its
    output without the batch, the expansion (0 computes nothing), and of each
    edge what it does and the side of its kernel; the weights; and, unless in
    training, the moving statistics. It returns the block's output and, in
    training, the batch's statistics, without padding.
    """
    training = alike.training

    @_never_inlined(
        tf.TensorSpec([None, *alike.in_size, None]),
        tf.TensorSpec([4 + 2 * len(EDGES)], tf.int32),
        *[_FLAT] * (1 if training else 2),
    )
    def motif(
        inputs: tf.Tensor, numbers: tf.Tensor, *rows: tf.Tensor
    ) -> list[tf.Tensor]:
        def run() -> list[tf.Tensor]:
            _, _, num_outputs, expansion, *of_edges = tf.unstack(numbers)
            actions, sides = of_edges[::2], of_edges[1::2]
            channels = tf.shape(inputs)[-1], num_outputs
            expand, *layers, project = _split(
                rows, channels, expansion, sides, alike.plain_end
            )
            first, *seen = _expanded(inputs, expansion, expand)
            edges = list(zip(actions, sides, layers, strict=True))
            last, *seen_inside = _last_node(alike, first, edges)
            shape = [1, 1, expansion * channels[0], num_outputs]
            kernel = tf.reshape(project.kernel, shape)
            outputs = tf.nn.conv2d(last, kernel, 1, "SAME")
            outputs, *seen_last = project.normed(outputs)
            seen += [*seen_inside, *seen_last]
            return [outputs, tf.concat(seen, 0)] if training else [outputs]

        def nothing() -> list[tf.Tensor]:
            shape = tf.concat([tf.shape(inputs)[:1], numbers[:3]], 0)
            seen = [tf.zeros([0])] if training else []
            return [tf.zeros(shape), *seen]

        found: list[tf.Tensor] = tf.cond(numbers[3] > 0, run, nothing)
        return found

    return motif


def _split(
    rows: Sequence[tf.Tensor],
    channels: tuple[tf.Tensor, tf.Tensor],
    expansion: tf.Tensor,
    sides: Sequence[tf.Tensor],
    plain_end: bool,
) -> list[_Layer]:
    """Returns the layers of a motif, as `layout_of` lays them out in a row.

    Args:
        rows: Weights with their padding; then moving statistics with theirs,
            where the batch does not normalize.
        channels: Those of the block's input and output.
        expansion: Inner width as a multiple of the input width.
        sides: Sides of the depthwise kernels; 0 where there is none.
        plain_end: Whether the row has no scale and offset of the last norm.

    Returns:
        One that expands, one for each edge, and one that projects.
    """
    width_in, width_out = channels
    inner = expansion * width_in
    # Without expansion the first layer is absent, as are edges without kernels.
    expanded = tf.where(expansion > 1, inner, 0)
    kernels = [
        width_in * expanded,
        *(side * side * inner for side in sides),
        inner * width_out,
    ]
    widths = [
        expanded,
        *(tf.where(side > 0, inner, 0) for side in sides),
        width_out,
    ]
    weights, *statistics = rows
    affine = widths[:-1] if plain_end else widths
    pieces = _pieces(weights, [*kernels, *_twice(affine)])
    norms = _in_pairs(pieces[len(kernels) :])
    if plain_end:
        norms.append((tf.ones([width_out]), tf.zeros([width_out])))
    for row in statistics:
        moving = _in_pairs(_pieces(row, _twice(widths)))
        norms = [(*one, *two) for one, two in zip(norms, moving, strict=True)]
    return [
        _Layer(kernel, norm)
        for kernel, norm in zip(pieces[: len(kernels)], norms, strict=True)
    ]


def _pieces(row: tf.Tensor, sizes: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """Returns a row's pieces of these sizes, without its padding."""
    sizes = tf.stack(sizes)
    padding = tf.size(row) - tf.reduce_sum(sizes, keepdims=True)
    pieces = tf.split(row, tf.concat([sizes, padding], 0))
    return list(pieces[:-1])


def _twice(sizes: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    return [size for size in sizes for _ in range(2)]


def _in_pairs(pieces: Sequence[tf.Tensor]) -> list[tuple[tf.Tensor, ...]]:
    return list(zip(pieces[::2], pieces[1::2], strict=True))


def _expanded(
    inputs: tf.Tensor, expansion: tf.Tensor, layer: _Layer
) -> _Normed:
    """Returns node 0."""

    def expand() -> _Normed:
        shape = [1, 1, tf.shape(inputs)[-1], tf.size(layer.norm[0])]
        kernel = tf.reshape(layer.kernel, shape)
        return layer.activated(tf.nn.conv2d(inputs, kernel, 1, "SAME"))

    found: _Normed = tf.cond(
        expansion > 1, expand, lambda: layer.skipped(inputs)
    )
    return found


def _last_node(
    alike: Alike,
    first: tf.Tensor,
    edges: Sequence[tuple[tf.Tensor, tf.Tensor, _Layer]],
) -> _Normed:
    """Returns node 3.

    Args:
        alike: What runs it.
        first: Node 0.
        edges: What each of `EDGES` does, the side of its kernel, its layer.
    """
    nodes, seen = {0: first}, []
    for (source, target), numbers in zip(EDGES, edges, strict=True):
        of_edge = dataclasses.replace(
            alike,
            in_size=alike.in_size if source == 0 else alike.out_size,
            stride=alike.stride if source == 0 else 1,
            # Large kernels stand on the first edge alone.
            sides=alike.sides if target == 1 else SMALL_SIDES,
        )
        given = [nodes[each] for each in (source, target) if each in nodes]
        run = _edge_function(of_edge, len(given) == 2)
        nodes[target], *found = run(given, *numbers)
        seen += found
    return [nodes[3], *seen]


def _mixed(
    run: Callable[[], _Normed],
    mix: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    total: tf.Tensor,
) -> _Normed:
    """Returns what an edge brings, mixed with what others brought before."""
    outputs, *seen = run()
    return [mix(total, outputs), *seen]


@functools.cache
def _edge_function(alike: Alike, has_total: bool) -> Callable[..., _Normed]:
    """Returns what runs an edge and mixes it with earlier ones.

    It takes the node that the edge leaves and, unless it is the first one into
    its target, what earlier ones brought there; what it does, the side of its
    kernel, and its layer. Mixing is part of it, so that an edge that is absent
    costs nothing.

    Args:
        alike: Size, stride and sides of the edge.
        has_total: Whether there are earlier edges into its target.
    """
    images = [tf.TensorSpec([None, *alike.in_size, None])]
    totals = [tf.TensorSpec([None, *alike.out_size, None])] * has_total
    stride = alike.stride

    @_never_inlined(
        images + totals,
        tf.TensorSpec([], tf.int32),
        tf.TensorSpec([], tf.int32),
        _Layer(_FLAT, (_FLAT,) * (2 if alike.training else 4)),
    )
    def run_edge(
        given: list[tf.Tensor],
        action: tf.Tensor,
        side: tf.Tensor,
        layer: _Layer,
    ) -> _Normed:
        inputs, *total = given

        def convolve() -> _Normed:
            shape = [side, side, tf.size(layer.norm[0]), 1]
            kernel = tf.reshape(layer.kernel, shape)
            return layer.activated(
                depthwise_conv(inputs, kernel, stride, alike.sides)
            )

        def pool() -> _Normed:
            if stride == 1:
                return layer.skipped(inputs)
            pooled = tf.nn.avg_pool2d(inputs, stride, stride, "SAME")
            return layer.skipped(pooled)

        if not total:
            # The first edge into a node is always there.
            first: _Normed = tf.cond(side > 0, convolve, pool)
            return first
        found: _Normed = tf.switch_case(
            action,
            [
                lambda: layer.skipped(total[0]),
                lambda: _mixed(pool, tf.add, *total),
                lambda: _mixed(pool, tf.maximum, *total),
                lambda: _mixed(convolve, tf.add, *total),
                lambda: _mixed(convolve, tf.maximum, *total),
            ],
        )
        return found

    return run_edge
