"""How a search's jobs train: the same for who decides and for who follows."""

import contextlib
import dataclasses
import zlib
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from nse_tf.datasets import ImageData, joined
from nse_tf.jobs import Genes, TrainBranches, TrainChild, TrainSupernet
from nse_tf.sampling import UniformSampler, draw_cells
from nse_tf.spaces import Genotype, SearchSpace
from nse_tf.supernet import (
    BranchSupernet,
    CellSupernet,
    Networks,
    WeightSharing,
)
from nse_tf.training.branch_trainer import BranchTrainer
from nse_tf.training.recipes import ChildRecipe, SupernetRecipe
from nse_tf.training.subnet_trainer import ChildTrainer
from nse_tf.training.supernet_trainer import Draw, SupernetTrainer


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

    def supernet_trainer(self) -> SupernetTrainer:
        """Returns a trainer of a fresh supernet."""
        with self._scope():
            return SupernetTrainer(
                self.networks.supernet(),
                self.supernet_recipe,
                self.data.train,
                self.data.validation,
            )

    def branch_trainer(self, job: TrainBranches) -> BranchTrainer:
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
        trainer.train(
            uniform_draw(trainer.supernet, self.space.restrict(job.active)),
            job.epochs,
            job.learning_rates,
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


def uniform_draw(supernet: WeightSharing, space: SearchSpace) -> Draw:
    """Returns what draws a step's branches uniformly from a space.

    Each cell draws its own, as in the published supernet of cells.
    """
    if isinstance(supernet, CellSupernet):
        num_cells = supernet.num_cells
        return lambda rng: draw_cells(space, rng, num_cells)
    sampler = UniformSampler(space)
    return lambda rng: supernet.slots_of(sampler.sample(rng))
