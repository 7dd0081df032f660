"""Flags of `nse_search` that are for --method=autospace alone."""

from typing import Any

from absl import flags

from nse_tf.runs import search_config

FITNESS = flags.DEFINE_enum(
    "fitness",
    None,
    search_config.FITNESSES,
    "autospace: what a round says of a cell: its learned share (alpha, as in "
    "the paper), the validation loss with it alone in its block, the angles "
    "by which its kernels turned, added up, or the distance of its outputs to "
    "those of the reference. Default: that of the effort, alpha.",
)
REFERENCE = flags.DEFINE_enum(
    "reference",
    None,
    search_config.REFERENCES,
    "autospace: whether an inverted residual is trained beside the cells, and "
    "whether they are measured against the mean of all slots (path) or against "
    "it alone (yardstick). Default: path.",
)
CELL_START = flags.DEFINE_enum(
    "cell_start",
    None,
    search_config.CHILD_STARTS,
    "autospace: what weights cells begin a round with: their own and their "
    "parents' (inherited), or drawn ones (fresh). Angles compare cells only if "
    "all are fresh. Default: inherited.",
)
THEN = flags.DEFINE_enum(
    "then",
    None,
    search_config.AFTERWARDS,
    "autospace: how the space that was learned is searched. Default: spos.",
)

# Single numbers of an effort, by flag name.
OVERRIDES = [
    flags.DEFINE_integer(name, None, text, lower_bound=least)
    for name, text, least in (
        (
            "cell_population",
            "autospace: cells of a group, which evolve together.",
            2,
        ),
        ("cell_slots", "autospace: cells of a group that a round tests.", 1),
        (
            "tournament",
            "autospace: members of a population that the parent of a new cell "
            "is the best of.",
            1,
        ),
        (
            "group_depth",
            "autospace: neighboring blocks that share a population.",
            1,
        ),
        (
            "num_evolved",
            "autospace: evolved cells of each group in the learned space.",
            1,
        ),
        (
            "loss_images",
            "autospace: validation images that --fitness=loss and distance are "
            "measured on.",
            1,
        ),
    )
] + [
    flags.DEFINE_float(name, None, text, lower_bound=0)
    for name, text in (
        (
            "mutation_share",
            "autospace: share of the cells that a round tests that are new.",
        ),
        (
            "fitness_momentum",
            "autospace: share of a cell's former fitness in the new one.",
        ),
        (
            "max_cell_cost",
            "autospace: most that a cell may cost, as a multiple of its "
            "group's share of the target.",
        ),
    )
]


def settings() -> dict[str, Any]:
    """Returns the settings of a run that are given here, by name."""
    return {
        flag.name: flag.value for flag in (FITNESS, REFERENCE, CELL_START, THEN)
    }
