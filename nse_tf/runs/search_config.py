"""The settings of a run as one record, which its folder keeps."""

import dataclasses
import pathlib
from typing import Any

from nse_tf.costs import Budget
from nse_tf.runs.file_checks import check_precisions
from nse_tf.runs.space_checks import (
    check_scale,
    check_stage_widths,
    check_start,
)
from nse_tf.runs.training_checks import (
    check_classifier_rate,
    check_paths,
    check_teacher,
)
from nse_tf.spaces.files import home_expanded

EFFORT_NAMES = ("demo", "quick", "laptop", "paper")
STRATEGIES = ("mirrored", "multi_worker")
EXPLORERS = ("evolution", "random", "regularized_evolution", "nsga2")
# For each method: the settings that it takes and some other method does not.
METHODS: dict[str, tuple[str, ...]] = {
    "spos": (
        *("explorer", "score", "shrink_schedule", "distribute"),
        *("sharing", "child_start", "start", "start_weights", "paths"),
        "stage_widths",
    ),
    "fairnas": (
        *("explorer", "score", "shrink_schedule", "distribute"),
        *("sharing", "child_start", "start", "start_weights"),
    ),
    "proxylessnas": (
        *("score", "shrink_schedule", "sharing"),
        *("gates", "penalty_form"),
    ),
    "darts": (
        *("score", "shrink_schedule"),
        *("order", "early_stop", "extra_skip"),
    ),
    "pdarts": ("score", "shrink_schedule"),
    "nse": ("inherit_by", "start"),
    "autospace": ("fitness", "reference", "cell_start", "then"),
}
# Methods that may search the space that `autospace` learns.
AFTERWARDS = ("spos", "fairnas", "proxylessnas")
FITNESSES = ("alpha", "loss", "angle", "distance")
REFERENCES = ("none", "path", "yardstick")
# Single numbers that only the evolution of cells has, by flag name.
CELL_OVERRIDES = (
    *("cell_population", "cell_slots", "mutation_share", "tournament"),
    *("fitness_momentum", "group_depth", "num_evolved", "loss_images"),
    *("max_cell_cost", "max_rounds", "round_epochs"),
)
INHERITANCES = ("front", "angle", "both")
GATES = ("two", "full", "reinforce")
PENALTY_FORMS = ("log_factor", "relative")
RANKINGS = ("keras", "int8")
WANTED_BASELINES = ("never", "cheap", "always")
# Sought in place of the accuracy, which None is.
OBJECTIVES = ("accuracy", "balanced_accuracy", "macro_f1", "auc")
CLASS_WEIGHTS = ("balanced",)
PADDINGS = ("crop", "pad", "stretch")
SCORES = (
    "angle",
    "angle_fixed_at_zero",
    "angle_of_unit_kernels",
    "accuracy",
    "magnitude",
    "add",
)
EARLY_STOPS = ("none", "hessian")
CHILD_STARTS = ("fresh", "inherited")
SHARINGS = ("rows", "nested")
PATH_RULES = ("uniform", "sandwich")
COMPUTE_POLICIES = ("float32", "mixed_bfloat16", "mixed_float16")
PIXEL_RANGES = ("0..255", "0..1", "-1..1")
SCHEDULES = ("spos", "fairnas", "darts", "nb201")


@dataclasses.dataclass(frozen=True, kw_only=True)
class SearchConfig:
    """One run of a search. None leaves a choice to the data.

    Attributes:
        run_dir: The run's folder.
        dataset: `digits` or a name of TensorFlow Datasets; None with a
            `data_dir` reads a folder of images for each class.
        data_dir: Folder of the data.
        image_size: Side, in pixels, that images are resized to.
        padding: How images become square, one of `PADDINGS`; None
            crops them.
        max_megapixels: The largest image files that are opened, in millions
            of pixels; None leaves it to Pillow.
        image_channels: 1 or 3.
        validation_fraction: Share of the training part that is split off.
        space: A preset's name or a space's `.json` file.
        width: Multiplies a preset's widths.
        depth: Multiplies a preset's depths.
        scale: `auto` chooses what is None of image size, width and depth
            before the search; see `scale_run`. None leaves them to the data and
            the preset.
        stage_widths: Shares of its channels that each stage of a chain may
            have; None gives it all of them.
        activation: Activation in a preset's multi-branch cells.
        squeeze_excite: Whether their branches have squeeze-and-excitation.
        method: How the space is searched; one of `METHODS`.
        explorer: How a trained supernet's children are looked through; one of
            `EXPLORERS`. None leaves it to the effort.
        inherit_by: What decides which ops a round of `nse` passes on.
        start: What the search starts from: for `nse` a file that it continues
            from, see `methods.load_start`; else a network that is trained, by
            name or `.keras` file, see `starts.networks_from`.
        start_weights: An `.npz` file with the weights of such a name.
        gates: What an architecture step of `proxylessnas` runs; one of
            `GATES`. None takes what the space can have.
        penalty_form: How `proxylessnas` penalizes costs; one of
            `PENALTY_FORMS`. None takes the first.
        sharing: How the candidates of a chain share weights, one of
            `SHARINGS`; None is a row each.
        teacher: Who teaches finalists: `largest`, the largest network of a
            nested supernet, or the file of a classifier; None is nobody.
        teacher_pixels: The pixels that the file takes, one of `PIXEL_RANGES`;
            None trusts that it scales those in 0..255 itself.
        compute: What networks are trained alone in, one of `COMPUTE_POLICIES`;
            None is float32.
        paths: How the paths of a step are drawn, one of `PATH_RULES`; None is
            one path.
        child_start: What finalists are trained from, one of `CHILD_STARTS`;
            None is fresh weights.
        shrink: Whether the space is shrunk first.
        score: What operators are scored by in shrinking; one of `SCORES`.
        shrink_schedule: The published schedule that operators are dropped
            by; one of `SCHEDULES`. None leaves it to the effort.
        order: Order of the gradient of `darts`, 1 or 2; None takes the first.
        early_stop: Whether `darts` stops once its minimum is too sharp:
            `hessian` or `none`; None is none.
        extra_skip: Whether `darts` adds a skip to every edge that fades away;
            None adds none.
        fitness: What a round of `autospace` says of a cell, one of `FITNESSES`;
            None takes the first.
        reference: How its reference cell counts, one of `REFERENCES`; None is
            `path`.
        cell_start: What weights cells begin a round of `autospace` with, one of
            `CHILD_STARTS`; None is `inherited`.
        then: How the space that it learned is searched, one of `AFTERWARDS`;
            None takes the first.
        budget: Limits that the network found must keep.
        precision: Precision of the file that latency and size limits hold for.
        precisions: The winner's files, of `export.ALL_PRECISIONS`; None is
            `export.PRECISIONS`.
        rank_by: What finalists are ranked by: `keras`, or the accuracy of
            their `int8` files.
        baselines: Whether networks that nobody searched for are trained, too,
            to hold the winner against: `never`, `always`, or if it is `cheap`.
        objective: What networks are compared by on the validation part, one of
            `OBJECTIVES`; None is the accuracy.
        class_weight: `balanced` draws all classes equally often in every
            training; None draws each image once an epoch.
        num_threads: Threads of the interpreter that measures latency.
        latency_table: A table's `.json` file; None measures one.
        latency_tables: Those of several devices, which `budget` limits each;
            None where it limits one.
        max_table_error: Largest median error of a table on whole networks, as
            a share; `inf` accepts any.
        distribute: How each batch of a training is shared; see
            `strategies.make_strategy`. None trains on one device.
        cpu_devices: Number of devices to split the CPU into.
        compute_threads: Threads of each process that trains or evaluates; None
            leaves it to TensorFlow. Another number may compute other bits.
        effort: A name in `EFFORTS`; None takes what suits the data.
        overrides: Single numbers of the effort, by flag name.
        augmentation: A policy of `datasets.POLICIES`.
        seed: Seed of everything drawn.
        cache_dir: Folder of decoded images and cost tables, kept between runs.
        inherits_from: The folder of a finished run under other limits, whose
            supernet is explored at once; see `other_limits`.
    """

    run_dir: pathlib.Path
    dataset: str | None = "digits"
    data_dir: pathlib.Path | None = None
    image_size: int | None = None
    padding: str | None = None
    max_megapixels: float | None = None
    image_channels: int | None = None
    validation_fraction: float = 0.2
    space: str | None = None
    width: float | None = None
    depth: float | None = None
    scale: str | None = None
    stage_widths: tuple[float, ...] | None = None
    activation: str | None = None
    squeeze_excite: bool | None = None
    method: str = "spos"
    explorer: str | None = None
    inherit_by: str = "front"
    start: str | None = None
    start_weights: pathlib.Path | None = None
    gates: str | None = None
    penalty_form: str | None = None
    sharing: str | None = None
    child_start: str | None = None
    paths: str | None = None
    teacher: str | None = None
    teacher_pixels: str | None = None
    compute: str | None = None
    shrink: bool = True
    score: str = "angle"
    shrink_schedule: str | None = None
    order: int | None = None
    early_stop: str | None = None
    extra_skip: bool | None = None
    fitness: str | None = None
    reference: str | None = None
    cell_start: str | None = None
    then: str | None = None
    budget: Budget = Budget()
    precision: str = "fp32"
    precisions: tuple[str, ...] | None = None
    rank_by: str = "keras"
    baselines: str = "cheap"
    objective: str | None = None
    class_weight: str | None = None
    num_threads: int = 1
    latency_table: pathlib.Path | None = None
    latency_tables: tuple[pathlib.Path, ...] | None = None
    max_table_error: float = 0.25
    compute_threads: int | None = None
    distribute: str | None = None
    cpu_devices: int | None = None
    effort: str | None = None
    overrides: tuple[tuple[str, float], ...] = ()
    augmentation: str | None = None
    seed: int = 0
    cache_dir: pathlib.Path = pathlib.Path("~/.cache/nse_tf")
    inherits_from: pathlib.Path | None = None

    def __post_init__(self) -> None:
        """Refuses settings that the method does not take.

        Raises:
            ValueError: If there is one.
        """
        for field in dataclasses.fields(self):
            takers = [
                name for name, own in METHODS.items() if field.name in own
            ]
            is_set = getattr(self, field.name) != field.default
            if takers and not self._methods & set(takers) and is_set:
                raise ValueError(
                    f"`--{field.name}` is for --method={' or '.join(takers)}, "
                    f"not {self.method!r}: leave it out."
                )
        check_start(self)
        check_scale(self)
        check_stage_widths(self)
        self._check_training()
        check_precisions(self.precisions, self._needed_files())
        if self.gates == "reinforce" and self.penalty_form is not None:
            raise ValueError(
                f"`--penalty_form` is {self.penalty_form!r}, but nothing is "
                "penalized with --gates=reinforce: leave it out, or see "
                "--reward_exponent."
            )
        if self.method == "autospace" and self.distribute is not None:
            raise ValueError(
                f"`--distribute` is {self.distribute!r}, but cells are trained "
                "mixed, on one device: leave it out, or search the space that "
                "--method=autospace learned, which is a file, in a run of its "
                "own."
            )

    def _needed_files(self) -> dict[str, str]:
        """Returns the file that a flag needs, by the flag."""
        needed = {}
        if self.budget.needs_table:
            needed[f"--precision={self.precision}"] = self.precision
        if self.rank_by == "int8":
            needed["--rank_by=int8"] = "int8"
        if self.budget.needs_memory:
            needed["a limit on RAM or flash"] = "int8"
        return needed

    def _check_training(self) -> None:
        """Refuses settings of trainings that lack what they need.

        Raises:
            ValueError: If there is one.
        """
        given = dict(self.overrides)
        is_cut_out = self.trained_start is not None
        nests = is_cut_out or self.sharing == "nested"
        explores = bool(self._methods & {"spos", "fairnas"})
        check_teacher(
            *(self.teacher, self.teacher_pixels, given),
            has_largest=nests and explores,
        )
        check_paths(self.paths, given, nests=nests)
        inherits = self.child_start == "inherited"
        check_classifier_rate(given, is_alone_new=is_cut_out or inherits)

    @property
    def _methods(self) -> set[str]:
        """The method, and what searches the space that it learned."""
        if self.method == "autospace":
            return {self.method, self.then or AFTERWARDS[0]}
        return {self.method}

    @property
    def cache_folder(self) -> pathlib.Path:
        """The folder of decoded images and cost tables, `~` expanded.

        Raises:
            ValueError: If there is no home directory.
        """
        return home_expanded(self.cache_dir, "cache_dir")

    @property
    def trained_start(self) -> str | None:
        """The trained network that the space is cut out of, if any."""
        return None if self.method == "nse" else self.start

    def settings(self) -> dict[str, Any]:
        """Returns what decides the run's outcome, as a JSON value."""
        left_out = {
            *("run_dir", "cache_dir", "budget", "overrides"),
            *("max_table_error", "inherits_from"),
        }
        values = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name not in left_out
        }
        values |= {f"max_{k}": v for k, v in self.budget.limits.items()}
        values |= {f"min_{k}": v for k, v in self.budget.floors.items()}
        values |= dict(self.overrides)
        return {
            name: _plain(value)
            for name, value in values.items()
            if value is not None
        }


def _plain(value: Any) -> Any:
    """Returns a value as JSON has it."""
    if isinstance(value, pathlib.Path):
        return str(value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value
