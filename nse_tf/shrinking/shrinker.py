"""Which operators go, and when to stop."""

import dataclasses

import numpy as np

from nse_tf.spaces import SearchSpace


def lowest_overall(
    space: SearchSpace, scores: np.ndarray, count: int
) -> list[tuple[int, int]]:
    """Returns the `count` lowest-scored operators, but never a place's last.

    Args:
        space: The space as it stands.
        scores: `(num_places, max_candidates)`; an operator without a score
            (NaN: the budget leaves no child that contains it) goes first.
        count: How many to return; fewer if no more can go.
    """
    left = [len(indices) for indices in space.active]
    filled = np.where(np.isnan(scores), -np.inf, scores)
    dropped: list[tuple[int, int]] = []
    for place, index in sorted(space.operators, key=lambda each: filled[each]):
        if len(dropped) == count:
            break
        if left[place] > 1:
            dropped.append((place, index))
            left[place] -= 1
    return dropped


def lowest_of_each_place(
    space: SearchSpace, scores: np.ndarray, count: int = 1
) -> list[tuple[int, int]]:
    """Returns the `count` lowest operators of each place, never its last."""
    filled = np.where(np.isnan(scores), -np.inf, scores)
    return [
        (place, index)
        for place, indices in enumerate(space.active)
        for index in sorted(indices, key=lambda i, at=place: filled[at, i])[
            : min(count, len(indices) - 1)
        ]
    ]


DROPPING_RULES = {
    "overall": lowest_overall,
    "each_place": lowest_of_each_place,
}


@dataclasses.dataclass(frozen=True)
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

    References:
        Hu et al., ABS (2020), algorithm 2 and the code of the SPOS space.
    """

    rule: str = "overall"
    drop_per_stage: int = 7
    stop_size: int = 1_000_000
    max_stages: int = 20
    first_epochs: int = 100
    other_epochs: int = 5
    total_epochs: int = 250
    reset_after: int = 50

    def __post_init__(self) -> None:
        if self.rule not in DROPPING_RULES:
            raise ValueError(
                f"`rule` must be one of {', '.join(DROPPING_RULES)}, not "
                f"{self.rule!r}."
            )
        for name in (
            "drop_per_stage",
            "stop_size",
            "first_epochs",
            "other_epochs",
            "total_epochs",
        ):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"`{name}` must be at least 1, not {getattr(self, name)}."
                )

    def is_done(self, space: SearchSpace, stage: int) -> bool:
        """Whether the space is small enough, or the stages used up."""
        is_single = all(len(indices) == 1 for indices in space.active)
        return (
            space.size <= self.stop_size
            or stage >= self.max_stages
            or is_single
        )

    def shrink(
        self, space: SearchSpace, scores: np.ndarray
    ) -> tuple[SearchSpace, list[tuple[int, int]]]:
        """Returns the smaller space, and the operators that went."""
        dropped = DROPPING_RULES[self.rule](space, scores, self.drop_per_stage)
        return space.without(dropped), dropped

    def resets_base(self, stage: int, dropped_per_stage: int) -> bool:
        """Whether the base is reset right after this stage (from 0)."""
        gone = (stage + 1) * dropped_per_stage
        return gone > self.reset_after >= gone - dropped_per_stage
