"""Which settings of a training job are built; all others are refused by name.

A job is a combination of settings, and not every combination is built. So that
none is silently ignored, each record of a job checks its own settings against
the tables here when it is made. Whoever builds a setting adds it to them.
"""

import dataclasses
from typing import Any

# The values of each choice.
CHOICES: dict[str, tuple[str, ...]] = {
    "schedule.kind": ("linear", "cosine", "warm_cosine"),
    "weights.rule": (
        "uniform",
        "balanced",
        "fair",
        "by_mixing_weights",
        "mixed",
        "sandwich",
    ),
    "architecture.rule": (
        "beside",
        "two_subsets",
        "two_gates",
        "full_gates",
        "reinforce",
        "first_order",
        "second_order",
    ),
    "penalty.form": ("power", "relative", "log_factor", "reward_factor"),
    "start.source": ("fresh", "previous", "pieces"),
    "base": ("initial", "previous", "reset"),
    "objective": ("accuracy", "balanced_accuracy", "macro_f1", "auc"),
    "purpose": ("final", "rank_check", "baseline", "probe"),
    "teacher.source": ("file", "supernet"),
}

# Settings that only some values of their record's choice take. With another
# value they must be left at their default.
TAKERS: dict[str, tuple[str, ...]] = {
    "schedule.peak": ("warm_cosine",),
    "schedule.warmup_epochs": ("warm_cosine",),
    "weights.open_rate": ("balanced",),
    "weights.skip_dropout": ("mixed",),
    "weights.num_random": ("sandwich",),
    "architecture.epochs_without": (
        "two_gates",
        "full_gates",
        "reinforce",
        "first_order",
        "second_order",
    ),
    "architecture.clip_norm": ("first_order", "second_order"),
    "architecture.penalties": (
        "two_subsets",
        "two_gates",
        "full_gates",
        "reinforce",
        "first_order",
    ),
    "architecture.loss_images": ("first_order",),
    "architecture.distance_images": ("first_order",),
    "architecture.networks_per_step": ("reinforce",),
    "architecture.baseline_rate": ("reinforce",),
    "architecture.drop_below": ("two_subsets",),
    "architecture.locked": ("two_subsets",),
    "architecture.locked_rate": ("two_subsets",),
    "architecture.other_moves_statistics": ("two_subsets",),
    "penalty.exponent": ("power", "log_factor", "reward_factor"),
    "architecture.early_stop": ("first_order", "second_order"),
    "architecture.extra_skip": ("first_order", "second_order"),
    "start.weights": ("previous", "pieces"),
    "start.num_cells": ("pieces",),
    "teacher.sha256": ("file",),
    "teacher.child": ("supernet",),
    "teacher.weights": ("supernet",),
    "teacher.calibration_images": ("supernet",),
}

# How the weights may be trained, given what trains the architecture parameters.
WEIGHT_RULES: dict[str | None, tuple[str, ...]] = {
    None: ("uniform", "balanced", "fair", "sandwich"),
    "beside": ("uniform",),
    "two_subsets": ("balanced",),
    "two_gates": ("by_mixing_weights",),
    "full_gates": ("by_mixing_weights",),
    "reinforce": ("by_mixing_weights",),
    "first_order": ("mixed",),
    "second_order": ("mixed",),
}


def require_choice(name: str, value: str) -> None:
    """Refuses a value of a choice that is unknown.

    Args:
        name: Name of the choice, a key of `CHOICES`.
        value: What was chosen.

    Raises:
        ValueError: Naming the choice, the value and what is built.
    """
    if value not in CHOICES[name]:
        raise ValueError(
            f"`{name}` must be one of {_listed(CHOICES[name])}, not {value!r}."
        )


def require_taken(record: Any, prefix: str, choice: str) -> None:
    """Refuses settings that the record's choice does not take.

    Args:
        record: A dataclass.
        prefix: Its name in the tables, such as `weights`.
        choice: The name of the field that chooses.

    Raises:
        ValueError: Naming the setting, its value and what takes it.
    """
    chosen = getattr(record, choice)
    require_choice(f"{prefix}.{choice}", chosen)
    for field in dataclasses.fields(record):
        name, value = f"{prefix}.{field.name}", getattr(record, field.name)
        takers = TAKERS.get(name, (chosen,))
        if chosen not in takers and value != field.default:
            raise ValueError(
                f"`{name}` is {value!r}, but `{prefix}.{choice}` {chosen!r} "
                f"does not take it: only {_listed(takers)} does. Leave it at "
                f"{field.default!r}."
            )


def require_together(weights: str, architecture: str | None) -> None:
    """Refuses rules of weights and architecture parameters that do not fit.

    Args:
        weights: Rule of the weights.
        architecture: Rule of the architecture parameters; None trains none.

    Raises:
        ValueError: Naming both, and what is built.
    """
    built = WEIGHT_RULES[architecture]
    if weights not in built:
        raise ValueError(
            f"`architecture.rule` {architecture!r} is not built with "
            f"`weights.rule` {weights!r}, only with {_listed(built)}."
        )


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(map(repr, names))
