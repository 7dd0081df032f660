"""How long a round's proposals take, before and after training.

    python benchmarks/speed/proposals.py

Draws 2,100 distinct networks of NSE's first space, five ops a block, within 300
to 350 million MACs: from probabilities of one half, which must be bent towards
the window, and from probabilities that meet it by themselves. Then draws 1,000
mutants of AutoSpace's cells within the cost that a group of blocks may have.
"""

import time
from collections.abc import Sequence

import numpy as np
from absl import app

from nse_tf.costs import Budget, CostModel
from nse_tf.evolution.cell_population import first_members, new_turn
from nse_tf.evolution.proposals import OpCosting, Window, bent_by, propose
from nse_tf.methods import AutoSpace
from nse_tf.methods.autospace_config import AutoSpaceConfig
from nse_tf.methods.cell_aims import CellAims
from nse_tf.spaces import make_preset

COUNT = 2100
WINDOW = Window(300e6, 350e6)
NUM_PARENTS, NUM_MUTANTS = 200, 1_000


def time_networks() -> None:
    """Prints how long networks of NSE's first space take."""
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


def time_mutants() -> None:
    """Prints how long mutants of AutoSpace's cells take."""
    model = CostModel(make_preset("autospace"))
    config = AutoSpaceConfig(population=NUM_PARENTS)
    search = AutoSpace(model, Budget(macs=WINDOW.high), config)
    aims = CellAims.chosen(model, search.budget, config, search.groups)
    rng = np.random.default_rng(0)
    seconds = []
    for allowed in aims.allowed:
        members = first_members(NUM_PARENTS, allowed, rng)
        started = time.perf_counter()
        turn = new_turn(
            members,
            number=0,
            slots=NUM_MUTANTS + 1,
            mutants=NUM_MUTANTS,
            tournament=config.tournament,
            allowed=allowed,
            rng=rng,
        )
        seconds.append(time.perf_counter() - started)
        distinct = {each.index for each in turn}
        if len(distinct) <= NUM_MUTANTS or not allowed[list(distinct)].all():
            raise ValueError(f"A turn of {len(distinct)} cells is not sound.")
    print(
        f"{NUM_MUTANTS} distinct mutants of {NUM_PARENTS} cells within a cost: "
        f"{np.mean(seconds):.3f} s, at most {max(seconds):.3f} s in "
        f"{len(seconds)} groups"
    )


def main(argv: Sequence[str]) -> None:
    """Prints all times."""
    del argv
    time_networks()
    time_mutants()


if __name__ == "__main__":
    app.run(main)
