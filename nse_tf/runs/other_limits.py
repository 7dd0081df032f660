"""A finished run whose supernet is searched again under other limits."""

import dataclasses
import re

from nse_tf.reporting.run_record import LIMITS
from nse_tf.runs.learned_space import searching_learned
from nse_tf.runs.method_choice import METHOD_ROWS
from nse_tf.runs.run_folder import RunFolder, is_limit
from nse_tf.runs.search_config import SearchConfig


def under_other_limits(config: SearchConfig) -> SearchConfig | None:
    """Returns the search that a finished run's supernet is good for.

    It has a folder of its own within the run's, named by its limits, and leaves
    all else in there as it is.

    Args:
        config: What is asked for, in the folder of perhaps another run.

    Returns:
        None where the folder holds no run, or one that differs by more than
        limits, or by nothing.

    Raises:
        ValueError: If the run has not finished, is of another version, or its
            method leaves no supernet that an explorer could search.
    """
    if METHOD_ROWS[config.method].learns_space:
        config = searching_learned(config)
    folder = RunFolder(config.run_dir)
    if not folder.has_other_limits(config.settings()):
        return None
    if not METHOD_ROWS[config.method].oracle.explores_supernet:
        raise ValueError(
            f"{folder.path} holds a run of other limits, and "
            f"--method={config.method} trains for one network under one limit: "
            "no other can be taken from its supernet. Use another --run_dir; "
            "--method=spos and fairnas can do so."
        )
    return dataclasses.replace(
        config,
        run_dir=folder.path / LIMITS / limits_name(config),
        inherits_from=folder.path,
    )


def limits_name(config: SearchConfig) -> str:
    """Returns a folder's name that tells limits, such as `max_macs_800000`."""
    limits = [
        f"{name}_{value:.12g}"
        for name, value in config.settings().items()
        if is_limit(name)
    ]
    return re.sub(r"[^\w.+-]", "_", "_".join(limits)) or "no_limit"
