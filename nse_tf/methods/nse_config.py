"""The numbers of a search whose space evolves."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import ClassVar

from nse_tf.methods.evaluating import Evaluating
from nse_tf.methods.final_training_config import FinalTrainingConfig

INHERITANCES = ("front", "angle", "both")
EVOLVED_COSTS = ("macs", "params", "latency_ms")


@dataclasses.dataclass(frozen=True, kw_only=True)
class SpaceEvolutionConfig(FinalTrainingConfig):
    """The numbers of a search whose space evolves.

    The defaults are those of NSE's first search, for ImageNet on many GPUs; the
    command line has presets for less. What its authors give in millions of
    MACs is a share of the target here: theirs is 300 million. The numbers of
    the final training come on top, see `FinalTrainingConfig`.

    Attributes:
        num_active: Ops of each cell that are searched at once.
        max_rounds: Most rounds; None shows about every op of the pool once.
        round_epochs: Epochs of a round's training.
        learning_rates: Learning rates of the weights, at the first step and
            after the warm-up.
        warmup_epochs: Epochs of the warm-up.
        architecture_every: Steps of the weights to each step of the fitness
            indicators.
        architecture_rate: Adam's learning rate of the indicators.
        architecture_betas: Adam's decay of means there.
        open_rate: Probability of an op to be open in a step of the weights.
        drop_below: Least architecture parameter of an op that stays.
        preserve_locked: Whether inherited ops are exempt from dropping.
        locked_rate: Share of the indicators' steps in which each cell's locked
            ops, all together, are one of its two subsets.
        other_moves_statistics: Whether the subset that only runs forward moves
            batch norm's statistics as well.
        cost: What is aimed at: `macs`, `params` or `latency_ms`.
        target: What expected costs are drawn to; None takes the budget's limit
            less the window, or what one branch in each cell costs.
        penalty: Loss at twice the target; it grows with the square.
        window: Half the width of the window that proposals must lie in, as a
            share of the target.
        window_shift: How far the window's middle lies above the target, as a
            share of it.
        extra_window: How far below the window extra proposals reach, as a
            share of the target.
        num_proposals: Networks that are evaluated each round.
        num_extra: Extra proposals, below the window.
        calibration_images: Training images for a network's batch norm.
        children_per_job: Most networks that one job evaluates.
        inherit_by: What decides which ops the next round inherits: those of
            the `front`, those of the largest `angle`, or `both` ranks together.
        child_epochs: Epochs of the final training.

    Raises:
        ValueError: If a name is unknown or a number out of range.

    References:
        Ci et al., NSE (2021), code and configurations:
        https://arxiv.org/abs/2011.10904. The width of the window is not among
        them; the published front spans 300 to 350 million MACs.
    """

    num_active: int = 5
    max_rounds: int | None = None
    round_epochs: int = 100
    learning_rates: tuple[float, float] = (0.1, 0.4)
    warmup_epochs: float = 2.0
    architecture_every: int = 2
    architecture_rate: float = 5e-3
    architecture_betas: tuple[float, float] = (0.0, 0.999)
    open_rate: float = 0.5
    drop_below: float = -2.0
    preserve_locked: bool = True
    locked_rate: float = 0.0
    other_moves_statistics: bool = True
    cost: str = "macs"
    target: float | None = None
    penalty: float = 0.9
    window: float = 25 / 300
    window_shift: float = 25 / 300
    extra_window: float = 10 / 300
    num_proposals: int = 2000
    num_extra: int = 100
    calibration_images: int = 51_200
    children_per_job: int = 50
    inherit_by: str = "front"
    child_epochs: int = 300

    NAMES: ClassVar[Mapping[str, Sequence[str]]] = {
        "inherit_by": INHERITANCES,
        "cost": EVOLVED_COSTS,
        **FinalTrainingConfig.NAMES,
    }
    MAY_BE_ZERO: ClassVar[tuple[str, ...]] = (
        *FinalTrainingConfig.MAY_BE_ZERO,
        "calibration_images",
        "num_extra",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, low, high in (
            ("open_rate", 0, 1),
            ("window", 0, 1),
            ("window_shift", -1, 10),
            ("extra_window", -1e-9, 1),
            ("locked_rate", -1e-9, 1),
        ):
            value = getattr(self, name)
            if not low < value <= high:
                raise ValueError(
                    f"`{name}` must be above {low:g} and at most {high}, not "
                    f"{value}."
                )
        if self.target is not None and self.target <= 0:
            raise ValueError(f"`target` must be positive, not {self.target}.")

    @property
    def evaluating(self) -> Evaluating:
        """How proposals are evaluated."""
        return Evaluating(
            self.calibration_images, self.children_per_job, self.objective
        )
