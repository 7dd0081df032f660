"""Flags of `nse_search` that are for --method=proxylessnas alone."""

from absl import flags

from nse_tf.runs import search_config

GATES = flags.DEFINE_enum(
    "gates",
    None,
    search_config.GATES,
    "proxylessnas: whether an architecture step runs two candidates of each "
    "block, the full list, or, by reinforce, whole networks forward only. "
    "Default: what the space can have.",
)
PENALTY_FORM = flags.DEFINE_enum(
    "penalty_form",
    None,
    search_config.PENALTY_FORMS,
    "proxylessnas: whether expected costs multiply the loss by their logarithm "
    "against the target's, or add their excess relative to it. Default: "
    "log_factor.",
)

# Single numbers of an effort, by flag name.
OVERRIDES = [
    flags.DEFINE_integer(name, None, text, lower_bound=least)
    for name, text, least in (
        (
            "weights_only_epochs",
            "proxylessnas: epochs of the warm-up, before --supernet_epochs, "
            "that train the weights alone.",
            0,
        ),
        (
            "num_derived",
            "proxylessnas: likeliest networks within the budget that are "
            "evaluated.",
            1,
        ),
        (
            "networks_per_step",
            "proxylessnas: networks that a step of --gates=reinforce draws.",
            2,
        ),
    )
] + [
    flags.DEFINE_float(
        "reward_exponent",
        None,
        "proxylessnas: with --gates=reinforce the accuracy of a network counts "
        "times its target's ratio to its cost, to this power; 0 for none.",
        lower_bound=0,
    )
]
