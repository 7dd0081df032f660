"""Checks that the numbers of every method share."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

PRECISIONS = ("fp32", "fp16", "int8")
RANKINGS = ("keras", "int8")


def check_numbers(
    config: Any, names: Mapping[str, Sequence[str]], may_be_zero: Sequence[str]
) -> None:
    """Refuses the numbers of a method that ends in finals.

    Args:
        config: A dataclass with the fields of `FinalTrainingConfig`.
        names: Fields that hold a name, and those that there are.
        may_be_zero: Whole numbers that may be 0; all others are at least 1.

    Raises:
        ValueError: If a name is unknown, a whole number below its least, or
            finalists are to be ranked and there is one.
    """
    for name, known in {
        **names,
        "precision": PRECISIONS,
        "rank_by": RANKINGS,
    }.items():
        if getattr(config, name) not in known:
            raise ValueError(
                f"`{name}` must be one of {', '.join(known)}, not "
                f"{getattr(config, name)!r}."
            )
    if config.rank_by != "keras" and config.num_finalists < 2:
        raise ValueError(
            f"`rank_by` {config.rank_by} compares finalists, but "
            f"`num_finalists` is {config.num_finalists}: train 2 or more."
        )
    for field in dataclasses.fields(config):
        least = 0 if field.name in may_be_zero else 1
        value = getattr(config, field.name)
        if type(value) is int and value < least:
            raise ValueError(
                f"`{field.name}` must be at least {least}, not {value}."
            )
