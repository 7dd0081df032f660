"""Takes part in the trainings of a process that decides; keeps nothing."""

import logging

from nse_tf.jobs import TrainChild, TrainSupernet, job_from_json
from nse_tf.training.best_weights import has_ended
from nse_tf.training.peers import END, Peers
from nse_tf.training.supernet_trainer import SupernetTrainer
from nse_tf.training.trainings import Trainings

LOGGER = logging.getLogger("nse_tf")

# What the leader tells beside jobs, with the number of cells.
MAKE = "make a supernet"


class ReplicaWorker:
    """A process of a multi-worker strategy that does not decide.

    Args:
        trainings: The same as in the process that does.
    """

    def __init__(self, trainings: Trainings) -> None:
        self._trainings = trainings
        self._peers = Peers(trainings.strategy)
        self._trainer: SupernetTrainer | None = None

    def follow(self) -> None:
        """Takes its part of every batch until the search ends."""
        while (message := self._peers.told())["next"] != END:
            if isinstance(message["next"], list):
                _, num_cells = message["next"]
                self._trainer = self._trainings.supernet_trainer(num_cells)
                continue
            job = job_from_json(message["next"])
            try:
                if isinstance(job, TrainSupernet):
                    self._train_supernet(job)
                elif isinstance(job, TrainChild):
                    self._train_child(job)
            except ValueError as error:  # The leader tells the search of it.
                LOGGER.warning("%s", error)

    def _train_supernet(self, job: TrainSupernet) -> None:
        if self._trainer is None:
            raise RuntimeError("A supernet is trained that was never made.")
        training = self._trainings.supernet_training(job, self._trainer)
        training.resume(self._peers.received())
        training.run()

    def _train_child(self, job: TrainChild) -> None:
        _, trainer = self._trainings.child_trainer(job)
        received = self._peers.received()
        trainer.restore(received)
        if has_ended(received, self._trainings.child_recipe.patience):
            return
        trainer.train(
            job.epochs,
            job.seed,
            lambda loss: self._peers.agreed(True),
            job.id,
        )
