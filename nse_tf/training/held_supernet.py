"""The supernet that a worker holds between jobs."""

from nse_tf.jobs import TrainSupernet
from nse_tf.supernet import WeightSharing
from nse_tf.training.checkpoints import Checkpoint
from nse_tf.training.evaluation import ChildEvaluator
from nse_tf.training.peers import Peers
from nse_tf.training.replica_worker import MAKE
from nse_tf.training.shared_weights import require_space
from nse_tf.training.supernet_trainer import SupernetTrainer
from nse_tf.training.trainings import Trainings
from nse_tf.training.weight_files import WeightFiles


class HeldSupernet:
    """Keeps one trainer and one supernet, so that jobs need no new traces.

    Args:
        trainings: Makes trainers and supernets.
        files: Where the weights of finished trainings lie.
        peers: Are told when a trainer is made.

    Attributes:
        files: As given.
    """

    def __init__(
        self, trainings: Trainings, files: WeightFiles, peers: Peers
    ) -> None:
        self.files = files
        self._trainings, self._peers = trainings, peers
        self._trainer: SupernetTrainer | None = None
        self._supernet: WeightSharing | None = None
        self._reference = ""
        self._evaluator: ChildEvaluator | None = None

    def supernet(self, reference: str | None = None) -> WeightSharing:
        """Returns the supernet as last trained, or as a reference names it.

        Raises:
            LostWeightsError: If the file of those weights is gone.
            ValueError: If none was trained in this run's folder.
        """
        known = self._reference and reference in (None, self._reference)
        if self._supernet is None or not known:
            return self._loaded(self.kept(reference))
        return self._supernet

    def _loaded(self, kept: Checkpoint) -> WeightSharing:
        """Returns the supernet of kept weights, and holds it."""
        if kept.active:
            require_space(kept, self._trainings.space)
            supernet = self._trainings.supernet(active=tuple(kept.active))
            kept.assign_to(supernet.variables)
            return self._hold(None, supernet, kept)
        trainer = self._trainer or self._new_trainer()
        self.release()  # Until it is whole.
        trainer.restore(kept)
        return self._hold(trainer, self._inherited(trainer, kept), kept)

    def evaluator(self, reference: str | None = None) -> ChildEvaluator:
        """Returns what evaluates children of a supernet; see `supernet`."""
        supernet = self.supernet(reference)
        if self._evaluator is None or self._evaluator.supernet is not supernet:
            data = self._trainings.data
            self._evaluator = ChildEvaluator(
                supernet, data.train, data.validation
            )
        return self._evaluator

    def kept(self, reference: str | None) -> Checkpoint:
        """Returns weights that this process or another kept.

        Raises:
            LostWeightsError: If their file is gone.
            ValueError: If none were trained in this run's folder.
        """
        reference = reference or self.files.latest()
        if reference is None:
            raise ValueError(
                f"No supernet was trained in {self.files.folder.parent}: there "
                "are no weights in supernet/."
            )
        return self.files.load_finished(reference)

    def trainer_for(self, job: TrainSupernet) -> SupernetTrainer:
        """Returns what holds a job's weights while it trains them.

        Nothing is held until they are: half-way weights are no one's.

        Raises:
            ValueError: If there is no such supernet.
        """
        trainer = None if _is_partial(job) else self._trainer
        if trainer is None:
            trainer = self._new_trainer(job)
        self.release()
        return trainer

    def _new_trainer(self, job: TrainSupernet | None = None) -> SupernetTrainer:
        num_cells = job.num_cells if job else None
        active = job.active if job and job.only_active else None
        if active is None:  # Else it is trained on one device.
            self._peers.tell([MAKE, num_cells])
        return self._trainings.supernet_trainer(num_cells, active)

    def release(self) -> None:
        """Holds no trained weights any more."""
        self._trainer, self._reference = None, ""

    def hold(self, trainer: SupernetTrainer, weights: Checkpoint) -> None:
        """Keeps a trainer for the next jobs, and what children inherit from.

        That is a copy on one device, where the training has several. From a
        supernet with fewer cells than its space no child inherits.

        Args:
            trainer: Holds the weights of a training that has ended.
            weights: What it came to.
        """
        if weights.active:
            self._hold(None, trainer.supernet, weights)
        elif weights.fingerprint == self._trainings.space.fingerprint:
            supernet = self._inherited(trainer, weights)
            self._hold(trainer, supernet, weights)

    def _inherited(
        self, trainer: SupernetTrainer, weights: Checkpoint
    ) -> WeightSharing:
        """Returns the supernet that children inherit from."""
        if self._trainings.strategy is None:
            return trainer.supernet
        supernet = self._supernet or self._trainings.supernet()
        weights.assign_to(supernet.variables)
        return supernet

    def _hold(
        self,
        trainer: SupernetTrainer | None,
        supernet: WeightSharing,
        weights: Checkpoint,
    ) -> WeightSharing:
        self._trainer, self._supernet = trainer, supernet
        self._reference = f"{weights.job_id}#{weights.digest}"
        return supernet


def _is_partial(job: TrainSupernet) -> bool:
    """Whether a job's supernet is another one than that of the whole space."""
    return job.only_active or job.num_cells is not None
