"""Laws of supernets: what searching on shared weights relies on."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from nse_tf.spaces import Genotype, SearchSpace
from nse_tf.spaces.open_branches import (
    INACTIVE,
    decisions,
    encode_genes,
    max_open,
)
from nse_tf.supernet import (
    Capability,
    OwnedRows,
    WeightSharing,
    require_capability,
    statistics_kept,
)
from nse_tf.training import SupernetRecipe
from nse_tf.training.supernet_step import mixed_step, supernet_step

NUM_DRAWS = 3
BATCH_SIZE = 4
TOLERANCE = 1e-5
# A mixture runs what a single path does, but not by the same kernels.
MIXING_TOLERANCE = 1e-4


def equals_the_cut_out_child(supernet: WeightSharing) -> None:
    """Open branches and cut-out child give the same logits, in both modes.

    Args:
        supernet: Any weights will do; the law may change them.

    Raises:
        AssertionError: If the law is broken.
    """
    _activate_scales(supernet)
    images = _images(supernet.space)
    for genotype in _genotypes(supernet):
        child = supernet.cut_out(genotype)
        open_branches = supernet.encode(genotype)
        with statistics_kept(supernet):
            for training in (False, True):
                found = supernet(images, open_branches, training=training)
                wanted = child(images, training=training)
                gap = float(np.abs(found - wanted).max())
                if not gap <= TOLERANCE * max(1.0, np.abs(wanted).max()):
                    raise AssertionError(
                        f"With {genotype.genes} open and training={training}, "
                        f"logits differ from the cut-out child's by {gap:g}."
                    )


def inactive_branches_do_not_compute(supernet: WeightSharing) -> None:
    """Weights of inactive candidates affect neither logits nor gradients.

    Argument and errors as in `equals_the_cut_out_child`.
    """
    _activate_scales(supernet)
    images, owned = _images(supernet.space), _owned(supernet)
    weights = [each.variable.value for each in _each_once(owned)]
    for open_branches in _openings(supernet):
        kept = [weight.numpy() for weight in weights]
        try:
            _poison(owned, open_branches)
            with statistics_kept(supernet), tf.GradientTape() as tape:
                tape.watch(weights)
                logits = supernet(images, open_branches, training=True)
                loss = tf.reduce_sum(logits**2)
            gradients = tape.gradient(loss, weights)
        finally:
            for weight, value in zip(weights, kept, strict=True):
                weight.assign(value)
        used = [loss]
        for each, gradient in zip(_each_once(owned), gradients, strict=True):
            if isinstance(gradient, tf.Tensor) and gradient.shape.rank > 1:
                raise AssertionError(
                    f"{each.variable.path!r} has a gradient for all "
                    "candidates, open or not."
                )
            if gradient is not None:
                used.append(getattr(gradient, "values", gradient))
        if not all(np.isfinite(each).all() for each in used):
            raise AssertionError(
                f"With {open_branches.tolist()} open, NaN in the weights of "
                "inactive candidates reached the loss or a gradient."
            )


def only_open_branches_move(supernet: WeightSharing) -> None:
    """A training step leaves inactive candidates bit-exact.

    That is weights, momenta and batch-norm statistics; and of what is open,
    something moves. Several steps are taken, so that there are momenta to move.
    Argument and errors as in `equals_the_cut_out_child`.
    """
    recipe = SupernetRecipe(batch_size=BATCH_SIZE)
    optimizer, step = supernet_step(
        supernet, recipe, supernet.row_kernel_sizes()
    )
    momenta = {
        id(variable): momentum
        for variable, momentum in zip(
            supernet.trainable_variables, optimizer.momenta, strict=True
        )
    }
    owned = _owned(supernet)
    images, labels = _images(supernet.space), _labels(supernet.space)
    for number, open_branches in enumerate(_openings(supernet)):
        before = _Values.of(owned, momenta)
        step(images, labels, open_branches, 0.1, (0, number))
        after = _Values.of(owned, momenta)
        num_moved = 0
        for each in owned:
            moved = before.moved(after, each)
            open_here = open_branches[each.decision].tolist()
            num_moved += len(moved)
            if not moved <= set(open_here):
                raise AssertionError(
                    f"A step with {open_here} open at decision {each.decision} "
                    f"moved the rows of candidates {sorted(moved)} of "
                    f"{each.variable.path!r}, their momenta or statistics."
                )
        if not num_moved:
            raise AssertionError("A step moved no weights of any candidate.")


def new_paths_need_no_trace(supernet: WeightSharing) -> None:
    """A supernet is traced once, whatever is open.

    Argument and errors as in `equals_the_cut_out_child`.
    """

    @tf.function
    def run(images: tf.Tensor, open_branches: tf.Tensor) -> tf.Tensor:
        return supernet(images, open_branches, training=True)

    images = tf.constant(_images(supernet.space))
    with statistics_kept(supernet):
        for genotype in _genotypes(supernet):
            run(images, tf.constant(supernet.encode(genotype)))
    num_traces = run.experimental_get_tracing_count()
    if num_traces != 1:
        raise AssertionError(
            f"{NUM_DRAWS} genotypes took {num_traces} traces: something about "
            "a genotype is a Python value or a shape."
        )


def a_mixture_of_one_is_that_path(supernet: WeightSharing) -> None:
    """With all weight on one candidate of each block, others do not count.

    Supernets that cannot mix have nothing to keep. Argument and errors as in
    `equals_the_cut_out_child`.
    """
    if Capability.MIXES not in supernet.capabilities:
        return
    mixing = require_capability(supernet, Capability.MIXES)
    _activate_scales(supernet)
    space, images = supernet.space, _images(supernet.space)
    genotype = space.sample(np.random.default_rng(0))
    weights = np.zeros((len(space.blocks), space.max_candidates), np.float32)
    weights[np.arange(len(space.blocks)), list(genotype.path)] = 1.0
    with statistics_kept(supernet):
        before = _statistics(supernet)
        mixed = mixing.mix(images, tf.constant(weights), space.active)
        if not all(map(np.array_equal, before, _statistics(supernet))):
            raise AssertionError("A mixture moved statistics of batch norm.")
        open_branches = supernet.encode(genotype)
        alone = supernet(images, open_branches, training=True, rate=0.0)
    gap = float(np.abs(mixed - alone).max())
    if not gap <= MIXING_TOLERANCE * max(1.0, np.abs(alone).max()):
        raise AssertionError(
            f"The mixture that is all {genotype.path} differs from that path "
            f"by {gap:g}."
        )
    if Capability.TRAINS_MIXED in supernet.capabilities:
        _gradients_equal(supernet, genotype)


def _gradients_equal(supernet: WeightSharing, genotype: Genotype) -> None:
    """Compares a mixture of one candidate a block with that path."""
    mixing = require_capability(supernet, Capability.TRAINS_MIXED)
    space, images = supernet.space, _images(supernet.space)
    ones = tf.ones((len(space.blocks), space.max_candidates))
    opened = supernet.encode(genotype)
    weights = [each.value for each in supernet.trainable_variables]

    def gradients(logits_of: Callable[[], tf.Tensor]) -> list[np.ndarray]:
        with statistics_kept(supernet), tf.GradientTape() as tape:
            tape.watch(weights)
            loss = tf.reduce_mean(logits_of() ** 2)
        return [
            np.zeros(weight.shape)
            if gradient is None
            else tf.convert_to_tensor(gradient).numpy()
            for weight, gradient in zip(
                weights, tape.gradient(loss, weights), strict=True
            )
        ]

    found = (
        gradients(lambda: mixing.mix(images, ones, genotype.genes)),
        gradients(lambda: supernet(images, opened, training=True, rate=0.0)),
    )
    for variable, mixed, alone in zip(
        supernet.trainable_variables, *found, strict=True
    ):
        gap = float(np.abs(mixed - alone).max(initial=0.0))
        if not gap <= 10 * MIXING_TOLERANCE * max(1.0, np.abs(alone).max()):
            raise AssertionError(
                f"The gradient of {variable.path!r} through the mixture that "
                f"is all {genotype.path} differs from that path's by {gap:g}."
            )


def only_mixed_branches_move(supernet: WeightSharing) -> None:
    """A step of a mixture leaves what is not active as it was, to the bit.

    That is weights, statistics, and momenta that run on. Supernets that do not
    train mixed have nothing to keep. Argument and errors as above.
    """
    if Capability.TRAINS_MIXED not in supernet.capabilities:
        return
    mixing = require_capability(supernet, Capability.TRAINS_MIXED)
    space, owned = supernet.space, _owned(supernet)
    active = tuple(indices[-2:] for indices in space.active)
    recipe = SupernetRecipe(batch_size=BATCH_SIZE, weight_decay=0.1)
    optimizer, _ = supernet_step(supernet, recipe, supernet.row_kernel_sizes())
    for momentum in optimizer.momenta:
        momentum.assign(tf.fill(momentum.shape, 0.01))
    momenta = {
        id(variable): momentum
        for variable, momentum in zip(
            supernet.trainable_variables, optimizer.momenta, strict=True
        )
    }
    half = tf.fill((len(space.blocks), space.max_candidates), 0.5)
    step = mixed_step(mixing, recipe, optimizer, lambda _: half, active)
    before = _Values.of(owned, momenta)
    nothing = np.zeros((0, 1), np.int32)
    step(_images(space), _labels(space), nothing, 0.1, (0, 0))
    after, blocks = _Values.of(owned, momenta), decisions(space)[:, 1]
    num_moved = 0
    for each in owned:
        moved, mixed = before.moved(after, each), active[blocks[each.decision]]
        num_moved += len(moved)
        if not moved <= set(mixed):
            raise AssertionError(
                f"A mixture of {mixed} at decision {each.decision} moved the "
                f"rows of candidates {sorted(moved)} of "
                f"{each.variable.path!r}, or their momenta."
            )
    if not num_moved:
        raise AssertionError("A mixture moved no weights of any candidate.")


def a_pair_is_the_path_that_is_selected(supernet: WeightSharing) -> None:
    """Of two paths one computes; the choice has a gradient, and moves nothing.

    Held against itself it has none. Supernets that cannot compare two paths
    have nothing to keep. Argument and errors as in `equals_the_cut_out_child`.
    """
    if Capability.TWO_PATHS not in supernet.capabilities:
        return
    pairing = require_capability(supernet, Capability.TWO_PATHS)
    _activate_scales(supernet)
    images = tf.constant(_images(supernet.space))
    selected, other = (
        tf.constant(_single_path(supernet, seed)) for seed in (0, 1)
    )
    shares = tf.fill([len(supernet.space.blocks)], 0.25)
    with statistics_kept(supernet):
        before = _statistics(supernet)
        gradients = []
        for rival in (other, selected):
            with tf.GradientTape() as tape:
                tape.watch(shares)
                logits = pairing.call_pair(images, selected, rival, shares)
                loss = tf.reduce_sum(logits**2)
            gradients.append(tape.gradient(loss, shares).numpy())
        if not all(map(np.array_equal, before, _statistics(supernet))):
            raise AssertionError("Comparing two paths moved statistics.")
        alone = supernet(images, selected, training=True, rate=0.0)
    gap = float(np.abs(logits - alone).max())
    if not gap <= MIXING_TOLERANCE * max(1.0, np.abs(alone).max()):
        raise AssertionError(
            f"A path that is held against another one differs from that path "
            f"by {gap:g}."
        )
    differs = (selected != other).numpy().any(axis=1)
    largest = max(1.0, float(np.abs(gradients[0]).max()))
    if not np.abs(gradients[1]).max() <= TOLERANCE * largest:
        raise AssertionError("The choice between equals has a gradient.")
    is_deaf = differs.any() and not gradients[0][differs].any()
    if is_deaf or gradients[0][~differs].any():
        raise AssertionError(
            f"Paths that differ at {differs} have the gradient {gradients[0]}."
        )


SUPERNET_LAWS = (
    equals_the_cut_out_child,
    inactive_branches_do_not_compute,
    only_open_branches_move,
    new_paths_need_no_trace,
    a_mixture_of_one_is_that_path,
    a_pair_is_the_path_that_is_selected,
    only_mixed_branches_move,
)


class _Values(NamedTuple):
    """Weights, momenta and statistics of variables, by their identities."""

    by_variable: dict[int, list[np.ndarray]]

    @classmethod
    def of(
        cls, owned: list[OwnedRows], momenta: dict[int, tf.Variable]
    ) -> "_Values":
        """Returns the values as they stand, a row for each candidate's."""
        return cls(
            {
                id(each.variable): [
                    np.atleast_2d(value.numpy())
                    for value in (
                        each.variable,
                        momenta[id(each.variable)],
                        each.statistics,
                    )
                ]
                for each in _each_once(owned)
            }
        )

    def moved(self, after: "_Values", owned: OwnedRows) -> set[int]:
        """Returns the candidates whose rows are not what they were."""
        rows = list(owned.rows)
        found = set()
        for old, new in zip(
            self.by_variable[id(owned.variable)],
            after.by_variable[id(owned.variable)],
            strict=True,
        ):
            differs = (old[rows] != new[rows]).any(axis=1)
            found |= {owned.candidates[i] for i in np.flatnonzero(differs)}
        return found


def _owned(supernet: WeightSharing) -> list[OwnedRows]:
    """Returns what all blocks own."""
    return [
        each
        for number, block in enumerate(supernet.blocks)
        for each in block.owned_rows(_deciding(supernet.space, number))
    ]


def _each_once(owned: list[OwnedRows]) -> list[OwnedRows]:
    """Returns one of those that share a variable."""
    return list({id(each.variable): each for each in owned}.values())


def _poison(owned: list[OwnedRows], open_branches: np.ndarray) -> None:
    """Makes the weights of all inactive candidates NaN."""
    for each in owned:
        values = each.variable.numpy()
        rows = values if values.ndim == 2 else values[np.newaxis]
        is_open = np.isin(each.candidates, open_branches[each.decision])
        rows[np.array(each.rows, np.intp)[~is_open]] = np.nan
        each.variable.assign(rows.reshape(values.shape))


def _activate_scales(supernet: WeightSharing) -> None:
    """Makes all scales nonzero: fresh ones may be zero, and hide a branch.

    What follows is scales and offsets, or padding, which nothing reads.
    """
    for number, block in enumerate(supernet.blocks):
        sizes = dict(
            zip(block.candidates, map(sum, block.kernel_lengths), strict=True)
        )
        for owned in block.owned_rows(_deciding(supernet.space, number)):
            values = owned.variable.numpy()
            rows = values if values.ndim == 2 else values[np.newaxis]
            for row, index in zip(owned.rows, owned.candidates, strict=True):
                rows[row, sizes[index] :] += 0.25
            owned.variable.assign(rows.reshape(values.shape))


def _deciding(space: SearchSpace, block: int) -> list[int]:
    """Returns the rows of open branches that decide about a block."""
    found: list[int] = np.flatnonzero(decisions(space)[:, 1] == block).tolist()
    return found


def _genotypes(supernet: WeightSharing) -> Iterator[Genotype]:
    """Yields a path, a genotype as open as allowed, and some between."""
    space, rng = supernet.space, np.random.default_rng(0)
    for number in range(NUM_DRAWS):
        yield space.genotype(
            [
                _gene(space, index, number, rng)
                for index in range(len(space.blocks))
            ]
        )


def _single_path(supernet: WeightSharing, seed: int) -> np.ndarray:
    """Returns a random candidate of each block that has some, as branches."""
    rng = np.random.default_rng(seed)
    genes = [
        rng.permutation(each)[:1].tolist() for each in supernet.space.active
    ]
    return encode_genes(supernet.space, genes)


def _openings(supernet: WeightSharing) -> Iterator[np.ndarray]:
    """Yields open branches as `_genotypes` does, each cell on its own."""
    space, rng = supernet.space, np.random.default_rng(1)
    blocks = decisions(space)[:, 1]
    for number in range(NUM_DRAWS):
        open_branches = np.full(
            (len(blocks), max_open(space)), INACTIVE, np.int32
        )
        for row, index in zip(open_branches, blocks, strict=True):
            gene = _gene(space, index, number, rng)
            row[: len(gene)] = gene
        yield open_branches


def _gene(
    space: SearchSpace, index: int, number: int, rng: np.random.Generator
) -> list[int]:
    """Returns what the draw of that number opens of a block."""
    block, indices = space.blocks[index], space.active[index]
    most = min(block.max_open, len(indices))
    between = int(rng.integers(block.min_open, most + 1))
    count = (min(1, most), most, between)[min(number, 2)]
    found: list[int] = rng.choice(indices, count, replace=False).tolist()
    return found


def _statistics(supernet: WeightSharing) -> list[np.ndarray]:
    return [each.numpy() for each in supernet.non_trainable_variables]


def _images(space: SearchSpace) -> np.ndarray:
    skeleton = space.skeleton
    shape = (BATCH_SIZE, *skeleton.image_size, skeleton.image_channels)
    return np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)


def _labels(space: SearchSpace) -> np.ndarray:
    return np.arange(BATCH_SIZE, dtype=np.int32) % space.skeleton.num_classes
