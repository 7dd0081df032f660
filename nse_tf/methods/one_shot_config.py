"""The numbers of a one-shot search."""

import dataclasses

from nse_tf.evolution import EXPLORERS, ExplorerConfig
from nse_tf.methods.config_checks import check_numbers
from nse_tf.methods.operator_scoring import SCORES, OperatorScoring
from nse_tf.shrinking import ShrinkSchedule

_MAY_BE_ZERO = (
    "seed",
    "calibration_images",
    "num_rank_checks",
    "score_calibration_images",
)


@dataclasses.dataclass(frozen=True)
class OneShotConfig:
    """The numbers of a one-shot search.

    The defaults are those of SPOS after ABS, for ImageNet on many GPUs; the
    command line has presets for less.

    Attributes:
        explorer: `evolution`, `random` or `regularized_evolution`.
        exploring: How the explorer looks around.
        shrinking: How the space is shrunk first; None searches it whole.
        search_epochs: Epochs of the supernet that is explored.
        learning_rates: At the start and the end of that training, and of the
            shrinking altogether.
        score: What operators are scored by; one of `SCORES`.
        children_per_operator: Children that an operator is judged by; None
            takes all children of the space, which must be few.
        score_calibration_images: As of `OperatorScoring`.
        calibration_images: Training images for a child's batch norm.
        children_per_job: Most children that one job evaluates.
        num_finalists: How many children are trained alone; the best is kept.
        child_epochs: Epochs of such a training.
        num_rank_checks: How many judged children, spread evenly over the
            ranks, are trained alone only to tell how far the ranking by
            inherited weights can be trusted; they cannot win. 0 for none.
        rank_check_epochs: Epochs of such a training.
        retrain_on_all: Whether the winner's training takes in the validation
            part, which the search no longer needs.
        measured_at_once: How many candidates are measured whole at a time.
        precision: Of the file that a latency or size limit speaks of.
        rank_by: What the finalists are ranked by: the accuracy of `keras`, the
            trained network, or of its `int8` file, calibrated on training
            images. Either is that on the validation part.
        num_threads: Of the interpreter that a latency limit speaks of.
        seed: Of everything drawn; 0 is a seed like any other.

    Raises:
        ValueError: If a name is unknown or a number below its least.

    References:
        Guo et al., Single Path One-Shot NAS (2019):
        https://arxiv.org/abs/1904.00420. Hu et al., ABS (2020):
        https://arxiv.org/abs/2004.13431.
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
    num_finalists: int = 1
    child_epochs: int = 240
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
            {"explorer": tuple(EXPLORERS), "score": SCORES},
            _MAY_BE_ZERO,
        )

    @property
    def scoring(self) -> OperatorScoring:
        """How operators are scored."""
        return OperatorScoring(
            self.score,
            self.children_per_operator,
            self.score_calibration_images,
            self.children_per_job,
        )
