"""Which operators are dropped, and when shrinking stops."""

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
    """Returns the `count` lowest-scored operators, but never a block's last.

    Args:
        space: The present space.
        scores: `(num_blocks, max_candidates)`. Operators without a score (NaN:
            the budget allows no child that contains them) are dropped first,
            and among equal scores the first.
        count: How many to return; fewer if no more can be dropped.
        is_allowed: Whether a smaller space is allowed. An operator is skipped
            if the space without it is not.
    """
    return _lowest(space, space.operators, scores, count, is_allowed)


def lowest_of_each_block(
    space: SearchSpace,
    scores: np.ndarray,
    count: int = 1,
    is_allowed: Permission = always,
) -> list[Operator]:
    """Returns the `count` lowest operators of each block, never its last.

    The arguments are those of `lowest_overall`; `count` holds for each block.
    """
    dropped: list[Operator] = []
    for block, indices in enumerate(space.active):
        operators = [(block, index) for index in indices]
        gone = _lowest(space, operators, scores, count, is_allowed)
        # What later blocks may drop depends on what earlier ones have lost.
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
    """Returns the `count` lowest-scored operators that can be dropped."""
    # One by one, since each operator that is dropped changes which others the
    # block or the permission can spare.
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
    "each_block": lowest_of_each_block,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShrinkSchedule:
    """How fast a space is shrunk, and until when.

    The defaults are those of the SPOS space.

    Attributes:
        rule: `overall` drops the lowest operators of the whole space,
            `each_block` the lowest of every block.
        drop_per_stage: How many operators the rule drops: altogether, or from
            each block.
        stop_size: No stage begins once the space has at most this many
            networks.
        max_stages: Upper limit of the stages.
        first_epochs: Epochs of the first stage's training.
        other_epochs: Epochs of each later stage's training.
        total_epochs: Epochs over which the learning rate falls.
        reset_after: The base weights are set to the present ones once, after
            the stage by which more than this many operators have been dropped.
        warmup_epochs: In a space of DARTS, epochs of each warm-up. Three cells
            are trained first, and after each warm-up one more is inserted, up
            to all of them; the base weights are those right after the last
            one. 0 trains all cells from the beginning.

    Raises:
        ValueError: If the rule is unknown or a number too small.

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
        """Whether the space is small enough, or no stage is left."""
        return space.size <= self.stop_size or stage >= self.max_stages

    def shrink(
        self,
        space: SearchSpace,
        scores: np.ndarray,
        is_allowed: Permission = always,
    ) -> tuple[SearchSpace, list[Operator]]:
        """Returns the smaller space and the operators that were dropped.

        The arguments are those of `lowest_overall`.
        """
        rule = DROPPING_RULES[self.rule]
        dropped = rule(space, scores, self.drop_per_stage, is_allowed)
        return space.without(dropped), dropped

    def resets_base(self, num_gone: int, num_dropped: int) -> bool:
        """Whether the base is reset right after a stage.

        Args:
            num_gone: Operators dropped since the beginning.
            num_dropped: Operators that this stage dropped.
        """
        # True only for the stage that crosses the threshold, hence once.
        return num_gone > self.reset_after >= num_gone - num_dropped
