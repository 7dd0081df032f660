"""What steps of DARTS's architecture parameters cost.

    python benchmarks/speed/architecture_step.py --rule=mixed --batch=64
    python benchmarks/speed/architecture_step.py --rule=second_order --batch=64

All is timed in turns, in one process; the shortest of --repeats counts. No step
may be traced again once it has run.

* mixed: a first order step on the space of NAS-Bench-201, against all that it
  mixes run one by one: in each stage the edges of all cells with one of their
  ops, forward and backward, op by op, and the network without its cells. `none`
  computes nothing and is left out. A ratio of 1.00 is a mixture for free.
* second_order: a second order step against one of the first, on --family
  (nb201, or darts of 8 cells and 16 channels), alone and together with the step
  of the weights that follows either.

A step by two gates is timed by `supernet_step.py`, the mixed step of PyTorch by
`torch_mixed_step.py`.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import step_flags
import tensorflow as tf
from absl import app, flags
from noise_steps import LEARNING_RATE, make_images
from step_families import FAMILIES, FamilyOptions
from step_flags import BATCH, REPEATS, SEED
from timing import shortest_in_turns
from traces import TraceCounter

from nse_tf.datasets import ImageSet
from nse_tf.jobs import ArchitectureRule
from nse_tf.supernet import NB201Supernet
from nse_tf.supernet.cells.nb201_stage import CellStage
from nse_tf.supernet.layers.batch_norm import FusedBatchNormalization
from nse_tf.training import DARTS_RECIPE, SupernetTrainer
from nse_tf.training.architecture_course import new_architecture
from nse_tf.training.draws import draw_nothing
from nse_tf.training.epoch_loop import WeightStep

Work = Callable[[], Any]

flags.adopt_module_key_flags(step_flags)
RULE = flags.DEFINE_enum(
    "rule", "mixed", ["mixed", "second_order"], "Which step is timed."
)
FAMILY = flags.DEFINE_enum(
    "family", "nb201", ["nb201", "darts"], "Cells of --rule=second_order."
)


class BareNetwork(NB201Supernet):
    """A supernet of NAS-Bench-201 that may leave out its cells."""

    def run_bare(self, images: tf.Tensor, scales: tf.Tensor) -> tf.Tensor:
        """Returns the logits without cells.

        Args:
            images: `(batch, height, width, channels)`.
            scales: Factor in place of each stage's cells, `(num_stages,)`.
        """

        def apply(layer: Any, inputs: tf.Tensor) -> tf.Tensor:
            if isinstance(layer, FusedBatchNormalization):
                return layer(inputs, training=True, rate=0.0)
            return layer(inputs)

        return self._run(
            images, lambda stage, inputs: scales[stage] * inputs, apply
        )


def make_trainer(images: ImageSet) -> SupernetTrainer:
    """Returns a trainer of the family's supernet, as DARTS trains it."""
    networks = FAMILIES[FAMILY.value].networks(FamilyOptions(seed=SEED.value))
    recipe = dataclasses.replace(
        DARTS_RECIPE, batch_size=len(images), augmentation="none"
    )
    return SupernetTrainer(networks.supernet(), recipe, images)


def bare_work(network: BareNetwork, images: ImageSet) -> Work:
    """Returns what runs the network without cells, forward and backward."""
    pixels, labels = tf.constant(images.images), tf.constant(images.labels)

    @tf.function
    def run(scales: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(scales)
            logits = network.run_bare(pixels, scales)
            loss = tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            )
        return tape.gradient(loss, scales)

    scales = tf.ones([len(network.cells)])
    return lambda: run(scales).numpy()


def op_work(stage: CellStage, candidate: int, batch: int) -> Work:
    """Returns what runs one op at all edges of a stage, and back."""
    num_edges, width = stage.row_index.shape[1], stage.cells[0].channels
    active = ((candidate,),) * num_edges

    @tf.function
    def run(
        inputs: tf.Tensor, weights: tf.Tensor, gradient: tf.Tensor
    ) -> list[tf.Tensor]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([inputs, weights])
            outputs = stage.mix(inputs, weights, active)
        found: list[tf.Tensor] = tape.gradient(
            outputs, [inputs, weights], output_gradients=gradient
        )
        return found

    rng = tf.random.Generator.from_seed(SEED.value)
    shape = [batch, *stage.cells[0].in_size, width]
    inputs, gradient = rng.normal(shape), rng.normal(shape)
    weights = tf.fill([num_edges, candidate + 1], 0.2)
    return lambda: run(inputs, weights, gradient)[1].numpy()


def compare_with_ops(images: ImageSet) -> None:
    """Prints a mixed step against all its ops, one by one."""
    trainer = make_trainer(images)
    supernet: Any = trainer.supernet
    counter = TraceCounter(supernet, "mix")
    rule = ArchitectureRule(rule="first_order")
    architecture = new_architecture(trainer, images, rule, SEED.value, epochs=1)
    active, rng = supernet.space.active, np.random.default_rng(SEED.value)
    candidates = supernet.space.blocks[0].candidates
    names, works = ["network without cells"], []
    works.append(
        bare_work(BareNetwork(supernet.space, kernels="fan_in"), images)
    )
    for number, stage in enumerate(supernet.cells):
        for index, op in enumerate(candidates):
            if op.name != "none":
                names.append(f"stage {number}, {op.name}")
                works.append(op_work(stage, index, len(images)))
    whole, *parts = shortest_in_turns(
        [lambda: float(architecture.step(active, rng)), *works],
        REPEATS.value,
        step_flags.clock(),
    )
    counter.require(1)
    for name, seconds in zip(names, parts, strict=True):
        print(f"{name}: {seconds * 1e3:.1f} ms")
    print(
        f"mixed step {whole * 1e3:.0f} ms, one by one {sum(parts) * 1e3:.0f} "
        f"ms, ratio {whole / sum(parts):.3f} of {step_flags.clock_name()}"
    )


def compare_orders(images: ImageSet) -> None:
    """Prints a second order step against one of the first."""
    trainer = make_trainer(images)
    counter = TraceCounter(trainer.supernet, "mix")
    rule = ArchitectureRule(rule="second_order")
    architecture = new_architecture(trainer, images, rule, SEED.value, epochs=1)
    active = trainer.supernet.space.active
    rng = np.random.default_rng(SEED.value)
    of_weights: Any = architecture.step_of_weights(active)
    pixels, seed = np.asarray(images.images), (0, 0)
    coming = WeightStep(pixels, images.labels, LEARNING_RATE, seed)
    first, second, weights = shortest_in_turns(
        [
            lambda: float(architecture.step(active, rng)),
            lambda: float(architecture.step_before(active, rng, coming)),
            lambda: float(
                of_weights(
                    pixels,
                    images.labels,
                    draw_nothing(rng),
                    LEARNING_RATE,
                    seed,
                )
            ),
        ],
        REPEATS.value,
        step_flags.clock(),
    )
    # The second order mixes four times: two losses, and a difference of one.
    counter.require(1 + 4 + 1)
    print(
        f"first order {first * 1e3:.0f} ms, second {second * 1e3:.0f} ms, "
        f"weights {weights * 1e3:.0f} ms"
    )
    together = (second + weights) / (first + weights)
    print(
        f"ratio of the second order to the first: {second / first:.3f} of "
        f"{step_flags.clock_name()}; with the step of the weights: "
        f"{together:.3f}"
    )


def main(argv: Sequence[str]) -> None:
    """Compares the step that is asked for."""
    del argv
    if RULE.value == "mixed" and FAMILY.value != "nb201":
        raise app.UsageError(
            f"--family={FAMILY.value} is for --rule=second_order: leave it out."
        )
    images = make_images(BATCH.value, SEED.value)
    if RULE.value == "mixed":
        compare_with_ops(images)
    else:
        compare_orders(images)


if __name__ == "__main__":
    app.run(main)
