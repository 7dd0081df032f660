"""How a search's jobs train: the same for who decides and for who follows."""

import contextlib
import dataclasses
import zlib
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nse_tf.datasets import ImageData, joined
from nse_tf.jobs import Genes, TrainChild, TrainSupernet
from nse_tf.spaces import (
    Genotype,
    SearchSpace,
)
from nse_tf.supernet import (
    BranchSupernet,
    Networks,
)
from nse_tf.training.branch_trainer import BranchTrainer
from nse_tf.training.checkpoints import Checkpoint
from nse_tf.training.child_trainer import ChildTrainer
from nse_tf.training.progressive_depth import deepened
from nse_tf.training.recipes import ChildRecipe, SupernetRecipe
from nse_tf.training.supernet_trainer import SupernetTrainer


@dataclasses.dataclass(frozen=True)
class Trainings:
    """All that decides a training but its job.

    Attributes:
        space: The full space of the search.
        networks: Makes its networks.
        data: Training and validation images.
        supernet_recipe: How shared weights are trained.
        child_recipe: How a child is trained alone.
        strategy: Shares each batch among devices; None trains on one.
    """

    space: SearchSpace
    networks: Networks
    data: ImageData
    supernet_recipe: SupernetRecipe
    child_recipe: ChildRecipe
    strategy: tf.distribute.Strategy | None = None

    def supernet_trainer(self, num_cells: int | None = None) -> SupernetTrainer:
        """Returns a trainer of a fresh supernet.

        Args:
            num_cells: As of `TrainSupernet`.

        Raises:
            ValueError: If the supernet cannot have as many.
        """
        networks = self._networks_of(num_cells)
        with self._scope():
            return SupernetTrainer(
                networks.supernet(),
                self.supernet_recipe,
                self.data.train,
                self.data.validation,
            )

    def start_weights(
        self, trainer: SupernetTrainer, job: TrainSupernet, kept: Checkpoint
    ) -> Checkpoint:
        """Returns what a job's training goes on from.

        Args:
            trainer: Of the job's supernet.
            job: Goes on from previous weights.
            kept: These.

        Raises:
            ValueError: If they are those of another supernet.
        """
        if job.start.source != "pieces":
            return kept
        count = job.num_cells or self.space.skeleton.partial_depths.stop
        before: Any = self._networks_of(job.start.num_cells).supernet()
        # Of its own, so that no cell begins with the numbers of another one.
        rng = np.random.default_rng([job.seed, count])
        return deepened(kept, before, trainer, int(rng.integers(2**31)))

    def _networks_of(self, num_cells: int | None) -> Networks:
        """Returns what makes the networks of so many cells."""
        if num_cells is None:
            return self.networks
        return self.networks.with_fewer_cells(num_cells)

    def branch_trainer(self, job: TrainSupernet) -> BranchTrainer:
        """Returns a trainer of a job's fresh multi-branch cells.

        Raises:
            ValueError: If the space has no such cells, or there are several
                devices.
        """
        if self.strategy is not None:
            raise ValueError(
                "Multi-branch cells are trained on one device: leave out the "
                "`strategy`."
            )
        return BranchTrainer(
            BranchSupernet(self.space.restrict(job.active), seed=job.seed),
            self.supernet_recipe,
            self.data.train,
            self.data.validation,
            job,
        )

    def train_supernet(
        self,
        trainer: SupernetTrainer,
        job: TrainSupernet,
        after_epoch: Callable[[float], None],
    ) -> None:
        """Trains on to the job's last epoch; see `SupernetTrainer.train`."""
        space = self.space
        if job.num_cells is not None:
            space = space.with_fewer_cells(job.num_cells)
        trainer.train(
            self.networks.uniform_sampler(space.restrict(job.active)).sample,
            job.epochs,
            (job.schedule.first, job.schedule.last),
            job.seed,
            zlib.crc32(job.id.encode()),
            after_epoch,
            job.active if job.architecture else None,
        )

    def child_trainer(
        self, job: TrainChild
    ) -> tuple[keras.Model, ChildTrainer]:
        """Returns a job's child with fresh weights, and what trains it."""
        images = self.data.train
        if job.uses_validation:
            images = joined(images, self.data.validation)
        with self._scope():
            child = self.networks.child(
                self.genotype(job.child),
                seed=job.seed,
                dropout=self.child_recipe.dropout,
            )
            return child, ChildTrainer(child, images, self.child_recipe)

    def genotype(self, genes: Genes) -> Genotype:
        """Returns the genotype of a job's genes.

        Raises:
            ValueError: If it is not of the space.
        """
        return self.space.require(Genotype(genes, self.space.fingerprint))

    def _scope(self) -> contextlib.AbstractContextManager[Any]:
        """Makes what is trained on all replicas."""
        if self.strategy is None:
            return contextlib.nullcontext()
        scope: contextlib.AbstractContextManager[Any] = self.strategy.scope()
        return scope
