"""How long a round's proposals take, before and after training.

    python benchmarks/speed/proposals.py

Draws 2,100 distinct networks of NSE's first space, five ops a block, within 300
to 350 million MACs: from probabilities of one half, which must be bent towards
the window, and from probabilities that meet it by themselves.
"""

import time
from collections.abc import Sequence

import numpy as np
from absl import app

from nse_tf.costs import CostModel
from nse_tf.evolution.proposals import OpCosting, Window, bent_by, propose
from nse_tf.spaces import make_preset

COUNT = 2100
WINDOW = Window(300e6, 350e6)


def main(argv: Sequence[str]) -> None:
    """Prints both times."""
    del argv
    pool = make_preset("nse_27")
    rng = np.random.default_rng(0)
    space = pool.restrict(
        [rng.permutation(27)[:5].tolist() for _ in pool.blocks]
    )
    model = CostModel(space)
    costing = OpCosting(
        model.backbone["macs"], model.by_operator["macs"].astype(np.float64)
    )
    probabilities = np.full((len(space.blocks), space.max_candidates), 0.5)
    print(
        "expected cost with untrained parameters: "
        f"{costing.expected(space, probabilities) / 1e6:,.0f} million MACs"
    )
    for name in ("untrained", "trained"):
        started = time.perf_counter()
        found = propose(space, probabilities, costing, WINDOW, COUNT, rng)
        seconds = time.perf_counter() - started
        print(
            f"{name}: {len(set(found.genes))} distinct networks in "
            f"{seconds:.2f} s; probabilities moved by {found.shift:.3f}"
        )
        probabilities = bent_by(probabilities, costing, found.bend)


if __name__ == "__main__":
    app.run(main)
