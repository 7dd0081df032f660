"""One training of a study: all that its scores are read off, and its file."""

import io
import pathlib
from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf

from nse_tf.ranking.study_weights import StudyWeights
from nse_tf.sampling import CellSampler
from nse_tf.spaces.files import write_bytes
from nse_tf.training import ArchitectureTrainer, SupernetTrainer
from nse_tf.training.epoch_loop import LoopHooks


class StudyTraining:
    """A supernet of cells in training, with the bases of its angles.

    Args:
        trainer: Holds the supernet, its weights fresh.
        architecture: Trains architecture parameters beside, a step after each
            step of the weights; None trains none.

    Attributes:
        trainer: As given.
        bases: Weights that angles are measured from, by name: `initial`, and
            `first_epoch` once it is over.
    """

    def __init__(
        self,
        trainer: SupernetTrainer,
        architecture: ArchitectureTrainer | None = None,
    ) -> None:
        self.trainer, self._architecture = trainer, architecture
        self._draw = CellSampler(trainer.supernet.space).sample
        self.bases = {"initial": StudyWeights.of_supernet(trainer.supernet)}

    def train_epoch(
        self,
        epoch: int,
        learning_rate: float,
        seed: int,
        after_step: Callable[[int], None],
    ) -> float:
        """Passes over the images once; returns the mean loss.

        Weights move as they do without architecture parameters, bit-exact.

        Args:
            epoch: Which pass it is, from 0.
            learning_rate: That of all its steps.
            seed: Seed of all that is drawn.
            after_step: Called with the number of steps taken in this epoch.

        Raises:
            ValueError: If the training diverges.
        """
        loop = self.trainer.loop(
            self._draw,
            epochs=epoch + 1,
            rate=lambda done: learning_rate,
            named_rate=learning_rate,
            seeds=(seed,),
            hooks=_Measuring(
                self.trainer.supernet.space.active,
                self._architecture,
                # A stream of its own, as the weights' draws must not change.
                np.random.default_rng([seed, epoch, 1]),
                after_step,
            ),
        )
        loss = loop.run_epoch(epoch)
        if epoch == 0:
            self.bases["first_epoch"] = StudyWeights.of_supernet(
                self.trainer.supernet
            )
        return loss

    def magnitudes(self, paths: np.ndarray) -> np.ndarray | None:
        """Returns the magnitude of cells; None if none was trained.

        That of a cell is the sum over its edges of the mixing weight that the
        softmax of the architecture parameters gives to the op there.

        Args:
            paths: Candidate indices, `(count, num_edges)`.

        Returns:
            `(count,)`, float64.
        """
        if self._architecture is None:
            return None
        mixing_weights = self._architecture.probabilities(
            self.trainer.supernet.space.active
        )
        edges = np.arange(len(mixing_weights))
        found: np.ndarray = mixing_weights[edges, paths].sum(axis=1)
        return found

    def save(self, path: pathlib.Path, epochs: int) -> None:
        """Writes all that training resumes from, whole or not at all.

        Args:
            path: Where to.
            epochs: How many are over, one at least.
        """
        base = self.bases["first_epoch"]
        arrays = {name: each.numpy() for name, each in self._variables()}
        arrays |= {f"rows{i}": each for i, each in enumerate(base.rows)}
        arrays |= {
            f"fixed/{name}": each for name, each in base.backbone.items()
        }
        content = io.BytesIO()
        np.savez(content, epoch=np.array(epochs), **arrays)
        write_bytes(path, content.getvalue())

    def restore(self, path: pathlib.Path) -> int:
        """Resumes from a file of `save`; returns its epochs.

        Raises:
            ValueError: If it is that of another supernet.
        """
        with path.open("rb") as file, np.load(file) as arrays:
            epochs = int(arrays["epoch"])
            for name, variable in self._variables():
                if arrays[name].shape != tuple(variable.shape):
                    raise ValueError(
                        f"{path} is that of another supernet: {name!r} has "
                        f"shape {arrays[name].shape}, not "
                        f"{tuple(variable.shape)}."
                    )
                variable.assign(arrays[name])
            first = self.bases["initial"]
            self.bases["first_epoch"] = StudyWeights(
                tuple(arrays[f"rows{i}"] for i in range(len(first.rows))),
                {name: arrays[f"fixed/{name}"] for name in first.backbone},
            )
        return epochs

    def _variables(self) -> Iterator[tuple[str, tf.Variable]]:
        """Yields all that moves, with its name in the file."""
        weights = self.trainer.supernet.variables
        for number, each in enumerate((*weights, *self.trainer.momenta)):
            yield f"state{number}", each
        if self._architecture is not None:
            for number, each in enumerate(self._architecture.variables):
                yield f"architecture{number}", each


class _Measuring(LoopHooks):
    """Moves architecture parameters after each step, then measures."""

    def __init__(
        self,
        active: tuple[tuple[int, ...], ...],
        architecture: ArchitectureTrainer | None,
        rng: np.random.Generator,
        after_step: Callable[[int], None],
    ) -> None:
        self._active, self._architecture = active, architecture
        self._rng, self._after_step = rng, after_step

    def after_step(
        self, epoch: int, index: int, rng: np.random.Generator
    ) -> None:
        """Tells how many steps were taken."""
        del epoch, rng
        if self._architecture is not None:
            self._architecture.step(self._active, self._rng)
        self._after_step(index + 1)
