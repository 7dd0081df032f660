"""The numbers of a search whose space evolves."""

import dataclasses

from nse_tf.methods.config_checks import check_numbers

INHERITANCES = ("front", "angle", "both")
EVOLVED_COSTS = ("macs", "params", "latency_ms")
_MAY_BE_ZERO = ("seed", "calibration_images", "num_rank_checks", "num_extra")


@dataclasses.dataclass(frozen=True)
class SpaceEvolutionConfig:
    """The numbers of a search whose space evolves.

    The defaults are those of NSE's first search, for ImageNet on many GPUs; the
    command line has presets for less. What its authors give in millions of
    MACs is a share of the target here: theirs is 300 million.

    Attributes:
        num_active: Ops of each cell that are searched at once.
        max_rounds: Most rounds; None shows about every op of the pool once.
        round_epochs: Epochs of a round's training.
        learning_rates: Of the weights, at the first step and after the warm-up.
        warmup_epochs: How long that takes.
        architecture_every: Steps of the weights to each one of the indicators.
        architecture_rate: Adam's learning rate of the indicators.
        architecture_betas: Adam's decay of means there.
        open_rate: Probability of an op to be open in a step of the weights.
        drop_below: Least parameter of an op that stays.
        preserve_locked: Whether inherited ops are exempt from dropping.
        locked_rate: As of `ArchitectureRule`.
        other_moves_statistics: As of `ArchitectureRule`.
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
        num_proposals: Networks that are judged each round.
        num_extra: Extra proposals, below the window.
        calibration_images: Training images for a network's batch norm.
        children_per_job: Most networks that one job evaluates.
        inherit_by: What decides which ops go on to the next round: those of
            the `front`, those of the largest `angle`, or `both` ranks together.
        num_finalists: How many networks are trained alone; the best is kept.
        child_epochs: Epochs of such a training.
        num_rank_checks: As of `OneShotConfig`.
        rank_check_epochs: As of `OneShotConfig`.
        retrain_on_all: As of `OneShotConfig`.
        measured_at_once: As of `OneShotConfig`.
        precision: Of the file that a latency or size limit speaks of.
        rank_by: As of `OneShotConfig`.
        num_threads: Of the interpreter that a latency limit speaks of.
        seed: Of everything drawn; 0 is a seed like any other.

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
    num_finalists: int = 1
    child_epochs: int = 300
    num_rank_checks: int = 0
    rank_check_epochs: int = 30
    retrain_on_all: bool = True
    measured_at_once: int = 5
    precision: str = "fp32"
    rank_by: str = "keras"
    num_threads: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        check_numbers(
            self,
            {"inherit_by": INHERITANCES, "cost": EVOLVED_COSTS},
            _MAY_BE_ZERO,
        )
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
