"""Which operators go, and when to stop."""

import dataclasses
from collections.abc import Iterable

import numpy as np

from nse_tf.shrinking.permission import Permission, always
from nse_tf.spaces import SearchSpace

Operator = tuple[int, int]


def lowest_overall(
    space: SearchSpace,
    scores: np.ndarray,
    count: int,
    is_allowed: Permission = always,
) -> list[Operator]:
    """Returns the `count` lowest-scored operators, but never a place's last.

    Args:
        space: The space as it stands.
        scores: `(num_blocks, max_candidates)`; an operator without a score
            (NaN: the budget leaves no child that contains it) goes first. Of
            equal scores the first goes.
        count: How many to return; fewer if no more can go.
        is_allowed: Tells of a smaller space whether it may be; an operator
            without which it may not is passed over.
    """
    return _lowest(space, space.operators, scores, count, is_allowed)


def lowest_of_each_block(
    space: SearchSpace,
    scores: np.ndarray,
    count: int = 1,
    is_allowed: Permission = always,
) -> list[Operator]:
    """Returns the `count` lowest operators of each place, never its last.

    Arguments are those of `lowest_overall`, but that `count` is that of each
    place.
    """
    dropped: list[Operator] = []
    for place, indices in enumerate(space.active):
        operators = [(place, index) for index in indices]
        gone = _lowest(space, operators, scores, count, is_allowed)
        space = space.without(gone)
        dropped += gone
    return dropped


def _lowest(
    space: SearchSpace,
    operators: Iterable[Operator],
    scores: np.ndarray,
    count: int,
    is_allowed: Permission,
) -> list[Operator]:
    """Returns the `count` lowest-scored of some operators that may go."""
    filled = np.where(np.isnan(scores), -np.inf, scores)
    dropped: list[Operator] = []
    for operator in sorted(operators, key=filled.__getitem__):
        if len(dropped) == count:
            break
        if len(space.active[operator[0]]) > 1:
            smaller = space.without([operator])
            if is_allowed(smaller):
                space = smaller
                dropped.append(operator)
    return dropped


DROPPING_RULES = {
    "overall": lowest_overall,
    "each_place": lowest_of_each_block,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShrinkSchedule:
    """How fast a space is shrunk, and until when.

    The defaults are those of the SPOS space.

    Attributes:
        rule: `overall` drops the lowest operators of the whole space,
            `each_place` the lowest of every place.
        drop_per_stage: How many operators the rule drops: altogether, or at
            each place.
        stop_size: No stage begins once the space holds at most this many
            networks.
        max_stages: No more stages than this.
        first_epochs: Epochs of the first stage's training.
        other_epochs: Epochs of each later stage's.
        total_epochs: Over which the learning rate falls, if all were trained.
        reset_after: The base weights become the present ones, once, after the
            stage by which more than this many operators are gone.
        warmup_epochs: In a space of DARTS, epochs of each warm-up: three cells
            are trained first, and after each warm-up one more is inserted,
            until there are all of them; the base weights are those right after
            the last one. 0 trains all cells from the beginning.

    Raises:
        ValueError: If the rule is unknown or a number below its least.

    References:
        Hu et al., ABS (2020), algorithm 2 and the code of the SPOS space:
        https://arxiv.org/abs/2004.13431
    """

    rule: str = "overall"
    drop_per_stage: int = 7
    stop_size: int = 1_000_000
    max_stages: int = 20
    first_epochs: int = 100
    other_epochs: int = 5
    total_epochs: int = 250
    reset_after: int = 50
    warmup_epochs: int = 0

    def __post_init__(self) -> None:
        if self.rule not in DROPPING_RULES:
            raise ValueError(
                f"`rule` must be one of {', '.join(DROPPING_RULES)}, not "
                f"{self.rule!r}."
            )
        for field in dataclasses.fields(self)[1:]:
            least = int(field.name not in ("reset_after", "warmup_epochs"))
            value = getattr(self, field.name)
            if value < least:
                raise ValueError(
                    f"`{field.name}` must be at least {least}, not {value}."
                )

    def is_done(self, space: SearchSpace, stage: int) -> bool:
        """Whether the space is small enough, or the stages used up."""
        return space.size <= self.stop_size or stage >= self.max_stages

    def shrink(
        self,
        space: SearchSpace,
        scores: np.ndarray,
        is_allowed: Permission = always,
    ) -> tuple[SearchSpace, list[Operator]]:
        """Returns the smaller space, and the operators that went.

        Arguments are those of `lowest_overall`.
        """
        rule = DROPPING_RULES[self.rule]
        dropped = rule(space, scores, self.drop_per_stage, is_allowed)
        return space.without(dropped), dropped

    def resets_base(self, num_gone: int, num_dropped: int) -> bool:
        """Whether the base is reset right after a stage.

        Args:
            num_gone: Operators that are gone since the beginning.
            num_dropped: How many of them this stage dropped.
        """
        return num_gone > self.reset_after >= num_gone - num_dropped
