"""Laws of supernets: what searching on shared weights relies on."""

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nse_tf.datasets import ImageSet
from nse_tf.spaces import Genotype, SearchSpace
from nse_tf.supernet import WeightSharing, cut_out, statistics_kept
from nse_tf.supernet.chains.branch_choice import BranchChoice
from nse_tf.training import SupernetRecipe, SupernetTrainer

NUM_GENOTYPES = 3
BATCH_SIZE = 4
TOLERANCE = 1e-5
# Owns the row that stands for closed slots.
_NOBODY = -1

Snapshot = list[np.ndarray]


def equals_the_cut_out_child(
    supernet: WeightSharing, cut_out: Callable[..., keras.Model] = cut_out
) -> None:
    """Opened branches and cut-out child give the same logits, in both modes.

    Args:
        supernet: Of any weights, which the law may change.
        cut_out: Makes a fast child of it; see `Networks.cut_out`.

    Raises:
        AssertionError: If the law is broken.
    """
    _open_closed_branches(supernet)
    images = _images(supernet.space)
    for genotype in _genotypes(supernet.space):
        child = cut_out(supernet, genotype)
        slots = supernet.encode(genotype)
        with statistics_kept(supernet):
            for training in (False, True):
                found = supernet(images, slots, training=training)
                wanted = child(images, training=training)
                gap = float(np.abs(found - wanted).max())
                if not gap <= TOLERANCE * max(1.0, np.abs(wanted).max()):
                    raise AssertionError(
                        f"With {genotype.genes} open and training={training}, "
                        f"logits differ from the cut-out child's by {gap:g}."
                    )


def closed_branches_do_not_compute(supernet: WeightSharing) -> None:
    """What closed candidates hold has no way into logits or gradients.

    Argument and errors as of `equals_the_cut_out_child`.
    """
    _open_closed_branches(supernet)
    images = _images(supernet.space)
    for genotype in _genotypes(supernet.space):
        slots = supernet.encode(genotype)
        kept = [
            (rows, owners, rows.numpy(), gene)
            for place, gene in zip(supernet.blocks, genotype.genes, strict=True)
            for rows, owners in _owned_rows(place)
        ]
        try:
            for rows, owners, values, gene in kept:
                opened = np.isin(owners, [*gene, _NOBODY])[:, None]
                matrix = np.where(
                    opened, values.reshape(len(owners), -1), np.nan
                )
                rows.assign(matrix.reshape(values.shape))
            with statistics_kept(supernet), tf.GradientTape() as tape:
                logits = supernet(images, slots, training=True)
                loss = tf.reduce_sum(logits**2)
            gradients = tape.gradient(loss, [rows for rows, *_ in kept])
        finally:
            for rows, _, values, _ in kept:
                rows.assign(values)
        for (rows, owners, *_), gradient in zip(kept, gradients, strict=True):
            if isinstance(gradient, tf.Tensor) and len(owners) > 1:
                raise AssertionError(
                    f"{rows.path!r} has a gradient for all candidates, open or "
                    "not."
                )
        used = [
            loss,
            *(
                getattr(each, "values", each)
                for each in gradients
                if each is not None
            ),
        ]
        if not all(np.isfinite(each).all() for each in used):
            raise AssertionError(
                f"With {genotype.genes} open, NaN in the weights of closed "
                "candidates reached the loss or a gradient."
            )


def only_open_branches_move(supernet: WeightSharing) -> None:
    """A training step leaves what is closed as it was, to the bit.

    That is weights, momenta and batch-norm statistics. Several steps are taken,
    so that there are momenta to move. Argument and errors as of
    `equals_the_cut_out_child`.
    """
    trainer = _trainer(supernet)
    for step, genotype in enumerate(_genotypes(supernet.space)):
        before = _by_block(trainer)
        _train(trainer, genotype, step)
        after = _by_block(trainer)
        for place, gene, old, new in zip(
            supernet.blocks, genotype.genes, before, after, strict=True
        ):
            for one, other in zip(old, new, strict=True):
                moved = np.flatnonzero((one != other).any(axis=1)).tolist()
                if not set(moved) <= set(gene):
                    raise AssertionError(
                        f"A step with {gene} open at {place.name!r} moved "
                        f"the rows {moved} of its weights, momenta or "
                        "statistics."
                    )


def new_paths_need_no_trace(supernet: WeightSharing) -> None:
    """A supernet is traced once, whatever is open.

    Argument and errors as of `equals_the_cut_out_child`.
    """

    @tf.function
    def run(images: tf.Tensor, slots: tf.Tensor) -> tf.Tensor:
        return supernet(images, slots, training=True)

    images = tf.constant(_images(supernet.space))
    with statistics_kept(supernet):
        for genotype in _genotypes(supernet.space):
            run(images, tf.constant(supernet.encode(genotype)))
    num_traces = run.experimental_get_tracing_count()
    if num_traces != 1:
        raise AssertionError(
            f"{NUM_GENOTYPES} genotypes took {num_traces} traces: something "
            "about a genotype is a Python value or a shape."
        )


SUPERNET_LAWS = (
    equals_the_cut_out_child,
    closed_branches_do_not_compute,
    only_open_branches_move,
    new_paths_need_no_trace,
)


def _owned_rows(place: Any) -> list[tuple[keras.Variable, list[int]]]:
    """Returns a place's rows of weights, and the candidate of each row."""
    if isinstance(place, BranchChoice):
        return [
            (row, [candidate])
            for row, candidate in zip(place.rows, place.active, strict=True)
        ]
    count = len(place.rows.numpy()) - 1
    return [(place.rows, [*range(count), _NOBODY])]


def _open_closed_branches(supernet: WeightSharing) -> None:
    """Moves scales and offsets: fresh branches may be times zero."""
    for place in supernet.blocks:
        if isinstance(place, BranchChoice):
            continue
        rows = place.rows.numpy()
        for row, layout in zip(
            rows, getattr(place, "layouts", ()), strict=False
        ):
            size = sum(piece.size for piece in layout.weights)
            row[layout.kernel_size : size] += 0.25
        place.rows.assign(rows)


def _genotypes(space: SearchSpace) -> Iterator[Genotype]:
    """Yields a path, a genotype as open as allowed, and some between."""
    rng = np.random.default_rng(0)
    for number in range(NUM_GENOTYPES):
        genes = []
        for block, indices in zip(space.blocks, space.active, strict=True):
            most = min(block.max_open, len(indices))
            between = int(rng.integers(block.min_open, most + 1))
            count = (1, most, between)[min(number, 2)]
            genes.append(rng.choice(indices, count, replace=False).tolist())
        yield space.genotype(genes)


def _images(space: SearchSpace) -> np.ndarray:
    skeleton = space.skeleton
    shape = (BATCH_SIZE, *skeleton.image_size, skeleton.image_channels)
    return np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)


def _labels(space: SearchSpace) -> np.ndarray:
    return np.arange(BATCH_SIZE, dtype=np.int32) % space.skeleton.num_classes


def _trainer(supernet: WeightSharing) -> SupernetTrainer:
    space = supernet.space
    images = ImageSet(_images(space), _labels(space))
    return SupernetTrainer(
        supernet, SupernetRecipe(batch_size=BATCH_SIZE), images
    )


def _train(trainer: SupernetTrainer, genotype: Genotype, step: int) -> None:
    space = trainer.supernet.space
    slots = trainer.supernet.encode(genotype)
    trainer.step(_images(space), _labels(space), slots, 0.1, (0, step))


def _by_block(trainer: SupernetTrainer) -> list[Snapshot]:
    """Returns rows of weights, momenta and statistics of each place."""
    momenta = {
        variable.path: value
        for variable, value in zip(
            trainer.supernet.trainable_variables,
            trainer.checkpoint("", "").momenta,
            strict=True,
        )
    }
    return [
        [
            _matrix([rows.numpy() for rows, _ in owned], owned),
            _matrix([momenta[rows.path] for rows, _ in owned], owned),
            _statistics(place, owned),
        ]
        for place in trainer.supernet.blocks
        for owned in [_owned_rows(place)]
    ]


def _statistics(
    place: Any, owned: list[tuple[keras.Variable, list[int]]]
) -> np.ndarray:
    statistics = place.statistics
    if not isinstance(place, BranchChoice):
        statistics = [statistics]
    return _matrix([each.numpy() for each in statistics], owned)


def _matrix(
    values: list[np.ndarray], owned: list[tuple[keras.Variable, list[int]]]
) -> np.ndarray:
    """Returns a row for each candidate, of what rows or single rows hold."""
    if values and values[0].ndim == 2:
        return values[0]
    candidates = [owners[0] for _, owners in owned]
    shape = 1 + max(candidates, default=0), max(map(len, values), default=0)
    matrix = np.zeros(shape, np.float32)
    for candidate, value in zip(candidates, values, strict=True):
        matrix[candidate, : len(value)] = value
    return matrix
