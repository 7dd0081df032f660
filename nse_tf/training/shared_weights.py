"""The supernet that a run left behind, for whoever inherits its weights."""

import pathlib

from nse_tf.supernet import Networks, WeightSharing
from nse_tf.training.checkpoints import Checkpoint


def load_supernet(networks: Networks, folder: pathlib.Path) -> WeightSharing:
    """Returns the supernet as it was last trained in a run's folder.

    Args:
        networks: Of the space that the run searched, or of a subspace.
        folder: The run's folder.

    Raises:
        ValueError: If no supernet was trained there, its file is damaged, or it
            is that of another space.
    """
    path = folder / "supernet" / "checkpoint.npz"
    if not path.exists():
        raise ValueError(
            f"No supernet was trained in {folder}: there is no {path}."
        )
    supernet: WeightSharing = networks.supernet()
    fill(supernet, Checkpoint.load(path))
    return supernet


def fill(supernet: WeightSharing, checkpoint: Checkpoint) -> None:
    """Gives a supernet the weights of a checkpoint.

    Raises:
        ValueError: If it is that of another space.
    """
    if checkpoint.fingerprint != supernet.space.fingerprint:
        raise ValueError(
            f"The checkpoint is that of space {checkpoint.fingerprint!r}, "
            f"not of {supernet.space.fingerprint!r}."
        )
    for variable, value in zip(
        supernet.variables, checkpoint.weights, strict=True
    ):
        variable.assign(value)
