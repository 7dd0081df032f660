"""How much evaluating many children saves by what they have in common.

    python benchmarks/speed/shared_beginnings.py

Evaluates the same networks in turns in one process: each alone, and all
together, so that those that begin alike share the work of their first blocks.
Once networks proposed by untrained architecture parameters of multi-branch
blocks, once by sharp ones, as training leaves them, and once a generation of
single paths.
"""

import functools
from collections.abc import Sequence

import numpy as np
from absl import app, flags
from noise_steps import make_images
from timing import shortest_in_turns

from nse_tf.costs import CostModel
from nse_tf.evolution.proposals import OpCosting, Window, propose
from nse_tf.spaces import Genotype, SearchSpace, make_preset
from nse_tf.supernet import BranchSupernet, Supernet
from nse_tf.training import ChildEvaluator

CHILDREN = flags.DEFINE_integer("children", 50, "Networks in a job.", 1)
IMAGES = flags.DEFINE_integer(
    "images", 1_000, "Images to calibrate, and to evaluate.", 1
)
ROUNDS = flags.DEFINE_integer("rounds", 2, "The shortest time counts.", 1)


def branches() -> SearchSpace:
    """Returns a space of 32x32 images with five active ops in each block."""
    space = make_preset(
        "nse_small", image_size=(32, 32), num_classes=10, width=0.25
    )
    rng = np.random.default_rng(0)
    return space.restrict(
        [np.sort(rng.choice(each, 5, False)).tolist() for each in space.active]
    )


def proposed(space: SearchSpace, sharpness: float) -> list[Genotype]:
    """Returns proposals within 5 to 6 million MACs.

    Args:
        space: The ops.
        sharpness: Deviation of the architecture parameters; 0 is untrained.
    """
    rng = np.random.default_rng(0)
    shape = (len(space.blocks), space.max_candidates)
    probabilities = 1 / (1 + np.exp(-sharpness * rng.standard_normal(shape)))
    model = CostModel(space)
    found = propose(
        space,
        probabilities,
        OpCosting(
            model.backbone["macs"], model.by_operator["macs"].astype(np.float64)
        ),
        Window(5e6, 6e6),
        CHILDREN.value,
        rng,
    )
    return [space.genotype(genes) for genes in found.genes]


def paths(space: SearchSpace) -> list[Genotype]:
    """Returns random single paths."""
    rng = np.random.default_rng(0)
    return [space.sample(rng) for _ in range(CHILDREN.value)]


def compare(
    name: str, supernet: Supernet, children: Sequence[Genotype]
) -> None:
    """Prints both times and their ratio."""
    images = make_images(IMAGES.value, seed=0)
    evaluated = make_images(IMAGES.value, seed=1)
    apart = ChildEvaluator(supernet, images, evaluated, 500, most_bytes=0)
    together = ChildEvaluator(supernet, images, evaluated, 500)
    tasks = [
        functools.partial(each.accuracies, list(children), len(images))
        for each in (together, apart)
    ]
    found = [task() for task in tasks]  # Also traces.
    differing = sum(one != other for one, other in zip(*found, strict=True))
    times = shortest_in_turns(tasks, ROUNDS.value)
    print(
        f"{name}: {times[0]:.1f} s together, {times[1]:.1f} s apart, ratio "
        f"{times[0] / times[1]:.3f}; {differing} of {len(children)} accuracies "
        "differ",
        flush=True,
    )


def main(argv: Sequence[str]) -> None:
    """Prints a line for each kind of networks."""
    del argv
    space = branches()
    supernet = BranchSupernet(space)
    for name, sharpness in (("untrained", 0.0), ("sharp", 3.0)):
        children = proposed(space, sharpness)
        compare(f"branches, {name} parameters", supernet, children)
    chain = make_preset(
        "spos_small", image_size=(32, 32), num_classes=10, width=0.2
    )
    compare("single paths", Supernet(chain), paths(chain))


if __name__ == "__main__":
    app.run(main)
