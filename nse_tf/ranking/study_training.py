"""One training of a study: all that its scores are read off, and its file."""

import io
import pathlib
from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf

from nse_tf.spaces.files import write_bytes
from nse_tf.training import ArchitectureTrainer, CellTrainer, CellWeights


class StudyTraining:
    """A supernet of cells in training, with the bases of its angles.

    Args:
        trainer: Of the supernet, its weights fresh.
        architecture: Trains architecture parameters beside, a step after each
            step of the weights; None trains none.

    Attributes:
        trainer: As given.
        bases: Weights that angles are measured from, by name: `initial`, and
            `first_epoch` once it is over.
    """

    def __init__(
        self,
        trainer: CellTrainer,
        architecture: ArchitectureTrainer | None = None,
    ) -> None:
        self.trainer, self._architecture = trainer, architecture
        self.bases: dict[str, CellWeights] = {"initial": trainer.weights()}

    def train_epoch(
        self,
        epoch: int,
        learning_rate: float,
        seed: int,
        after_step: Callable[[int], None],
    ) -> float:
        """Passes over the images once; returns the mean loss.

        Weights move as they do without architecture parameters, to the bit.

        Args:
            epoch: Which pass it is, from 0.
            learning_rate: Of all its steps.
            seed: Of all that is drawn.
            after_step: Called with the number of steps taken in this epoch.

        Raises:
            ValueError: If the training diverged.
        """
        mixing_rng = np.random.default_rng([seed, epoch, 1])
        active = self.trainer.supernet.space.active

        def after_weights(number: int) -> None:
            if self._architecture is not None:
                self._architecture.step(active, mixing_rng)
            after_step(number)

        loss = self.trainer.train_epoch(
            epoch, learning_rate, seed, after_weights
        )
        if epoch == 0:
            self.bases["first_epoch"] = self.trainer.weights()
        return loss

    def magnitudes(self, paths: np.ndarray) -> np.ndarray | None:
        """Returns the magnitude of cells; None if none was trained.

        That of a cell is the sum over its edges of the share that the softmax
        of the architecture parameters gives to the op there.

        Args:
            paths: Candidate indices, `(count, num_edges)`.

        Returns:
            `(count,)`, float64.
        """
        if self._architecture is None:
            return None
        shares = self._architecture.magnitudes(
            self.trainer.supernet.space.active
        )
        found: np.ndarray = shares[np.arange(len(shares)), paths].sum(axis=1)
        return found

    def save(self, path: pathlib.Path, epochs: int) -> None:
        """Writes all that training goes on from, whole or not at all.

        Args:
            path: Of the file.
            epochs: How many are over, one at least.
        """
        base = self.bases["first_epoch"]
        arrays = {
            f"state{i}": each for i, each in enumerate(self.trainer.state())
        }
        arrays |= {f"rows{i}": each for i, each in enumerate(base.rows)}
        arrays |= {
            f"fixed/{name}": each for name, each in base.backbone.items()
        }
        arrays |= {
            name: variable.numpy() for name, variable in self._parameters()
        }
        content = io.BytesIO()
        np.savez(content, epoch=np.array(epochs), **arrays)  # type: ignore[arg-type]
        write_bytes(path, content.getvalue())

    def restore(self, path: pathlib.Path) -> int:
        """Goes on from a file of `save`; returns its epochs.

        Raises:
            ValueError: If it is that of another supernet.
        """
        with path.open("rb") as file, np.load(file) as arrays:
            epochs = int(arrays["epoch"])
            names = [f"state{i}" for i in range(len(self.trainer.state()))]
            self.trainer.restore([arrays[name] for name in names])
            first = self.bases["initial"]
            self.bases["first_epoch"] = CellWeights(
                tuple(arrays[f"rows{i}"] for i in range(len(first.rows))),
                {name: arrays[f"fixed/{name}"] for name in first.backbone},
            )
            for name, variable in self._parameters():
                variable.assign(arrays[name])
        return epochs

    def _parameters(self) -> Iterator[tuple[str, tf.Variable]]:
        """Yields architecture parameters and their optimizer's state."""
        if self._architecture is not None:
            for number, each in enumerate(self._architecture.variables):
                yield f"architecture{number}", each
