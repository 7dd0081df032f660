"""What a ranking study does, and when."""

import dataclasses
import math
import pathlib

from nse_tf.datasets import ImageData
from nse_tf.ranking.study_sample import SAMPLE_SCORES
from nse_tf.spaces import SearchSpace, make_preset
from nse_tf.supernet.layers.layouts import InitialKernels


@dataclasses.dataclass(frozen=True)
class StudyConfig:
    """One study; the defaults are the published ones but for the epochs.

    Attributes:
        run_dir: Where rows and states go.
        epochs: Passes over the images.
        schedule_epochs: Over which the learning rate falls, as a cosine, from
            epoch to epoch.
        learning_rates: At the first epoch, and after the last of the schedule.
        num_seeds: Trainings, of the seeds from 0.
        cells_per_stage: Cells of a stage.
        width: Multiplies the 16 channels.
        batch_size: Images a step.
        num_images: Training images, at most.
        measures_per_epoch: How often an epoch is measured.
        cells: Which cells are ranked; one of `HALVES`.
        sample_size: Cells of a fixed sample of these, whose `sample_scores` are
            measured; 0 measures none.
        sample_every: How many epochs lie between two such times, a multiple of
            the time between two measures; 0 measures them at the end only.
            The end is measured in any case.
        sample_scores: Scores that take time for each cell: `accuracy`, with
            inherited weights, calibrated and not, and `zero_cost`.
        magnitude: Whether architecture parameters are trained beside the
            weights, so that the magnitude is a score, too.
        zero_cost_images: Images that the latter look at.
        calibration_images: Images that each of them is calibrated on.
        validation_images: Images that each of them is evaluated on.
        truth: Column of the table that is ranked against.
        initial_kernels: How kernels are drawn; see `Piece.initial`. Which of
            the two the published study took was not found.
    """

    run_dir: pathlib.Path
    epochs: int = 4
    schedule_epochs: int = 250
    learning_rates: tuple[float, float] = (0.025, 0.001)
    num_seeds: int = 1
    cells_per_stage: int = 5
    width: float = 1.0
    batch_size: int = 64
    num_images: int = 25_000
    measures_per_epoch: int = 2
    cells: str = "all"
    sample_size: int = 0
    sample_every: float = 0.0
    sample_scores: tuple[str, ...] = SAMPLE_SCORES
    magnitude: bool = False
    zero_cost_images: int = 32
    calibration_images: int = 1_000
    validation_images: int = 1_000
    truth: str = "cifar10_test"
    initial_kernels: InitialKernels = "fan_in"

    def learning_rate(self, epoch: int) -> float:
        """Returns the rate of an epoch."""
        first, last = self.learning_rates
        done = min(epoch / self.schedule_epochs, 1.0)
        return last + 0.5 * (first - last) * (1 + math.cos(math.pi * done))

    def measures(self, epoch: int, num_steps: int) -> dict[int, bool]:
        """Returns after which steps of an epoch scores are measured.

        Args:
            epoch: From 0.
            num_steps: How many steps an epoch has.

        Returns:
            By number of steps taken, whether the sample's are measured, too.
        """
        times = self.measures_per_epoch
        found: dict[int, bool] = {}
        for number in range(1, times + 1):
            step = num_steps * number // times
            done = epoch * times + number
            found[step] = found.get(step, False) or self._samples_at(done)
        return found

    def _samples_at(self, measure: int) -> bool:
        """Whether the sample is scored at a measure, counted from 1."""
        every = round(self.sample_every * self.measures_per_epoch)
        is_last = measure == self.epochs * self.measures_per_epoch
        is_due = is_last or (every > 0 and measure % every == 0)
        return self.sample_size > 0 and is_due

    def settings(self) -> dict[str, object]:
        """Returns what decides a training's rows, as a JSON value.

        Later settings are left out where they are off, so that older studies
        resume.
        """
        left_out = ["run_dir", "epochs", "num_seeds"]
        left_out += [
            name
            for name in ("sample_every", "magnitude")
            if not getattr(self, name)
        ]
        return {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name not in left_out
        } | {
            "learning_rates": list(self.learning_rates),
            "sample_scores": list(self.sample_scores),
        }

    def __post_init__(self) -> None:
        unknown = set(self.sample_scores) - set(SAMPLE_SCORES)
        if unknown:
            raise ValueError(
                f"`sample_scores` has {', '.join(sorted(unknown))}; there are "
                f"{', '.join(SAMPLE_SCORES)}."
            )
        times = self.sample_every * self.measures_per_epoch
        if times < 0 or not math.isclose(times, round(times), abs_tol=1e-3):
            raise ValueError(
                f"`sample_every` is {self.sample_every:g} epochs, but an epoch "
                f"is measured {self.measures_per_epoch} time(s): it must be a "
                f"multiple of {1 / self.measures_per_epoch:g}, or 0; or raise "
                "`measures_per_epoch`."
            )
        if self.sample_every and not self.sample_size:
            raise ValueError(
                f"`sample_every` is {self.sample_every:g}, but there is no "
                "sample to score: `sample_size` is 0. Give it a size, such as "
                "500."
            )


def study_space(config: StudyConfig, data: ImageData) -> SearchSpace:
    """Returns the space of a study's supernet, fitted to the images."""
    height, width, channels = data.image_shape
    return make_preset(
        "nb201",
        image_size=(height, width),
        image_channels=channels,
        num_classes=data.num_classes,
        width=config.width,
        depth=config.cells_per_stage / 5,
    )
