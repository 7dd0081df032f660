"""How much slower a training step of a supernet is than of its child alone.

    python benchmarks/speed/supernet_step.py --family=chain --batch=128

The steps of supernet and child are timed in turns, in one process, with the
parts that a search trains with; the shortest of some repeats counts. A ratio of
1.00 is a supernet for free. Families, all for images of 32x32x3:

* chain: --blocks choice blocks of six MBConvs; --identity lets those that keep
  their shape be skipped; --sharing=nested makes them parts of one another, in
  place of a row each. A step of the architecture parameters by two gates is
  timed against one of the weights, too.
* motifs: --space (autospace_small), whose ops are AutoSpace's cells; two gates
  are timed there, too.
* branches: multi-branch blocks of --space (nse_small) with --active ops each.
  Genotypes are seeded subsets, each op open with probability one half. A step
  of the architecture parameters is timed against one of the weights, too.
* nb201: the space of NAS-Bench-201. The child has batch norms with scale and
  offset, as in that benchmark, and lacks what does not reach its output; the
  supernet computes that.
* darts: --space (darts_shrinking of 8 cells, 16 channels) with two inputs to
  every node.
* choice: a user's model of --blocks `Choice` layers of up to five kinds; two
  gates are timed there, too.

--width and --depth scale the spaces that are presets.
"""

import time
from collections.abc import Sequence

import numpy as np
import step_flags
from absl import app, flags
from noise_steps import make_images, ready
from step_families import FAMILIES, ArchitectureSteps, Family, FamilyOptions
from step_flags import BATCH, PATHS, REPEATS, SEED
from timing import seconds_of, shortest_in_turns

from nse_tf.datasets import ImageSet
from nse_tf.spaces import Genotype
from nse_tf.supernet import Networks
from nse_tf.supernet.networks import SHARINGS
from nse_tf.training import ChildRecipe, SupernetRecipe, SupernetTrainer
from nse_tf.training.child_trainer import child_step

flags.adopt_module_key_flags(step_flags)
FAMILY = flags.DEFINE_enum(
    "family", "chain", list(FAMILIES), "Which supernet is timed."
)
BLOCKS = flags.DEFINE_integer("blocks", 20, "Number of choice blocks.", 4)
IDENTITY = flags.DEFINE_bool(
    "identity", False, "Whether blocks that keep shape may be skipped."
)
SPACE = flags.DEFINE_string("space", None, "Preset, if not the family's own.")
WIDTH = flags.DEFINE_float("width", None, "Multiplies the preset's widths.")
DEPTH = flags.DEFINE_float("depth", None, "Multiplies the preset's depths.")
SHARING = flags.DEFINE_enum(
    "sharing", "rows", SHARINGS, "How candidates share weights."
)
ACTIVE = flags.DEFINE_integer("active", 5, "Active ops of each block.", 1)


def family_options(family: Family) -> FamilyOptions:
    """Returns what the flags ask of a family's space.

    Raises:
        UsageError: If a flag is given that the family does not heed.
    """
    for holder in (BLOCKS, IDENTITY, SPACE, WIDTH, DEPTH, SHARING, ACTIVE):
        name = holder.name
        if flags.FLAGS[name].present and name not in family.options:
            heeding = [
                each for each, row in FAMILIES.items() if name in row.options
            ]
            raise app.UsageError(
                f"--{name} means nothing to --family={FAMILY.value}; leave it "
                f"out, or choose one of {', '.join(heeding)}."
            )
    return FamilyOptions(
        blocks=BLOCKS.value,
        identity=IDENTITY.value,
        space=SPACE.value,
        width=WIDTH.value,
        depth=DEPTH.value,
        active=ACTIVE.value,
        seed=SEED.value,
        sharing=SHARING.value,
    )


def compare(
    networks: Networks,
    trainer: SupernetTrainer,
    genotype: Genotype,
    images: ImageSet,
) -> tuple[float, float]:
    """Returns the seconds of a step of supernet and child."""
    open_branches = trainer.supernet.encode(genotype)
    child = trainer.supernet.cut_out(genotype)
    child_alone = child_step(child, ChildRecipe(batch_size=len(images)))
    of_supernet, of_child = shortest_in_turns(
        [
            ready(trainer.step, images, open_branches),
            ready(child_alone, images, open_branches),
        ],
        REPEATS.value,
        step_flags.clock(),
    )
    return of_supernet, of_child


def print_ratios(
    networks: Networks,
    trainer: SupernetTrainer,
    genotypes: Sequence[Genotype],
    images: ImageSet,
) -> None:
    """Prints a line for each genotype, and the ratio over all of them."""
    times = []
    for number, genotype in enumerate(genotypes):
        times.append(compare(networks, trainer, genotype, images))
        of_supernet, of_child = times[-1]
        print(
            f"path {number}: supernet {of_supernet * 1000:.0f} ms, child "
            f"{of_child * 1000:.0f} ms, ratio {of_supernet / of_child:.3f}",
            flush=True,
        )
    of_supernet, of_child = np.sum(times, axis=0)
    median = np.median([one / other for one, other in times])
    print(f"traces of the supernet's step: {trainer.step.num_traces}")
    print(
        f"ratio over {len(genotypes)} paths: {of_supernet / of_child:.3f} of "
        f"{step_flags.clock_name()}, of the median path: {median:.3f}"
    )


def print_architecture_ratio(
    trainer: SupernetTrainer, draw: ArchitectureSteps, images: ImageSet
) -> None:
    """Prints what a step of the architecture parameters costs."""
    rng = np.random.default_rng(SEED.value)
    times = []
    for _ in range(PATHS.value):
        drawn = draw(rng)
        of_weights = ready(trainer.step, images, drawn.open_branches)
        times.append(
            shortest_in_turns(
                [of_weights, drawn.update], REPEATS.value, step_flags.clock()
            )
        )
    weights, architecture = np.sum(times, axis=0)
    print(
        "step of the architecture parameters to one of the weights: "
        f"{architecture / weights:.3f}"
    )


def main(argv: Sequence[str]) -> None:
    """Compares the steps of a family's supernet and its children."""
    del argv
    family = FAMILIES[FAMILY.value]
    networks = family.networks(family_options(family))
    images = make_images(BATCH.value, SEED.value)
    rng = np.random.default_rng(SEED.value)
    genotypes = [family.draw(networks.space, rng) for _ in range(PATHS.value)]

    print(f"{networks.space.size:,} networks")
    started = time.perf_counter()
    recipe = SupernetRecipe(batch_size=len(images))
    trainer = SupernetTrainer(networks.supernet(), recipe, images)
    first = trainer.supernet.encode(genotypes[0])
    seconds_of(ready(trainer.step, images, first))
    print(f"build and first step: {time.perf_counter() - started:.1f} s")

    print_ratios(networks, trainer, genotypes, images)
    if family.architecture is not None:
        draw = family.architecture(trainer.supernet, images)
        print_architecture_ratio(trainer, draw, images)


if __name__ == "__main__":
    app.run(main)
