"""The numbers of a run: an effort, changed by flags and fitted to its data."""

import dataclasses
from typing import Any, TypeVar

from nse_tf.costs import base_cost
from nse_tf.datasets import ImageData
from nse_tf.evolution import ExplorerConfig
from nse_tf.methods import (
    AutoSpaceConfig,
    DartsConfig,
    OneShotConfig,
    PDartsConfig,
    ProxylessNASConfig,
    SpaceEvolutionConfig,
)
from nse_tf.methods.final_training_config import FinalTrainingConfig
from nse_tf.runs.method_choice import METHOD_ROWS
from nse_tf.runs.search_config import SearchConfig
from nse_tf.shrinking import PUBLISHED_SCHEDULES, ShrinkSchedule
from nse_tf.training import ChildRecipe, SupernetRecipe
from nse_tf.tuners.efforts import EFFORTS, Effort, effort_for
from nse_tf.tuners.teachers import teacher_named
from nse_tf.tuners.trained_effort import from_trained

Numbers = TypeVar(
    "Numbers",
    OneShotConfig,
    ProxylessNASConfig,
    DartsConfig,
    PDartsConfig,
    AutoSpaceConfig,
    ExplorerConfig,
    ShrinkSchedule,
    SupernetRecipe,
    ChildRecipe,
)


_NO_TARGET_M = (
    "`--target_m` counts millions of MACs or parameters, but the target is a "
    "latency, since --max_latency_ms is the limit: leave out --target_m, or "
    "add --max_macs_m."
)


def make_effort(config: SearchConfig, data: ImageData) -> Effort:
    """Returns the numbers of a run: an effort, with single ones overridden.

    Epochs follow from the effort's steps and the training images; a trained
    start has its own.
    """
    name = config.effort or effort_for(len(data.train), data.image_shape[:2])
    effort = EFFORTS[name].for_images(len(data.train))
    if config.trained_start is not None:
        effort = from_trained(effort, len(data.train))
    changed = Effort(
        summary=effort.summary,
        search=_search(
            config, METHOD_ROWS[config.method].search(effort.search)
        ),
        supernet=_changed(
            config,
            dataclasses.replace(
                effort.supernet, augmentation=data.augmentation
            ),
            batch_size="batch_size",
            classifier_rate="classifier_rate",
        ),
        child=_changed(
            config,
            _child(config, effort.child, data),
            batch_size="batch_size",
            learning_rate="child_learning_rate",
            auxiliary_weight="auxiliary_weight",
            drop_path="drop_path",
            cutout="cutout",
            rand_augment="rand_augment",
            mixup="mixup",
            cutmix="cutmix",
            weight_average="weight_average",
            patience="patience",
            classifier_rate="classifier_rate",
            teacher_weight="teacher_weight",
            teacher_temperature="teacher_temperature",
        ),
        evolution=_evolution(config, effort),
        proxylessnas=effort.proxylessnas,
        darts=_darts(config, effort.darts),
        pdarts=_pdarts(config, effort.pdarts),
        cells=_cells(config, effort),
    )
    return dataclasses.replace(
        changed, proxylessnas=_proxylessnas(config, changed)
    )


def _child(
    config: SearchConfig, child: ChildRecipe, data: ImageData
) -> ChildRecipe:
    """Returns a recipe with what flags say of it in words."""
    return dataclasses.replace(
        child,
        augmentation=data.augmentation,
        teacher_pixels=config.teacher_pixels or child.teacher_pixels,
        compute=config.compute or child.compute,
    )


def drawn_as_asked(
    config: SearchConfig, supernet: SupernetRecipe, child: ChildRecipe
) -> tuple[SupernetRecipe, ChildRecipe]:
    """Returns recipes that draw classes as a run says.

    Tuners take it by `search(class_weight=)`; this is for bare workers.
    """
    is_balanced = config.class_weight == "balanced"
    return (
        dataclasses.replace(supernet, balanced_classes=is_balanced),
        dataclasses.replace(child, balanced_classes=is_balanced),
    )


def _changed(config: SearchConfig, numbers: Numbers, **flags: str) -> Numbers:
    """Returns numbers with those replaced whose flag was given."""
    given: dict[str, Any] = dict(config.overrides)
    return dataclasses.replace(
        numbers,
        **{
            field: given[flag] for field, flag in flags.items() if flag in given
        },
    )


def _retrains(config: SearchConfig, numbers: FinalTrainingConfig) -> bool:
    """Whether the winner's training takes in the validation part.

    It does not where that part tells when to stop.
    """
    patience = dict(config.overrides).get("patience", 0)
    return numbers.retrain_on_all and not patience


def _search(config: SearchConfig, search: OneShotConfig) -> OneShotConfig:
    """Returns the numbers of a one-shot search, single ones overridden."""
    shrinking = search.shrinking
    if config.shrink_schedule is not None:
        shrinking = PUBLISHED_SCHEDULES[config.shrink_schedule]
    if shrinking is not None:
        shrinking = _changed(
            config,
            shrinking,
            warmup_epochs="shrink_warmup_epochs",
            first_epochs="shrink_first_epochs",
            other_epochs="shrink_epochs",
            drop_per_stage="drop_per_stage",
            stop_size="stop_size",
            max_stages="max_stages",
        )
    given: dict[str, Any] = dict(config.overrides)
    rate = given.get("supernet_learning_rate", search.learning_rates[0])
    return dataclasses.replace(
        _changed(
            config,
            search,
            search_epochs="supernet_epochs",
            max_trainings="max_trainings",
            child_epochs="child_epochs",
            num_finalists="num_finalists",
            final_cells="final_cells",
            final_channels="final_channels",
            num_rank_checks="num_rank_checks",
            rank_check_epochs="rank_check_epochs",
            calibration_images="calibration_images",
            children_per_operator="children_per_operator",
            score_calibration_images="score_calibration_images",
            random_paths="random_paths",
        ),
        explorer=config.explorer or search.explorer,
        score=config.score,
        child_start=config.child_start or search.child_start,
        paths=config.paths or search.paths,
        exploring=_changed(
            config,
            search.exploring,
            num_children="num_children",
            population="population",
        ),
        shrinking=shrinking if config.shrink else None,
        learning_rates=(rate, search.learning_rates[1]),
        precision=config.precision,
        rank_by=config.rank_by,
        baselines=config.baselines,
        objective=config.objective or "accuracy",
        teacher=teacher_named(config.teacher),
        retrain_on_all=_retrains(config, search),
        num_threads=config.num_threads,
        seed=config.seed,
    )


def _darts(config: SearchConfig, darts: DartsConfig) -> DartsConfig:
    """Returns the own numbers of DARTS, single ones overridden."""
    given: dict[str, Any] = dict(config.overrides)
    rate = given.get("supernet_learning_rate", darts.learning_rates[0])
    return dataclasses.replace(
        _changed(
            config,
            darts,
            search_epochs="supernet_epochs",
            architecture_rate="architecture_rate",
        ),
        order=config.order or darts.order,
        early_stop=config.early_stop or darts.early_stop,
        extra_skip=config.extra_skip or darts.extra_skip,
        learning_rates=(rate, min(rate, darts.learning_rates[1])),
    )


def _pdarts(config: SearchConfig, pdarts: PDartsConfig) -> PDartsConfig:
    """Returns the own numbers of P-DARTS, single ones overridden."""
    given: dict[str, Any] = dict(config.overrides)
    rate = given.get("supernet_learning_rate", pdarts.learning_rates[0])
    epochs = given.get("supernet_epochs", pdarts.stage_epochs)
    # As large a part of other epochs, so that parameters are trained in some.
    without = pdarts.epochs_without * epochs // pdarts.stage_epochs
    numbers = dataclasses.replace(
        pdarts,
        stage_epochs=epochs,
        epochs_without=given.get("stage_weights_epochs", without),
        learning_rates=(rate, pdarts.learning_rates[1]),
    )
    return _changed(
        config,
        numbers,
        architecture_rate="architecture_rate",
        max_skips="max_skips",
    )


def _cells(config: SearchConfig, effort: Effort) -> AutoSpaceConfig:
    """Returns the numbers of evolving cells, single ones overridden."""
    cells = effort.cells_within(config.budget)
    given: dict[str, Any] = dict(config.overrides)
    target = given.get("target_m")
    if target is not None and base_cost(cells.cost) == "latency_ms":
        raise ValueError(_NO_TARGET_M)
    rate = given.get("supernet_learning_rate", cells.learning_rates[0])
    return dataclasses.replace(
        _changed(
            config,
            cells,
            max_rounds="max_rounds",
            round_epochs="round_epochs",
            population="cell_population",
            slots="cell_slots",
            mutation_share="mutation_share",
            tournament="tournament",
            momentum="fitness_momentum",
            group_depth="group_depth",
            num_evolved="num_evolved",
            loss_images="loss_images",
            max_cost="max_cell_cost",
            penalty="penalty",
            architecture_rate="architecture_rate",
        ),
        fitness=config.fitness or cells.fitness,
        reference=config.reference or cells.reference,
        cell_start=config.cell_start or cells.cell_start,
        target=cells.target if target is None else target * 1e6,
        learning_rates=(rate, cells.learning_rates[1]),
        seed=config.seed,
    )


def _evolution(config: SearchConfig, effort: Effort) -> SpaceEvolutionConfig:
    """Returns the numbers of an evolving space, single ones overridden."""
    evolution = effort.evolution_within(config.budget)
    given: dict[str, Any] = dict(config.overrides)
    fields = {field.name for field in dataclasses.fields(evolution)}
    changes = {name: value for name, value in given.items() if name in fields}
    if "target_m" in given and base_cost(evolution.cost) == "latency_ms":
        raise ValueError(_NO_TARGET_M)
    if "target_m" in given:
        changes["target"] = given["target_m"] * 1e6
    first, peak = evolution.learning_rates
    if "supernet_learning_rate" in given:
        scale = given["supernet_learning_rate"] / peak
        changes["learning_rates"] = (first * scale, peak * scale)
    return dataclasses.replace(
        evolution,
        inherit_by=config.inherit_by,
        rank_by=config.rank_by,
        baselines=config.baselines,
        objective=config.objective or "accuracy",
        teacher=teacher_named(config.teacher),
        retrain_on_all=_retrains(config, evolution),
        precision=config.precision,
        num_threads=config.num_threads,
        seed=config.seed,
        **changes,
    )


def _proxylessnas(config: SearchConfig, effort: Effort) -> ProxylessNASConfig:
    """Returns the numbers of a ProxylessNAS search, single ones overridden."""
    numbers = effort.proxylessnas_within(config.budget)
    given: dict[str, Any] = dict(config.overrides)
    # At least the last epoch trains architecture parameters.
    epochs = given.get("supernet_epochs", numbers.search_epochs)
    numbers = dataclasses.replace(
        numbers, epochs_without=min(numbers.epochs_without, epochs - 1)
    )
    changes: dict[str, Any] = {}
    if "target_m" in given:
        changes["target"] = given["target_m"] * 1e6
    if "supernet_learning_rate" in given:
        rate = given["supernet_learning_rate"]
        scale = rate / numbers.warmup_learning_rate
        changes["warmup_learning_rate"] = rate
        changes["learning_rate"] = numbers.learning_rate * scale
    # The gates come first: they decide what other numbers may be given.
    return dataclasses.replace(
        _changed(
            config,
            dataclasses.replace(numbers, gates=config.gates),
            warmup_epochs="weights_only_epochs",
            search_epochs="supernet_epochs",
            architecture_every="architecture_every",
            architecture_rate="architecture_rate",
            penalty="penalty",
            networks_per_step="networks_per_step",
            reward_exponent="reward_exponent",
            num_derived="num_derived",
            child_epochs="child_epochs",
            num_finalists="num_finalists",
            final_cells="final_cells",
            final_channels="final_channels",
            num_rank_checks="num_rank_checks",
            rank_check_epochs="rank_check_epochs",
            calibration_images="calibration_images",
        ),
        penalty_form=config.penalty_form or numbers.penalty_form,
        precision=config.precision,
        rank_by=config.rank_by,
        baselines=config.baselines,
        objective=config.objective or "accuracy",
        teacher=teacher_named(config.teacher),
        retrain_on_all=_retrains(config, numbers),
        num_threads=config.num_threads,
        seed=config.seed,
        **changes,
    )
