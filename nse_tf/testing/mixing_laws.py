"""Laws of supernets that mix their candidates."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from nse_tf.spaces import Genotype, SkipConnect
from nse_tf.spaces.open_branches import (
    decisions,
)
from nse_tf.supernet import (
    Capability,
    ExtraSkips,
    SeatingSupernet,
    SkipDropout,
    WeightSharing,
    require_capability,
    statistics_kept,
)
from nse_tf.testing.supernet_probes import (
    BATCH_SIZE,
    RowValues,
    activate_scales,
    closed_of,
    images_of,
    labels_of,
    owned_by,
    statistics_of,
)
from nse_tf.training import SupernetRecipe
from nse_tf.training.supernet_step import (
    mixed_step,
    seated_step,
    supernet_step,
)

# Cells that sit in slots: another one, a parent, and its child of one other
# gene, whose kernel on the edge from 1 to 2 is its own.
LAW_CELLS = (
    "motif_1.2.00.12.112",
    "motif_2.3.01.15.115",
    "motif_2.3.01.13.115",
    "motif_0.5.10.53.155",
)
# A mixture runs what a single path does, but not by the same kernels.
MIXING_TOLERANCE = 1e-4


def a_mixture_of_one_is_that_path(supernet: WeightSharing) -> None:
    """With all weight on one candidate of each block, others do not count.

    Supernets that cannot mix have nothing to keep. Argument and errors as in
    `equals_the_cut_out_child`.
    """
    if Capability.MIXES not in supernet.capabilities:
        return
    mixing = require_capability(supernet, Capability.MIXES)
    activate_scales(supernet)
    space, images = supernet.space, images_of(supernet.space)
    genotype = space.sample(np.random.default_rng(0))
    weights = np.zeros((len(space.blocks), space.max_candidates), np.float32)
    weights[np.arange(len(space.blocks)), list(genotype.path)] = 1.0
    with statistics_kept(supernet):
        before = statistics_of(supernet)
        mixed = mixing.mix(images, tf.constant(weights), space.active)
        if not all(map(np.array_equal, before, statistics_of(supernet))):
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
    space, images = supernet.space, images_of(supernet.space)
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

    That is weights, statistics, and momenta that run on. Supernets that are not
    trained mixed have nothing to keep. Argument and errors as above.
    """
    if not supernet.capabilities & {
        Capability.TRAINS_MIXED,
        Capability.SEATS_CELLS,
    }:
        return
    space, owned = supernet.space, owned_by(supernet)
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
    if Capability.SEATS_CELLS in supernet.capabilities:
        seating = require_capability(supernet, Capability.SEATS_CELLS)
        step = seated_step(seating, recipe, optimizer, lambda _: half, active)
    else:
        mixing = require_capability(supernet, Capability.TRAINS_MIXED)
        step = mixed_step(mixing, recipe, optimizer, lambda _: half, active)
    before = RowValues.of(owned, momenta)
    nothing = np.zeros((0, 1), np.int32)
    step(images_of(space), labels_of(space), nothing, 0.1, (0, 0))
    after, blocks = RowValues.of(owned, momenta), decisions(space)[:, 1]
    num_moved = 0
    for each in owned:
        moved, mixed = before.moved(after, each), active[blocks[each.decision]]
        num_moved += len(moved)
        closed = closed_of(moved, mixed)
        if closed:
            raise AssertionError(
                f"A mixture of {mixed} at decision {each.decision} moved the "
                f"rows of candidates {closed} of "
                f"{each.variable.path!r}, or their momenta."
            )
    if not num_moved:
        raise AssertionError("A mixture moved no weights of any candidate.")


def dropout_reaches_skips_alone(supernet: WeightSharing) -> None:
    """What drops out after skips follows from a seed, and nothing else does.

    At a rate of 0 the mixture is, to the bit, that without dropout. Supernets
    that do not train mixed have nothing to keep. Argument and errors as above.
    """
    if Capability.TRAINS_MIXED not in supernet.capabilities:
        return
    mixing = require_capability(supernet, Capability.TRAINS_MIXED)
    space, images = supernet.space, tf.constant(images_of(supernet.space))
    equal = tf.ones((len(space.blocks), space.max_candidates))
    others, skips = (
        [
            [
                index
                for index in indices
                if (block.candidates[index] == SkipConnect()) == is_skip
            ]
            for block, indices in zip(space.blocks, space.active, strict=True)
        ]
        for is_skip in (False, True)
    )
    few = [indices[-1:] for indices in others]
    some = [skip + other for skip, other in zip(skips, few, strict=True)]

    def mixed(
        active: list[list[int]], rate: float | None, seed: int = 0
    ) -> np.ndarray:
        dropout = None
        if rate is not None:
            dropout = SkipDropout(tf.constant(rate), tf.constant([seed, 1]))
        return np.array(mixing.mix(images, equal, active, dropout))

    if not np.array_equal(mixed(some, 0.0), mixed(some, None)):
        raise AssertionError("A dropout of nothing changes the logits.")
    if not np.array_equal(mixed(few, 0.5), mixed(few, None)):
        raise AssertionError("Something else than a skip dropped out.")
    if np.array_equal(mixed(some, 0.5), mixed(some, 0.5, seed=1)):
        raise AssertionError("Two seeds dropped out the same.")


def extra_skips_fade_to_nothing(supernet: WeightSharing) -> None:
    """Extra skips count, but at a share of 0 leave a mixture to the bit.

    Supernets that do not train mixed have none. Argument and errors as above.
    """
    if Capability.TRAINS_MIXED not in supernet.capabilities:
        return
    mixing = require_capability(supernet, Capability.TRAINS_MIXED)
    space, images = supernet.space, tf.constant(images_of(supernet.space))
    equal = tf.ones((len(space.blocks), space.max_candidates))
    few = [indices[-1:] for indices in space.active]
    kernels = mixing.new_extra_kernels(0)
    values = {number: each.value for number, each in kernels.items()}

    def mixed(share: float | None) -> np.ndarray:
        skips = None
        if share is not None:
            skips = ExtraSkips(tf.constant(share), values)
        return np.array(mixing.mix(images, equal, few, extra_skips=skips))

    plain = mixed(None)
    if not np.array_equal(mixed(0.0), plain):
        raise AssertionError("Extra skips of share 0 change the logits.")
    if np.array_equal(mixed(1.0), plain):
        raise AssertionError("Extra skips change nothing.")


def seats_change_without_a_trace(supernet: WeightSharing) -> None:
    """Other cells in slots take no trace, and weights go with their cell.

    A cell that stays, moves, or comes back from the bench has its weights and
    statistics to the bit; one that comes in has the kernels of its parent that
    have its shapes. Supernets without slots have nothing to keep. Argument and
    errors as above.
    """
    if Capability.SEATS_CELLS not in supernet.capabilities:
        return
    seating = require_capability(supernet, Capability.SEATS_CELLS)
    first, parent, child, last = LAW_CELLS
    images = tf.constant(images_of(supernet.space))
    num_blocks, most = len(supernet.blocks), supernet.space.max_candidates
    shares = tf.fill((num_blocks, most), 0.5)

    @tf.function(autograph=False)
    def run() -> tf.Tensor:
        return seating.mix(images, shares, supernet.space.active)

    def seat(present: list[str], parents: list[str], bench: list[str]) -> None:
        _seat(seating, present, parents, bench)
        run()

    def values(slot: int) -> list[dict[tuple[str, str], np.ndarray]]:
        return [block.values_of(slot) for block in supernet.blocks]

    seat([first, parent], [], [])
    before = values(1)
    seat([first, child], ["", parent], [parent])
    for old, new in zip(before, values(1), strict=True):
        for (layer, weight), value in new.items():
            was = old.get((layer, weight))
            if weight == "kernel" and was is not None:
                agrees = was.shape == value.shape
                if agrees != np.array_equal(was, value):
                    raise AssertionError(
                        f"Kernel {layer!r} of {child!r} is not what follows "
                        f"from its parent {parent!r}."
                    )
    seat([parent, first], [], [])
    for old, new in zip(before, values(0), strict=True):
        if not all(np.array_equal(old[key], new[key]) for key in old):
            raise AssertionError(
                f"{parent!r} came back from the bench with other weights."
            )
    seat([first, last], [], [])
    num_traces = run.experimental_get_tracing_count()
    if num_traces != 1:
        raise AssertionError(f"Other cells took {num_traces} traces.")


def cells_begin_anew_where_all_are_drawn(supernet: WeightSharing) -> None:
    """With `draws_all` no kernel is what it was, in a slot or on the bench.

    Argument and errors as above.
    """
    if Capability.SEATS_CELLS not in supernet.capabilities:
        return
    seating = require_capability(supernet, Capability.SEATS_CELLS)
    first, parent, child, _ = LAW_CELLS

    def kernels(slot: int) -> list[np.ndarray]:
        return [
            value
            for block in supernet.blocks
            for (_, weight), value in block.values_of(slot).items()
            if weight == "kernel"
        ]

    _seat(seating, [first, parent], [], [])
    stayed, moved = kernels(0), kernels(1)
    _seat(
        seating,
        [first, child],
        ["", parent],
        [parent],
        seed=2,
        draws_all=True,
    )
    again = kernels(0)
    _seat(seating, [first, parent], [], [], seed=3)
    for old, new in zip([*stayed, *moved], [*again, *kernels(1)], strict=True):
        if np.array_equal(old, new):
            raise AssertionError(f"{first!r} or {parent!r} did not begin anew.")


def _seat(
    seating: SeatingSupernet,
    present: list[str],
    parents: list[str],
    bench: list[str],
    *,
    seed: int = 1,
    draws_all: bool = False,
) -> None:
    """Gives the first slots of all blocks to cells, the rest to another one."""
    num_blocks, most = len(seating.blocks), seating.space.max_candidates
    filled = [*present, *LAW_CELLS[:1] * (most - len(present))]
    named = [*parents, *[""] * (most - len(parents))]
    seating.seat(
        [filled] * num_blocks,
        [named] * num_blocks,
        [bench] * num_blocks,
        (0, seed),
        draws_all=draws_all,
    )
