"""The supernet that a finished search left, for a search by another budget."""

import pathlib
from typing import Any

from nse_tf.distribute.identity import differences
from nse_tf.events import WinnerChosen
from nse_tf.jobs import (
    SupernetTrained,
    TrainSupernet,
    result_from_json,
    weights_of,
)
from nse_tf.methods.supernet_training import EarlierSupernet, Trained
from nse_tf.reporting import RunLog
from nse_tf.spaces import SearchSpace
from nse_tf.spaces.sealed_files import read_sealed
from nse_tf.training.weight_files import WeightFiles
from nse_tf.trials.job_files import read_job, result_path
from nse_tf.trials.run_storage import ORACLE_FILE

# How paths are drawn where any child may be asked for afterwards.
_EXPLORED = ("uniform", "fair", "sandwich")


def read_earlier(folder: pathlib.Path, space: SearchSpace) -> EarlierSupernet:
    """Returns the supernet that a finished search explored; writes nothing.

    Args:
        folder: The run's folder.
        space: What is searched now.

    Raises:
        DamagedError: If a file of its last training is damaged.
        ValueError: If no search of that space has finished there, or it
            explored no supernet.
    """
    log = RunLog(folder / "log.jsonl").read()
    if not any(isinstance(entry.event, WinnerChosen) for entry in log):
        raise ValueError(
            f"No search has finished in {folder}: finish it, then its "
            "supernet can be explored by another budget."
        )
    searched = _identity(folder).get("space")
    if searched != space.fingerprint:
        raise ValueError(
            f"The search in {folder} was one of space {searched!r}, not of "
            f"{space.fingerprint!r}: its supernet has other weights."
        )
    files = WeightFiles(folder / "supernet")
    latest = files.latest()
    if latest is None:
        raise ValueError(
            f"The supernet that was trained in {folder} is gone: there are no "
            "weights in supernet/. Search in another folder."
        )
    last = _training(folder, latest)
    if last.weights.rule not in _EXPLORED:
        raise ValueError(
            f"The supernet in {folder} was trained by {last.weights.rule!r}, "
            "for one network that is derived from it: only those of SPOS and "
            "FairNAS can be explored by another budget."
        )
    result = result_from_json(
        read_sealed(result_path(folder, latest))["result"]
    )
    if not isinstance(result, SupernetTrained):
        raise ValueError(f"Job {latest!r} in {folder} trained no supernet.")
    return EarlierSupernet(
        active=last.active,
        trained=Trained(result, weights_of(latest, result)),
        trainings=_trainings(folder, last),
    )


def bring_weights(
    earlier: EarlierSupernet, source: pathlib.Path, folder: pathlib.Path
) -> None:
    """Copies the weights to the folder of the search that explores them.

    Args:
        earlier: What was read in `source`.
        source: Folder of the search that trained them; is left as it is.
        folder: The other one's; keeps them if it has them.

    Raises:
        ValueError: If they are missing, damaged or others than they were.
    """
    reference = earlier.trained.weights
    job_id, _, digest = reference.partition("#")
    files = WeightFiles(folder / "supernet")
    kept = files.load(job_id)
    if kept is None or kept.digest != digest:
        found = WeightFiles(source / "supernet").load_finished(reference)
        files.keep(found, is_finished=True)


def require_same_training(
    source: pathlib.Path, identity: dict[str, Any]
) -> None:
    """Refuses other images, or another supernet, than weights were trained on.

    Another split would rank networks by images that they were trained on.

    Args:
        source: Folder of the search that trained them.
        identity: Of the search that explores them; see `identity_of`.

    Raises:
        ValueError: If they differ; says in what.
    """
    theirs = _of_supernet(_identity(source))
    found = differences(theirs, _of_supernet(identity))
    if found:
        raise ValueError(
            f"The supernet in {source} was trained otherwise: {found}. Give "
            "what it was trained with, or search in a folder of its own."
        )


def _identity(folder: pathlib.Path) -> dict[str, Any]:
    """Returns what decided the outcome of a search; see `identity_of`."""
    identity: dict[str, Any] = read_sealed(folder / ORACLE_FILE)["identity"]
    return identity


def _of_supernet(identity: dict[str, Any]) -> dict[str, Any]:
    """Returns what decides a supernet, without what networks alone have."""
    return {
        name: value
        for name, value in identity.items()
        if name != "epochs" and not name.startswith("child_recipe.")
    }


def _training(folder: pathlib.Path, job_id: str) -> TrainSupernet:
    """Returns the job of a training.

    Raises:
        ValueError: If it is another one, or gone.
    """
    job = read_job(folder, job_id)
    if not isinstance(job, TrainSupernet):
        raise ValueError(f"Job {job_id!r} in {folder} trained no supernet.")
    return job


def _trainings(folder: pathlib.Path, last: TrainSupernet) -> int:
    """Returns how many trainings went on from each other, with the last."""
    count, job = 1, last
    while job.start.source == "previous" and job.start.weights:
        job = _training(folder, job.start.weights.partition("#")[0])
        count += 1
    return count
