"""How a search's jobs train: the same for who decides and for who follows."""

import contextlib
import dataclasses
from typing import Any, TypeVar

import keras
import numpy as np
import tensorflow as tf

from nse_tf.datasets import ImageData, joined
from nse_tf.jobs import Genes, TrainChild, TrainSupernet
from nse_tf.spaces import Genotype, SearchSpace
from nse_tf.spaces.space_json import space_from_text
from nse_tf.supernet import (
    Capability,
    Networks,
    WeightSharing,
    in_training,
    networks_of_space,
    require_capability,
)
from nse_tf.training.checkpoints import Checkpoint
from nse_tf.training.child_trainer import ChildTrainer
from nse_tf.training.progressive_depth import deepened
from nse_tf.training.recipes import ChildRecipe, SupernetRecipe
from nse_tf.training.supernet_trainer import SupernetTrainer
from nse_tf.training.supernet_training import SupernetTraining
from nse_tf.training.teaching import TeacherFile, Teaching, taught_by

Recipe = TypeVar("Recipe", SupernetRecipe, ChildRecipe)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trainings:
    """All that decides a training but its job.

    Attributes:
        space: The full space of the search.
        networks: Makes its networks.
        data: Training and validation images.
        supernet_recipe: How shared weights are trained.
        child_recipe: How a child is trained alone.
        strategy: Shares each batch among devices; None trains on one.
        teacher: The file of who teaches, for jobs that name it; None where none
            does.
    """

    space: SearchSpace
    networks: Networks
    data: ImageData
    supernet_recipe: SupernetRecipe
    child_recipe: ChildRecipe
    strategy: tf.distribute.Strategy | None = None
    teacher: TeacherFile | None = None

    def supernet_trainer(
        self, num_cells: int | None = None, active: Genes | None = None
    ) -> SupernetTrainer:
        """Returns a trainer of a fresh supernet.

        Args:
            num_cells: How many cells it has; None for all.
            active: The candidates that have weights; None for all.

        Raises:
            ValueError: If the supernet cannot have as many cells, or weights
                for some candidates only, or there are several devices for it.
        """
        if active is not None and self.strategy is not None:
            raise ValueError(
                "A supernet of active candidates only is trained on one "
                "device: leave out the `strategy`."
            )
        with self._scope():
            return SupernetTrainer(
                self.supernet(num_cells, active),
                _for_start(self.supernet_recipe, self.networks.is_trained),
                self.data.train,
            )

    def supernet(
        self, num_cells: int | None = None, active: Genes | None = None
    ) -> WeightSharing:
        """Returns a fresh supernet; see `supernet_trainer`."""
        networks = self.networks
        if num_cells is not None:
            networks = networks.with_fewer_cells(num_cells)
        supernet = networks.supernet(active=active)
        with_weights = [block.candidates for block in supernet.blocks]
        if active is not None and with_weights != list(
            map(tuple, map(sorted, active))
        ):
            raise ValueError(
                f"In supernets of space {self.space.name!r} every candidate "
                "has weights: `only_active` must be False."
            )
        return supernet

    def supernet_training(
        self, job: TrainSupernet, trainer: SupernetTrainer
    ) -> SupernetTraining:
        """Returns a job with the weights that it trains.

        Raises:
            ValueError: If weights that are mixed are to be trained on several
                devices; see also `SupernetTraining`.
        """
        if job.weights.rule == "mixed" and self.strategy is not None:
            raise ValueError(
                "Weights that are trained through a mixture are trained on one "
                "device: leave out `distribution_strategy`."
            )
        return SupernetTraining(
            job, trainer, self.networks, self.data.validation
        )

    def carried_over(
        self, trainer: SupernetTrainer, job: TrainSupernet, earlier: Checkpoint
    ) -> Checkpoint:
        """Returns what a job begins with that takes weights piece by piece.

        Args:
            trainer: Holds the job's supernet; is left with fresh weights.
            job: Starts from pieces of earlier weights.
            earlier: These.

        Raises:
            ValueError: If they are those of another supernet, or it has not
                fewer cells than the job's.
        """
        before: Any = require_capability(
            self.supernet(job.start.num_cells), Capability.DEEPENS
        )
        num_cells = job.num_cells or self.space.skeleton.partial_depths.stop
        if job.start.num_cells is None or job.start.num_cells >= num_cells:
            raise ValueError(
                f"`start.num_cells` is {job.start.num_cells}, but must be "
                f"below the {num_cells} cells of the supernet."
            )
        # Of its own, so that no cell begins with the numbers of another one.
        rng = np.random.default_rng([job.seed, num_cells])
        return deepened(earlier, before, trainer, int(rng.integers(2**31)))

    def child_trainer(
        self, job: TrainChild, teacher: keras.Model | None = None
    ) -> tuple[keras.Model, ChildTrainer]:
        """Returns a job's child with fresh weights, and what trains it.

        Args:
            job: The job.
            teacher: Who teaches it, where that is a network of the supernet.

        Raises:
            ValueError: If the child is not of the space, or its teacher is not
                there or cannot teach it.
        """
        networks, genotype = self.networks_for(job)
        _require_judged(job, self.child_recipe)
        recipe = _for_start(
            self.child_recipe, networks.is_trained or job.inherits is not None
        )
        teaching = self._teaching(job, teacher)
        images = self.data.train
        if job.uses_validation:
            images = joined(images, self.data.validation)
        with self._scope():
            child = networks.child(
                genotype,
                seed=job.seed,
                dropout=recipe.dropout,
            )
            trained = in_training(
                networks.space,
                genotype,
                child,
                seed=job.seed,
                extras=recipe.extras,
            )
            return child, ChildTrainer(trained, images, recipe, teaching)

    def _teaching(
        self, job: TrainChild, teacher: keras.Model | None
    ) -> Teaching | None:
        """Returns how a job's child is taught, if it is.

        Raises:
            ValueError: See `child_trainer`.
        """
        if job.teacher is None:
            return None
        if job.teacher.source == "file":
            if (
                self.teacher is None
                or self.teacher.sha256 != job.teacher.sha256
            ):
                there = "none" if self.teacher is None else self.teacher.name
                raise ValueError(
                    f"Job {job.id!r} is taught by the file of SHA-256 "
                    f"{job.teacher.sha256}, and the `teacher` here is {there}: "
                    "give that file."
                )
            return self.teacher.teaching(self.space, self.child_recipe)
        if teacher is None:
            raise ValueError(
                f"Job {job.id!r} is taught by a network of the supernet, which "
                "is not held here: train it in one process."
            )
        return taught_by(
            teacher,
            self.space,
            self.child_recipe,
            name="of the supernet",
            pixels="0..255",
        )

    def networks_for(self, job: TrainChild) -> tuple[Networks, Genotype]:
        """Returns what makes a job's child, which may have other cells.

        Raises:
            ValueError: If it is not of the space, cannot have such cells, or
                its own space is none or for other images or classes.
        """
        if job.space is not None:
            return self._networks_beside(job, space_from_text(job.space))
        return self.sized(job.child, job.num_cells, job.channels)

    def sized(
        self, genes: Genes, num_cells: int | None, channels: int | None
    ) -> tuple[Networks, Genotype]:
        """Returns what makes a child of perhaps other cells than the space's.

        Args:
            genes: Its genes.
            num_cells: How many cells it has; None for those of the space.
            channels: Width of the first of them; None for that of the space.

        Raises:
            ValueError: If it is not of the space or cannot have such cells.
        """
        genotype = self.genotype(genes)
        if num_cells is None and channels is None:
            return self.networks, genotype
        space = self.space.resized(num_cells, channels)
        return networks_of_space(space), space.genotype(genotype.genes)

    def _networks_beside(
        self, job: TrainChild, space: SearchSpace
    ) -> tuple[Networks, Genotype]:
        """Returns what makes a child of a space that is not searched."""
        ours, theirs = self.space.skeleton, space.skeleton
        for name in ("image_size", "image_channels", "num_classes"):
            if getattr(ours, name) != getattr(theirs, name):
                raise ValueError(
                    f"The `space` of job {job.id!r} has `{name}` "
                    f"{getattr(theirs, name)}, but the search has "
                    f"{getattr(ours, name)}."
                )
        return networks_of_space(space), space.genotype(job.child)

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


def _for_start(recipe: Recipe, is_trained: bool) -> Recipe:
    """Returns a recipe that favors the classifier only where it alone is new.

    Args:
        recipe: The recipe.
        is_trained: Whether weights are trained already, or inherited.
    """
    if is_trained:
        return recipe
    return dataclasses.replace(recipe, classifier_rate=1.0)


def _require_judged(job: TrainChild, recipe: ChildRecipe) -> None:
    """Refuses to end a training by images that it trains on.

    Raises:
        ValueError: If it would.
    """
    if recipe.patience and job.uses_validation:
        raise ValueError(
            f"`patience` is {recipe.patience}, but job {job.id!r} trains on "
            "the validation part, which is to end it: let `retrain_on_all` be "
            "False."
        )
