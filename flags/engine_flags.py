"""Flags that say what starts the workers of a search."""

from absl import flags

from nse_tf.distribute.ray_engine import RayEngine
from nse_tf.distribute.roles import Role, present_role
from nse_tf.runs.search_config import SearchConfig

ENGINES = ("keras_tuner", "ray")

ENGINE = flags.DEFINE_enum(
    "engine",
    ENGINES[0],
    ENGINES,
    "What --workers share the jobs by: keras_tuner starts them on this "
    "machine, which a folder that all see extends to others; ray starts them "
    "on a Ray cluster, and needs no such folder. The answer is the same.",
)
RAY_ADDRESS = flags.DEFINE_string(
    "ray_address",
    None,
    "Ray cluster of --engine=ray: auto, or host:port of its head. Default: one "
    "that is started on this machine.",
)
GPUS_PER_WORKER = flags.DEFINE_float(
    "gpus_per_worker",
    0.0,
    "GPUs that each worker of --engine=ray reserves; a part of one lets "
    "several share it.",
    lower_bound=0,
    upper_bound=1,
)


def ray_engine(config: SearchConfig, workers: int | None) -> RayEngine | None:
    """Returns Ray as an engine, if flags ask for it.

    Args:
        config: What is searched.
        workers: How many workers, if that is given.

    Raises:
        ValueError: If flags do not fit each other, or Ray is not installed.
    """
    if ENGINE.value != "ray":
        for name in ("ray_address", "gpus_per_worker"):
            if flags.FLAGS[name].present:
                raise ValueError(
                    f"`--{name}` is {flags.FLAGS[name].value!r}, but only "
                    "--engine=ray reads it: leave it out, or add that."
                )
        return None
    if config.distribute is not None:
        raise ValueError(
            f"`--engine` is ray and `--distribute` {config.distribute}: they "
            "share either the jobs of a search or the batches of a training."
        )
    if present_role() is not Role.ALONE:
        raise ValueError(
            "`--engine` is ray, which starts its own workers, but "
            "KERASTUNER_TUNER_ID is set, which is for keras-tuner's: leave out "
            "one of them."
        )
    _require_gpus_for(config)
    return RayEngine(
        address=RAY_ADDRESS.value,
        num_workers=workers,
        gpus_per_worker=GPUS_PER_WORKER.value,
        compute_threads=config.compute_threads,
    )


def _require_gpus_for(config: SearchConfig) -> None:
    """Refuses what trains in this process, which leaves GPUs to workers.

    Raises:
        ValueError: If it would, and workers reserve some.
    """
    if not GPUS_PER_WORKER.value:
        return
    reason = ""
    if config.method == "autospace":
        reason = (
            "--method=autospace evolves its cells in this process, which "
            "leaves all GPUs to workers: leave out --engine=ray, or search the "
            "space that it learned, which is a file, in a run of its own."
        )
    elif config.scale is not None:
        reason = (
            "--image_size=auto trains networks in this process, which leaves "
            "all GPUs to workers: leave out --engine=ray, or give --image_size "
            "in pixels."
        )
    if reason:
        raise ValueError(
            f"`--gpus_per_worker` is {GPUS_PER_WORKER.value:g}, but {reason}"
        )
