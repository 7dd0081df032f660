"""What a step of strict fairness costs beside its passes, one by one.

    python benchmarks/speed/fair_step.py --family=chain --batch=128

A step of K passes, which opens each op once, is timed in turns with K steps of
single paths over the same paths, in one process; the shortest of --repeats
counts. A ratio of 1.00 is one update for free; FairNAS's step makes one update
where the others make K. Families are those of `supernet_step.py` whose blocks
open one op.
"""

from collections.abc import Sequence

import numpy as np
import step_flags
from absl import app, flags
from noise_steps import make_images, ready
from step_families import FAMILIES, FamilyOptions
from step_flags import BATCH, PATHS, REPEATS, SEED
from timing import shortest_in_turns

from nse_tf.sampling import FairSampler
from nse_tf.training import SupernetRecipe, SupernetTrainer

flags.adopt_module_key_flags(step_flags)
FAMILY = flags.DEFINE_enum(
    "family",
    "chain",
    ["chain", "nb201", "darts", "choice"],
    "Which supernet is timed.",
)
BLOCKS = flags.DEFINE_integer("blocks", 20, "Number of choice blocks.", 4)


def main(argv: Sequence[str]) -> None:
    """Compares fair steps and steps of single paths."""
    del argv
    networks = FAMILIES[FAMILY.value].networks(
        FamilyOptions(blocks=BLOCKS.value, seed=SEED.value)
    )
    images = make_images(BATCH.value, SEED.value)
    recipe = SupernetRecipe(batch_size=len(images))
    trainer = SupernetTrainer(networks.supernet(), recipe, images)
    sampler = FairSampler(networks.space)
    rng = np.random.default_rng(SEED.value)
    times = []
    for number in range(PATHS.value):
        passes = sampler.sample(rng)
        fair, *single = shortest_in_turns(
            [ready(trainer.step, images, each) for each in (passes, *passes)],
            REPEATS.value,
            step_flags.clock(),
        )
        times.append((fair, sum(single)))
        print(
            f"step {number}: {len(passes)} passes {fair * 1000:.0f} ms, one by "
            f"one {sum(single) * 1000:.0f} ms, ratio {fair / sum(single):.3f}",
            flush=True,
        )
    fair, single_paths = np.sum(times, axis=0)
    if trainer.step.num_traces != 2:
        raise AssertionError(
            f"There were {trainer.step.num_traces} traces, not one for a path "
            "and one for passes."
        )
    print(
        f"ratio over {len(times)} steps: {fair / single_paths:.3f} of "
        f"{step_flags.clock_name()}"
    )


if __name__ == "__main__":
    app.run(main)
