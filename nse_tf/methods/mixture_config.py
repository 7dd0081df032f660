"""The numbers that all searches have that mix the candidates of cells."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import ClassVar

from nse_tf.methods.evaluating import Evaluating
from nse_tf.methods.final_training_config import FinalTrainingConfig
from nse_tf.methods.operator_scoring import SCORES, OperatorScoring
from nse_tf.methods.shrinking_steps import Shrinking
from nse_tf.methods.supernet_training import SupernetTraining
from nse_tf.shrinking import ShrinkSchedule


@dataclasses.dataclass(frozen=True, kw_only=True)
class MixtureConfig(FinalTrainingConfig):
    """The numbers of a search that mixes candidates and draws one network.

    The numbers of the final training come on top, see `FinalTrainingConfig`.

    Attributes:
        architecture_betas: Adam's decay rates of the two moments.
        architecture_decay: Pull of the architecture parameters to zero.
        shrinking: How the space is shrunk first; None searches it whole.
        shrink_learning_rates: At the start and the end of the shrinking
            altogether, which trains single paths.
        score: What operators are scored by; one of `SCORES`.
        children_per_operator: How many children score an operator; None takes
            all children of the space, which must be few.
        score_calibration_images: Training images for the batch norm of a child
            whose accuracy scores operators; 0 takes the supernet's running
            statistics.
        calibration_images: Training images for the batch norm of the network
            that is drawn, before it is evaluated with inherited weights.
            Training a mixture moves no running statistics, so there are no
            others.
        children_per_job: Most children that one job evaluates.

    Raises:
        ValueError: If a name is unknown or a number out of range.

    References:
        Hu et al., ABS (2020): https://arxiv.org/abs/2004.13431.
    """

    architecture_betas: tuple[float, float] = (0.5, 0.999)
    architecture_decay: float = 1e-3
    shrinking: ShrinkSchedule | None = None
    shrink_learning_rates: tuple[float, float] = (0.2, 5e-4)
    score: str = "angle"
    children_per_operator: int | None = 1000
    score_calibration_images: int = 0
    calibration_images: int = 20_000
    children_per_job: int = 50

    NAMES: ClassVar[Mapping[str, Sequence[str]]] = {
        "score": SCORES,
        **FinalTrainingConfig.NAMES,
    }
    MAY_BE_ZERO: ClassVar[tuple[str, ...]] = (
        *FinalTrainingConfig.MAY_BE_ZERO,
        "score_calibration_images",
    )
    # The search, as messages name it.
    SEARCH: ClassVar[str]

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.num_finalists != 1:
            raise ValueError(
                f"A search by {self.SEARCH} comes to one network, so "
                f"`num_finalists` must be 1, not {self.num_finalists}."
            )

    @property
    def shrinking_first(self) -> Shrinking | None:
        """How the space is shrunk before it is searched, if it is."""
        if self.shrinking is None:
            return None
        return Shrinking(
            schedule=self.shrinking,
            scoring=OperatorScoring(
                self.score,
                self.children_per_operator,
                Evaluating(
                    self.score_calibration_images,
                    self.children_per_job,
                    self.objective,
                ),
            ),
            training=SupernetTraining(
                learning_rates=self.shrink_learning_rates, seed=self.seed
            ),
            least_left=1,
        )

    @property
    def evaluating(self) -> Evaluating:
        """How the network that is drawn is evaluated."""
        return Evaluating(
            self.calibration_images, self.children_per_job, self.objective
        )
