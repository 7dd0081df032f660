"""The numbers of a search by DARTS."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import ClassVar

from nse_tf.jobs import ArchitectureRule, EarlyStop, WeightRule
from nse_tf.methods.evaluating import Evaluating
from nse_tf.methods.final_training_config import FinalTrainingConfig
from nse_tf.methods.operator_scoring import SCORES, OperatorScoring
from nse_tf.methods.supernet_training import SupernetTraining
from nse_tf.shrinking import ShrinkSchedule

EARLY_STOPS = ("none", "hessian")


@dataclasses.dataclass(frozen=True, kw_only=True)
class DartsConfig(FinalTrainingConfig):
    """The numbers of a search by DARTS.

    The defaults are those of DARTS on CIFAR-10. The numbers of the final
    training come on top, see `FinalTrainingConfig`.

    Attributes:
        order: 1 takes the gradient of the architecture parameters at the
            weights as they stand, 2 one step of the weights ahead.
        search_epochs: Epochs of the mixed supernet.
        learning_rates: Of its weights, at the start and the end of a cosine.
        architecture_rate: Learning rate of the architecture parameters.
        architecture_betas: Adam's decay rates of the two moments.
        architecture_decay: Pull of the parameters to zero.
        early_stop: `hessian` ends the search once its minimum becomes too
            sharp, and goes back; `none` never does.
        sharpness: When that is.
        shrinking: How the space is shrunk first; None searches it whole, as
            DARTS does.
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
        Liu et al., DARTS (2019): https://arxiv.org/abs/1806.09055; Zela et al.,
        RobustDARTS (2020): https://arxiv.org/abs/1909.09656; Hu et al., ABS
        (2020): https://arxiv.org/abs/2004.13431.
    """

    order: int = 1
    search_epochs: int = 50
    learning_rates: tuple[float, float] = (0.025, 0.001)
    architecture_rate: float = 3e-4
    architecture_betas: tuple[float, float] = (0.5, 0.999)
    architecture_decay: float = 1e-3
    early_stop: str = "none"
    sharpness: EarlyStop = EarlyStop()  # noqa: RUF009 - frozen
    shrinking: ShrinkSchedule | None = None
    shrink_learning_rates: tuple[float, float] = (0.2, 5e-4)
    score: str = "angle"
    children_per_operator: int | None = 1000
    score_calibration_images: int = 0
    calibration_images: int = 20_000
    children_per_job: int = 50

    NAMES: ClassVar[Mapping[str, Sequence[str]]] = {
        "score": SCORES,
        "early_stop": EARLY_STOPS,
        **FinalTrainingConfig.NAMES,
    }
    MAY_BE_ZERO: ClassVar[tuple[str, ...]] = (
        *FinalTrainingConfig.MAY_BE_ZERO,
        "score_calibration_images",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.order not in (1, 2):
            raise ValueError(f"`order` must be 1 or 2, not {self.order}.")
        if self.num_finalists != 1:
            raise ValueError(
                "A search by DARTS comes to one network, so `num_finalists` "
                f"must be 1, not {self.num_finalists}."
            )

    @property
    def scoring(self) -> OperatorScoring:
        """How operators are scored."""
        return OperatorScoring(
            self.score,
            self.children_per_operator,
            Evaluating(self.score_calibration_images, self.children_per_job),
        )

    @property
    def shrink_training(self) -> SupernetTraining:
        """How the supernet is trained while its space is shrunk."""
        return SupernetTraining(
            learning_rates=self.shrink_learning_rates, seed=self.seed
        )

    @property
    def training(self) -> SupernetTraining:
        """How the mixed supernet is trained."""
        stops = self.early_stop == "hessian"
        return SupernetTraining(
            learning_rates=self.learning_rates,
            schedule="cosine",
            seed=self.seed,
            weights=WeightRule(rule="mixed"),
            architecture=ArchitectureRule(
                rule="first_order" if self.order == 1 else "second_order",
                rate=self.architecture_rate,
                betas=self.architecture_betas,
                weight_decay=self.architecture_decay,
                early_stop=self.sharpness if stops else None,
            ),
        )
