"""Laws of supernets: what searching on shared weights relies on."""

import numpy as np
import tensorflow as tf

from nse_tf.supernet import (
    Capability,
    WeightSharing,
    require_capability,
    statistics_kept,
)
from nse_tf.testing.mixing_laws import (
    MIXING_TOLERANCE,
    a_mixture_of_one_is_that_path,
    cells_begin_anew_where_all_are_drawn,
    dropout_reaches_skips_alone,
    extra_skips_fade_to_nothing,
    only_mixed_branches_move,
    seats_change_without_a_trace,
)
from nse_tf.testing.supernet_probes import (
    BATCH_SIZE,
    NUM_DRAWS,
    RowValues,
    activate_scales,
    closed_of,
    each_once,
    genotypes_of,
    images_of,
    labels_of,
    openings_of,
    owned_by,
    poison,
    single_path_of,
    statistics_of,
)
from nse_tf.training import SupernetRecipe
from nse_tf.training.supernet_step import (
    supernet_step,
)

TOLERANCE = 1e-5


def equals_the_cut_out_child(supernet: WeightSharing) -> None:
    """Open branches and cut-out child give the same logits, in both modes.

    Args:
        supernet: Any weights will do; the law may change them.

    Raises:
        AssertionError: If the law is broken.
    """
    activate_scales(supernet)
    images = images_of(supernet.space)
    for genotype in genotypes_of(supernet):
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
    activate_scales(supernet)
    images, owned = images_of(supernet.space), owned_by(supernet)
    weights = [each.variable.value for each in each_once(owned)]
    for open_branches in openings_of(supernet):
        kept = [weight.numpy() for weight in weights]
        try:
            poison(owned, open_branches)
            with statistics_kept(supernet), tf.GradientTape() as tape:
                tape.watch(weights)
                logits = supernet(images, open_branches, training=True)
                loss = tf.reduce_sum(logits**2)
            gradients = tape.gradient(loss, weights)
        finally:
            for weight, value in zip(weights, kept, strict=True):
                weight.assign(value)
        used = [loss]
        for each, gradient in zip(each_once(owned), gradients, strict=True):
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
    owned = owned_by(supernet)
    images, labels = images_of(supernet.space), labels_of(supernet.space)
    for number, open_branches in enumerate(openings_of(supernet)):
        before = RowValues.of(owned, momenta)
        step(images, labels, open_branches, 0.1, (0, number))
        after = RowValues.of(owned, momenta)
        num_moved = 0
        for each in owned:
            moved = before.moved(after, each)
            open_here = open_branches[each.decision].tolist()
            num_moved += len(moved)
            closed = closed_of(moved, open_here)
            if closed:
                raise AssertionError(
                    f"A step with {open_here} open at decision {each.decision} "
                    f"moved the rows of candidates {closed} of "
                    f"{each.variable.path!r}, their momenta or statistics."
                )
        if not num_moved:
            raise AssertionError("A step moved no weights of any candidate.")


def new_paths_need_no_trace(supernet: WeightSharing) -> None:
    """A supernet is traced once, whatever is open.

    Argument and errors as in `equals_the_cut_out_child`.
    """

    @tf.function(autograph=False)
    def run(images: tf.Tensor, open_branches: tf.Tensor) -> tf.Tensor:
        return supernet(images, open_branches, training=True)

    images = tf.constant(images_of(supernet.space))
    with statistics_kept(supernet):
        for genotype in genotypes_of(supernet):
            run(images, tf.constant(supernet.encode(genotype)))
    num_traces = run.experimental_get_tracing_count()
    if num_traces != 1:
        raise AssertionError(
            f"{NUM_DRAWS} genotypes took {num_traces} traces: something about "
            "a genotype is a Python value or a shape."
        )


def a_pair_is_the_path_that_is_selected(supernet: WeightSharing) -> None:
    """Of two paths one computes; the choice has a gradient, and moves nothing.

    Held against itself it has none. Supernets that cannot compare two paths
    have nothing to keep. Argument and errors as in `equals_the_cut_out_child`.
    """
    if Capability.TWO_PATHS not in supernet.capabilities:
        return
    pairing = require_capability(supernet, Capability.TWO_PATHS)
    activate_scales(supernet)
    images = tf.constant(images_of(supernet.space))
    selected, other = (
        tf.constant(single_path_of(supernet, seed)) for seed in (0, 1)
    )
    shares = tf.fill([len(supernet.space.blocks)], 0.25)
    with statistics_kept(supernet):
        before = statistics_of(supernet)
        gradients = []
        for rival in (other, selected):
            with tf.GradientTape() as tape:
                tape.watch(shares)
                logits = pairing.call_pair(images, selected, rival, shares)
                loss = tf.reduce_sum(logits**2)
            gradients.append(tape.gradient(loss, shares).numpy())
        if not all(map(np.array_equal, before, statistics_of(supernet))):
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
    dropout_reaches_skips_alone,
    extra_skips_fade_to_nothing,
    seats_change_without_a_trace,
    cells_begin_anew_where_all_are_drawn,
)
