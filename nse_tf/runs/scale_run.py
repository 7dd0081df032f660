"""A run that first chooses resolution, width and depth of its space."""

import dataclasses
import logging
from collections.abc import Sequence

from nse_tf.classification import chance_of
from nse_tf.costs.scale_costs import ScaleCosts, known_limits, scale_costs
from nse_tf.datasets import ImageData
from nse_tf.events import RunFinished, ScaleChosen
from nse_tf.export import require_tflite_micro
from nse_tf.jobs import Failed, Job, Result, TrainChild
from nse_tf.methods import ScaleChoice, ScaleChoiceConfig
from nse_tf.methods.chance import chance_bound
from nse_tf.methods.scale_choice import finalists
from nse_tf.reporting import write_report
from nse_tf.reporting.run_record import SCALE
from nse_tf.runs.effort_choice import drawn_as_asked, make_effort
from nse_tf.runs.method_choice import METHOD_ROWS
from nse_tf.runs.method_loop import finish
from nse_tf.runs.run_folder import RunFolder
from nse_tf.runs.run_inputs import load_data, networks_for, space_for
from nse_tf.runs.search_config import SearchConfig
from nse_tf.spaces import SearchSpace
from nse_tf.spaces.preset_choice import preset_for
from nse_tf.spaces.presets import PRESETS
from nse_tf.spaces.scales import (
    DEPTHS,
    ENLARGED,
    WIDTHS,
    Scale,
    ScaledSpace,
    scaled_spaces,
    sides_for,
)
from nse_tf.spaces.space_json import space_to_text
from nse_tf.training import Worker
from nse_tf.tuners.teachers import require_teacher

LOGGER = logging.getLogger("nse_tf")

# The part of the search's epochs that short trainings may take together, as
# long as each has one.
LARGEST_SHARE = 0.2
# What progress is told of; the time of the search afterwards is not known yet.
NAME = "the choice of a scale, before the search,"
# How much larger than they are small images are made at most, where networks
# begin with weights that were trained on large ones.
_ENLARGED_FOR_TRAINED = 3.0


def with_scale(config: SearchConfig) -> SearchConfig:
    """Returns what searches the space at its scale, which is chosen if need be.

    The rest of the run is that of the same command with resolution, width and
    depth given, bit for bit. What belongs to the choice lies in a folder of its
    own within the run's: its events, its report, and the networks trained.

    Args:
        config: What is asked for; returned as it is where no scale is.

    Raises:
        BudgetError: If nothing at any scale keeps the limits.
        FileNotFoundError: If the data are not where they should be.
        SearchError: If the choice cannot be made.
        ValueError: If settings do not fit each other, the data or the folder.
    """
    if config.scale is None:
        return config
    run, folder = RunFolder(config.run_dir), RunFolder(config.run_dir / SCALE)
    chosen = _chosen(folder)
    if not run.has_begun:
        run.check(config.settings())  # Refuses a folder of something else.
        resumes = folder.check(_settings(config))
        if chosen is None:
            chosen = _choose(config, folder, resumes=resumes)
    elif chosen is None:
        # It differs by how the scale was given, which this says.
        run.check(config.settings())
        raise ValueError(
            f"{folder.path} is gone, which says at what scale the run in "
            f"{run.path} searches: use another --run_dir."
        )
    return _taking(config, chosen)


def scale_of_chief(config: SearchConfig) -> SearchConfig:
    """Returns the same for a worker, whose chief has chosen.

    Raises:
        ValueError: If there is no choice in the run's folder.
    """
    if config.scale is None:
        return config
    chosen = _chosen(RunFolder(config.run_dir / SCALE))
    if chosen is None:
        raise ValueError(
            f"{config.run_dir} holds no choice of a scale, though the chief's "
            "does: chief and workers must share the run's folder."
        )
    return _taking(config, chosen)


def _settings(config: SearchConfig) -> dict[str, object]:
    return {**config.settings(), "task": "choose a scale"}


def _chosen(folder: RunFolder) -> ScaleChosen | None:
    noted = [
        entry.event
        for entry in folder.log.read()
        if isinstance(entry.event, ScaleChosen)
    ]
    return noted[-1] if noted else None


def _choose(
    config: SearchConfig, folder: RunFolder, *, resumes: bool
) -> ScaleChosen:
    """Chooses a scale, or resumes doing so."""
    budget = known_limits(config.budget)
    if budget.needs_memory:
        require_tflite_micro()
    data = load_data(config)
    spaces = _spaces(config, data)
    # Refuses what the search would, while nothing is written yet.
    require_teacher(config.teacher, spaces[0].space, config.teacher_pixels)
    costs = scale_costs(spaces, budget, config.seed)
    method = ScaleChoice(costs, budget, _numbers(config, data, costs))
    if resumes:
        folder.check_data(data)
    else:
        folder.begin(_settings(config), data, spaces[0].space)
    LOGGER.info(
        "Choosing a scale: %d under %s; best by costs are %s",
        len(spaces),
        budget,
        "; ".join(str(spaces[index].scale) for index in method.finalists),
    )
    worker = _ScaledWorker(config, folder, spaces)
    try:
        with folder.stage("choice of a scale"):
            finish(method, spaces[0].space, worker, data, folder, NAME)
    except Exception as error:
        folder.note_failure(error)
        raise
    folder.note(RunFinished())
    write_report(folder.path)
    chosen = method.noted(ScaleChosen)[-1]
    LOGGER.info("Chosen: %s", method.chosen.scale)
    return chosen


def _numbers(
    config: SearchConfig, data: ImageData, costs: Sequence[ScaleCosts]
) -> ScaleChoiceConfig:
    """Returns the numbers of a choice, by the epochs of the search."""
    objective = config.objective or "accuracy"
    labels = data.validation.labels
    numbers = ScaleChoiceConfig(
        objective=objective,
        seed=config.seed,
        chance_bound=chance_bound(chance_of(objective, labels), len(labels)),
    )
    given = dict(config.overrides)
    if "probe_epochs" in given:
        epochs = int(given["probe_epochs"])
    else:
        search = make_effort(config, data).search
        count = len(finalists(costs, numbers)) * numbers.num_probed
        total = search.search_epochs + search.child_epochs
        epochs = max(1, int(LARGEST_SHARE * total / count))
    return dataclasses.replace(numbers, probe_epochs=epochs)


def _spaces(config: SearchConfig, data: ImageData) -> list[ScaledSpace]:
    """Returns the space of a run at every scale that is not ruled out.

    Raises:
        ValueError: If what is given rules out all.
    """
    is_trained = config.trained_start is not None
    native = data.native_side or min(data.image_shape[:2])
    enlarged = _ENLARGED_FOR_TRAINED if is_trained else ENLARGED
    row = METHOD_ROWS[config.method]
    # Multipliers are of the published widths and depths.
    name = config.space or row.preset or preset_for((224, 224), row.family)
    *_, channels = data.image_shape

    def make(scale: Scale) -> SearchSpace:
        return space_for(
            _fixed(config, name, scale),
            (scale.image_size, scale.image_size, channels),
            data.num_classes,
        )

    return scaled_spaces(
        make,
        (config.image_size,)
        if config.image_size
        else sides_for(native, enlarged),
        (None,) if is_trained else _multipliers(config.width, name, "width"),
        (None,) if is_trained else _multipliers(config.depth, name, "depth"),
    )


def _multipliers(
    given: float | None, preset: str, name: str
) -> tuple[float, ...]:
    """Returns the widths or depths to look at; the preset's own among them."""
    if given is not None:
        return (given,)
    ladder = {"width": WIDTHS, "depth": DEPTHS}[name]
    own = (
        {getattr(PRESETS[preset], name)} if preset in PRESETS else set[float]()
    )
    return tuple(sorted({*ladder, *own}))


def _taking(config: SearchConfig, chosen: ScaleChosen) -> SearchConfig:
    """Returns a config at the scale that was chosen.

    What is given stays, so that the run's folder tells what differs.
    """
    taken = chosen.taken
    return _fixed(
        config,
        config.space or chosen.preset,
        Scale(
            image_size=config.image_size or taken.image_size,
            width=config.width or taken.width,
            depth=config.depth or taken.depth,
        ),
    )


def _fixed(config: SearchConfig, preset: str, scale: Scale) -> SearchConfig:
    """Returns a config at a scale, as a command without `auto` has it."""
    return dataclasses.replace(
        config,
        scale=None,
        space=None if config.trained_start is not None else preset,
        image_size=scale.image_size,
        width=scale.width,
        depth=scale.depth,
        overrides=tuple(
            (name, value)
            for name, value in config.overrides
            if name != "probe_epochs"
        ),
    )


class _ScaledWorker:
    """Does short trainings, each on images of its space's size.

    Args:
        config: What is asked for.
        folder: Where checkpoints and networks go.
        spaces: The space at each scale.
    """

    def __init__(
        self,
        config: SearchConfig,
        folder: RunFolder,
        spaces: Sequence[ScaledSpace],
    ) -> None:
        self._config, self._folder = config, folder
        self._spaces = {space_to_text(each.space): each for each in spaces}
        # One at a time, since each holds its images.
        self._held: tuple[str, Worker] | None = None

    def run(self, job: Job) -> Result:
        """Does a short training; one that diverges counts as failed."""
        if not isinstance(job, TrainChild) or job.space is None:
            raise ValueError(f"Job {job.id!r} chooses no scale.")
        if self._held is None or self._held[0] != job.space:
            self._held = None
            self._held = job.space, self._worker(self._spaces[job.space])
        try:
            return self._held[1].run(dataclasses.replace(job, space=None))
        except ValueError as error:
            LOGGER.warning("Job %s failed: %s", job.id, error)
            return Failed(str(error))

    def _worker(self, scaled: ScaledSpace) -> Worker:
        config = _fixed(self._config, scaled.space.name, scaled.scale)
        data = load_data(config)
        effort = make_effort(config, data)
        return Worker(
            scaled.space,
            data,
            self._folder.path,
            *drawn_as_asked(
                config,
                METHOD_ROWS[config.method].supernet(effort),
                effort.child,
            ),
            networks=networks_for(config, scaled.space),
        )
