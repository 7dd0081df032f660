"""The numbers of a one-shot search."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import ClassVar

from nse_tf.evolution import EXPLORERS, ExplorerConfig
from nse_tf.methods.evaluating import Evaluating
from nse_tf.methods.final_training_config import FinalTrainingConfig
from nse_tf.methods.operator_scoring import SCORES, OperatorScoring
from nse_tf.methods.supernet_training import SupernetTraining
from nse_tf.shrinking import ShrinkSchedule

CHILD_STARTS = ("fresh", "inherited")
PATHS = ("uniform", "sandwich")


@dataclasses.dataclass(frozen=True, kw_only=True)
class OneShotConfig(FinalTrainingConfig):
    """The numbers of a one-shot search.

    The defaults are those of SPOS after ABS, for ImageNet on many GPUs; the
    command line has presets for less. The numbers of the final training come
    on top, see `FinalTrainingConfig`.

    Attributes:
        explorer: `evolution`, `random`, `regularized_evolution` or `nsga2`.
        exploring: How the explorer looks around.
        shrinking: How the space is shrunk first; None searches it whole.
        search_epochs: Epochs of the supernet that is explored.
        learning_rates: At the start and the end of that training, and of the
            shrinking altogether.
        score: What operators are scored by; one of `SCORES`.
        children_per_operator: How many children score an operator; None takes
            all children of the space, which must be few.
        score_calibration_images: Training images for the batch norm of a child
            whose accuracy scores operators; 0, as in ABS, takes the supernet's
            running statistics.
        calibration_images: Training images for the batch norm of a child that
            is explored; 0 takes the supernet's running statistics.
        children_per_job: Most children that one job evaluates.
        max_trainings: How often at most the supernet that is explored is
            trained, one training going on from the other, while its children
            are no better than guessing the most frequent class. After the last
            one they are ranked by the angle of their weights.
        child_start: Whether finalists are trained from `fresh` weights, or go
            on from those that they have in the supernet, `inherited`. Children
            that only check the ranking are trained from fresh ones.
        paths: How the paths of a step of the supernet that is explored are
            drawn: one path, `uniform`, or by the `sandwich` rule, the largest,
            the smallest and random ones, for nested candidates only. Shrinking
            trains by `uniform`.
        random_paths: Random paths of a step of the sandwich rule. A step of so
            many passes counts as so many steps of `search_epochs`.

    Raises:
        ValueError: If a name is unknown, a number below its least, or networks
            of other cells than the supernet's are to inherit.

    References:
        Guo et al., Single Path One-Shot NAS (2019):
        https://arxiv.org/abs/1904.00420. Hu et al., ABS (2020):
        https://arxiv.org/abs/2004.13431. Yu and Huang, Universally Slimmable
        Networks (2019), for the sandwich rule:
        https://arxiv.org/abs/1903.05134.
    """

    explorer: str = "evolution"
    exploring: ExplorerConfig = ExplorerConfig()
    shrinking: ShrinkSchedule | None = ShrinkSchedule()
    search_epochs: int = 100
    learning_rates: tuple[float, float] = (0.25, 5e-4)
    score: str = "angle"
    children_per_operator: int | None = 1000
    score_calibration_images: int = 0
    calibration_images: int = 20_000
    children_per_job: int = 50
    max_trainings: int = 3
    child_start: str = "fresh"
    paths: str = "uniform"
    random_paths: int = 2

    NAMES: ClassVar[Mapping[str, Sequence[str]]] = {
        "explorer": tuple(EXPLORERS),
        "score": SCORES,
        "child_start": CHILD_STARTS,
        "paths": PATHS,
        **FinalTrainingConfig.NAMES,
    }
    HAS_LARGEST: ClassVar[bool] = True
    MAY_BE_ZERO: ClassVar[tuple[str, ...]] = (
        *FinalTrainingConfig.MAY_BE_ZERO,
        "calibration_images",
        "score_calibration_images",
        "random_paths",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        sizes = self.final_cells, self.final_channels
        if self.child_start == "inherited" and sizes != (None, None):
            raise ValueError(
                f"`child_start` is 'inherited', but networks of `final_cells` "
                f"{sizes[0]} and `final_channels` {sizes[1]} are in no "
                "supernet: let it be 'fresh', or leave them out."
            )

    @property
    def scoring(self) -> OperatorScoring:
        """How operators are scored."""
        return OperatorScoring(
            self.score,
            self.children_per_operator,
            Evaluating(
                self.score_calibration_images,
                self.children_per_job,
                self.objective,
            ),
        )

    @property
    def evaluating(self) -> Evaluating:
        """How explored children are evaluated."""
        return Evaluating(
            self.calibration_images, self.children_per_job, self.objective
        )

    @property
    def training(self) -> SupernetTraining:
        """How the supernet is trained."""
        return SupernetTraining(
            learning_rates=self.learning_rates,
            seed=self.seed,
            architecture=self.scoring.architecture,
        )
