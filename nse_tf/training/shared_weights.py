"""The supernet that a run left behind, for whoever inherits its weights."""

import pathlib

from nse_tf.spaces import SearchSpace
from nse_tf.supernet import Networks, WeightSharing
from nse_tf.training.checkpoints import Checkpoint
from nse_tf.training.weight_files import WeightFiles


def load_supernet(networks: Networks, folder: pathlib.Path) -> WeightSharing:
    """Returns the supernet as it was last trained in a run's folder.

    Args:
        networks: Those of the space that the run searched, or of a subspace.
        folder: The run's folder.

    Raises:
        ValueError: If no supernet was trained there, its file is damaged (which
            is kept, under another name), or it is that of another space or
            shares weights in another way.
    """
    files = WeightFiles(folder / "supernet")
    latest = files.latest()
    if latest is None:
        raise ValueError(
            f"No supernet was trained in {folder}: there are no weights in "
            "supernet/."
        )
    kept = files.load_finished(latest)
    supernet: WeightSharing = networks.supernet()
    require_space(kept, supernet.space)
    shapes = [tuple(each.shape) for each in supernet.variables]
    if shapes != [each.shape for each in kept.weights]:
        raise ValueError(
            f"The supernet in {folder} shares weights in another way than "
            f"`sharing` {networks.sharing!r}: give networks_of(space, "
            "sharing=…) with that of its run."
        )
    kept.assign_to(supernet.variables)
    return supernet


def require_space(checkpoint: Checkpoint, space: SearchSpace) -> None:
    """Refuses the weights of another space.

    Raises:
        ValueError: If they are another's.
    """
    if checkpoint.fingerprint != space.fingerprint:
        raise ValueError(
            f"The checkpoint is that of space {checkpoint.fingerprint!r}, "
            f"not of {space.fingerprint!r}."
        )
