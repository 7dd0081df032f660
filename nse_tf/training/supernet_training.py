"""One `TrainSupernet` job: how its weights and parameters are trained."""

import dataclasses
import zlib
from collections.abc import Callable

import numpy as np

from nse_tf.datasets import ImageSet
from nse_tf.jobs import SupernetTrained, TrainSupernet
from nse_tf.supernet import Capability, Networks
from nse_tf.training.angle_sums import as_tuples
from nse_tf.training.architecture_course import (
    ArchitectureCourse,
    new_architecture,
)
from nse_tf.training.checkpoints import Checkpoint
from nse_tf.training.draws import draw_by
from nse_tf.training.dropout_course import DropoutCourse
from nse_tf.training.epoch_loop import Draw
from nse_tf.training.schedules import rate_at
from nse_tf.training.steps import TrainingStep
from nse_tf.training.supernet_trainer import SupernetTrainer


class SupernetTraining:
    """A job, the weights that it trains, and how far it has come.

    Args:
        job: The job.
        trainer: Holds the job's supernet.
        networks: Makes the networks of the search.
        validation: Images that architecture parameters are trained on.

    Attributes:
        job: As given.
        trainer: As given.

    Raises:
        ValueError: If the supernet cannot do what the job asks for, or the
            job's candidates are not in its space.
    """

    def __init__(
        self,
        job: TrainSupernet,
        trainer: SupernetTrainer,
        networks: Networks,
        validation: ImageSet,
    ) -> None:
        self.job, self.trainer = job, trainer
        self._networks = networks
        self._seeds = (job.seed, zlib.crc32(job.id.encode()))
        self._course: ArchitectureCourse | None = None
        if job.architecture is not None:
            supernet, rule = trainer.supernet, job.architecture
            self._course = ArchitectureCourse(
                new_architecture(
                    trainer,
                    validation,
                    rule,
                    job.seed,
                    job.epochs,
                    DropoutCourse.of(job),
                ),
                rule,
                supernet.space,
                job.active,
                self._seeds,
            )
        self._draws_from = job.active
        self._draw = self._new_draw()

    def run(
        self, after_epoch: Callable[[float], None] = lambda loss: None
    ) -> None:
        """Trains on from the epochs that are done to the job's last.

        That is the one at which its architecture rule ends it, if it does.

        Args:
            after_epoch: Called with each epoch's mean loss.

        Raises:
            ValueError: If the training diverges.
        """
        job, schedule = self.job, self.job.schedule
        if self._has_ended:
            return

        def goes_on(loss: float) -> bool:
            after_epoch(loss)
            return not self._has_ended

        loop = self.trainer.loop(
            self._drawn,
            epochs=job.epochs,
            rate=lambda epoch: rate_at(schedule, epoch, job.epochs),
            named_rate=schedule.first
            if schedule.peak is None
            else schedule.peak,
            seeds=self._seeds,
            hooks=self._course,
            step=self._step,
        )
        loop.run(self.trainer.losses, goes_on)

    @property
    def _step(self) -> TrainingStep | None:
        """The update of the weights; None is the usual one."""
        if self._course is not None:
            return self._course.step_of_weights
        is_sandwich = self.job.weights.rule == "sandwich"
        return self.trainer.sandwich_step if is_sandwich else None

    @property
    def _has_ended(self) -> bool:
        return self._course is not None and self._course.kept_epoch is not None

    def _drawn(self, rng: np.random.Generator) -> np.ndarray:
        """Returns what the next step opens, of what was not dropped."""
        left = self._course.left if self._course else self.job.active
        if left != self._draws_from:
            self._draws_from = left
            self._draw = self._new_draw()
        return self._draw(rng)

    def _new_draw(self) -> Draw:
        supernet = self.trainer.supernet
        return draw_by(
            self.job.weights,
            self._networks,
            supernet,
            supernet.space.restrict(self._draws_from),
            self._mixing_weights,
        )

    def _mixing_weights(self) -> np.ndarray:
        """Returns what the parameters say of each candidate as they stand.

        Raises:
            ValueError: If there are none, or they diverged.
        """
        if self._course is None:
            raise ValueError(
                f"`weights.rule` {self.job.weights.rule!r} draws by "
                "architecture parameters, and `architecture` trains none."
            )
        return self._course.probabilities()

    def start_fresh(self) -> None:
        """Draws fresh weights by the job's seed."""
        self._seat()
        self.trainer.start_over(self.job.seed)

    def start_from(self, earlier: Checkpoint) -> None:
        """Begins with the weights of an earlier training.

        Its architecture parameters are taken, too, where the job trains some.

        Raises:
            ValueError: If they do not fit the supernet.
        """
        if earlier.active:
            raise ValueError(
                f"The weights of job {earlier.job_id!r} are those of its "
                "active candidates only, so no training can start from them: "
                "`start.source` must be 'fresh'."
            )
        self.trainer.restore(earlier)
        self._seat()
        # Shares of cells that gave way say nothing of those that came.
        is_seated = self.job.seats is not None
        if self._course and earlier.architecture and not is_seated:
            self._course.restore_state(earlier.architecture)
        self.trainer.losses = []
        if self.job.base == "reset":
            self.trainer.base = self.trainer.kernels()

    def _seat(self) -> None:
        """Gives slots to the cells that the job names.

        Raises:
            ValueError: If only one of job and supernet has slots.
        """
        seats, supernet = self.job.seats, self.trainer.supernet
        if seats is not None:
            self.trainer.seat(seats, self._seeds)
        elif Capability.SEATS_CELLS in supernet.capabilities:
            raise ValueError(
                f"Space {supernet.space.name!r} has slots, so that the job "
                "must name their cells: give it `seats`."
            )

    def resume(self, checkpoint: Checkpoint) -> None:
        """Resumes from a checkpoint of the same job.

        Raises:
            ValueError: If it does not fit the supernet.
        """
        self.trainer.restore(checkpoint)
        if self._course is not None:
            self._course.restore_state(checkpoint.architecture)
            self._course.restore_course(checkpoint.course)

    def checkpoint(self, config_digest: str) -> Checkpoint:
        """Returns all that the training resumes from."""
        kept = self.trainer.checkpoint(self.job.id, config_digest)
        return dataclasses.replace(
            kept,
            architecture=self._course.state() if self._course else [],
            course=self._course.course() if self._course else [],
            active=list(self.job.active) if self.job.only_active else [],
        )

    def result(self, seconds: float, digest: str) -> SupernetTrained:
        """Returns what the job came to.

        Args:
            seconds: Time it took.
            digest: Digest of its checkpoint.
        """
        sums = self.trainer.angle_sums()
        return SupernetTrained(
            losses=tuple(self.trainer.losses),
            angle_sums=as_tuples(sums.candidates),
            backbone_sums=as_tuples(sums.backbone),
            seconds=seconds,
            weights_sha256=digest,
            unit_sums=as_tuples(sums.unit_candidates),
            architecture=self._course.trained() if self._course else None,
        )
