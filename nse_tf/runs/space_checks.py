"""What settings of a space need, for one sentence before anything starts."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nse_tf.runs.search_config import SearchConfig


def check_start(config: "SearchConfig") -> None:
    """Refuses what a space cut out of a trained network cannot have.

    Raises:
        ValueError: If there is something.
    """
    if config.start_weights is not None and config.start is None:
        raise ValueError(
            f"`--start_weights` {config.start_weights} are weights of a "
            "--start, and none is given: add --start=efficientnet_lite0."
        )
    if config.trained_start is None:
        return
    if config.method == "autospace":
        raise ValueError(
            f"`--start` is {config.start!r}, but --method=autospace evolves "
            "cells of its own: leave it out, or take --method=spos."
        )
    for name in ("space", "width", "depth", "activation", "squeeze_excite"):
        if getattr(config, name) is not None:
            raise ValueError(
                f"`--{name}` is {getattr(config, name)!r}, but --start="
                f"{config.start} decides the space: leave out one of them."
            )
    if config.sharing == "rows":
        raise ValueError(
            f"`--sharing` is 'rows', but what is cut out of --start="
            f"{config.start} nests: leave it out."
        )
    for name, default in (("score", "angle"), ("shrink_schedule", None)):
        if getattr(config, name) != default:
            raise ValueError(
                f"`--{name}` is {getattr(config, name)!r}, but a space that "
                f"is cut out of --start={config.start} is not shrunk: leave "
                "it out."
            )


def check_scale(config: "SearchConfig") -> None:
    """Refuses what a scale cannot be chosen for.

    Raises:
        ValueError: If there is something.
    """
    given = dict(config.overrides)
    if config.scale is None and "probe_epochs" in given:
        raise ValueError(
            f"`--probe_epochs` is {given['probe_epochs']}, but it is for "
            "--image_size=auto: leave it out, or add that."
        )
    if config.scale is None:
        return
    resized = [n for n in ("final_cells", "final_channels") if n in given]
    reason = ""
    if config.method in ("nse", "autospace"):
        reason = f"--method={config.method} changes the space as it goes"
    elif config.space is not None and config.space.endswith(".json"):
        reason = f"--space={config.space} has its own sizes"
    elif config.distribute == "multi_worker":
        reason = "--distribute=multi_worker trains before it could be told"
    elif resized:
        reason = f"--{resized[0]} sets a size of the network"
    if reason:
        raise ValueError(
            "`--image_size` or `--space` is 'auto', which chooses "
            f"resolution, width and depth, but {reason}: leave out one of "
            "them."
        )


def check_stage_widths(config: "SearchConfig") -> None:
    """Refuses widths by stage where they cannot be searched.

    Raises:
        ValueError: If they are asked for.
    """
    if config.stage_widths is None:
        return
    reason = ""
    if config.method != "spos":
        reason = f"--method={config.method} does not search: take --method=spos"
    elif config.trained_start is not None:
        reason = (
            f"a space that is cut out of --start={config.start} does not have: "
            "leave out one of them"
        )
    elif config.sharing != "nested":
        reason = "share weights as candidates that nest: add --sharing=nested"
    elif config.scale is not None:
        reason = (
            "are of a space whose scale is known: give --image_size, --width "
            "and --depth in place of 'auto'"
        )
    elif config.shrink:
        reason = (
            "shrinking cannot rank, since its angles are those of the widest "
            "networks: add --noshrink to nse_search"
        )
    if reason:
        widths = ",".join(f"{each:g}" for each in config.stage_widths)
        raise ValueError(f"`--stage_widths` are {widths}, which {reason}.")
