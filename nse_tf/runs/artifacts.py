"""What a finished search exports: the network, its files, its numbers."""

import dataclasses
import logging
import shutil
import sys
from typing import Any

import keras
import numpy as np

from nse_tf.costs import Budget, CostModel, DeviceTables
from nse_tf.costs.cost_names import as_number, in_words
from nse_tf.datasets import ImageData
from nse_tf.events import (
    ChildrenRanked,
    SupernetJudged,
    TrainedAlone,
    WinnerChosen,
)
from nse_tf.export import (
    PRECISIONS,
    ExportReport,
    Timing,
    export_micro,
    export_model,
)
from nse_tf.methods import Method
from nse_tf.reporting.classified import Classified, classified
from nse_tf.runs.baseline_tests import tested_baselines
from nse_tf.runs.pictures import confident_errors, seen_images
from nse_tf.runs.run_folder import RunFolder
from nse_tf.runs.search_config import SearchConfig
from nse_tf.spaces import format_genotype, save_space
from nse_tf.spaces.files import write_json
from nse_tf.spaces.sealed_files import require_intact
from nse_tf.training.child_trainer import logits_of
from nse_tf.tuners.supernet_tuner import SupernetTuner

LOGGER = logging.getLogger("nse_tf")

# Images for the ranges of int8; more change nothing and cost time.
NUM_CALIBRATION_IMAGES = 200


def export_artifacts(
    config: SearchConfig,
    folder: RunFolder,
    tuner: SupernetTuner,
    cost_model: CostModel,
    data: ImageData,
) -> None:
    """Writes the winner, its files and their measurements to `best/`."""
    method = tuner.oracle.method
    winner = method.noted(WinnerChosen)[-1]
    space = cost_model.priced
    genotype = space.genotype(winner.path)
    model_file = folder.path / winner.model_file
    trained = next(
        each
        for each in reversed(method.noted(TrainedAlone))
        if each.model_file == winner.model_file
    )
    require_intact(model_file, trained.model_sha256)
    network = keras.saving.load_model(model_file)
    folder.best.mkdir(exist_ok=True)
    shutil.copyfile(model_file, folder.best / "model.keras")
    write_json(folder.best / "genotype.json", genotype.to_json())
    if cost_model.final is not None:  # No other file says what it is of.
        save_space(space, folder.best / "space.json")
    LOGGER.info("Converting, checking and timing the .tflite files")
    report = _exported(network, data, folder, config)
    _log_faults(report)
    if config.budget.needs_memory:
        _export_micro(config.budget, folder, report, data)
    found = _classified(network, data, folder)
    num_right = sum(each.right for each in found.classes)
    write_json(
        folder.best / "result.json",
        {
            "schema": "nse_tf.result/1",
            "genotype": genotype.to_json(),
            "path": winner.path,
            "ops": format_genotype(space, genotype).split(),
            "costs": winner.costs,
            "objective": config.objective or "accuracy",
            "test_accuracy": num_right / len(data.test),
            "test_errors": len(data.test) - num_right,
            "test_images": len(data.test),
            "classified": dataclasses.asdict(found),
            **_limits(config.budget, cost_model),
            "choice": _choice(method),
            "baselines": tested_baselines(folder, method, network, data.test),
        },
    )


def _limits(budget: Budget, cost_model: CostModel) -> dict[str, Any]:
    """Returns the limits, and which of several devices is this machine."""
    table = cost_model.table
    here = {"here": table.here} if isinstance(table, DeviceTables) else {}
    return {"budget": budget.to_json(), **here}


def _exported(
    network: keras.Model,
    data: ImageData,
    folder: RunFolder,
    config: SearchConfig,
) -> ExportReport:
    """Writes the .tflite files; returns what they are like."""
    stride = max(1, len(data.train) // NUM_CALIBRATION_IMAGES)
    return export_model(
        network,
        folder.best,
        calibration_images=data.train.images[::stride],
        test_images=np.asarray(data.test.images),
        test_labels=data.test.labels,
        class_names=data.class_names,
        precisions=config.precisions or PRECISIONS,
        timing=Timing(num_threads=config.num_threads, seed=config.seed),
        progress=sys.stderr.isatty(),
    )


def _export_micro(
    budget: Budget, folder: RunFolder, report: ExportReport, data: ImageData
) -> None:
    """Writes the int8 file for a microcontroller; warns of a limit missed."""
    if "int8" not in report.files:
        return  # Its failure is told.
    micro = export_micro(
        report.files["int8"].read_bytes(),
        folder.best,
        class_names=data.class_names,
        test_images=np.asarray(data.test.images),
        test_labels=data.test.labels,
    )
    for fault in micro.faults:
        LOGGER.warning("model_int8.tflite: %s", fault)
    for name in ("ram_bytes", "flash_bytes"):
        limit = budget.limits.get(name, np.inf)
        needed = micro.costs[name]
        if needed > limit:
            LOGGER.warning(
                "model_int8.tflite needs %s as measured, more than %s",
                in_words(name, needed),
                as_number(limit),
            )


def _log_faults(report: ExportReport) -> None:
    for precision, faults in report.faults.items():
        for fault in faults:
            LOGGER.warning("model_%s.tflite: %s", precision, fault)
    for precision, reason in report.failures.items():
        LOGGER.warning("No model_%s.tflite: %s", precision, reason)


def _choice(method: Method) -> dict[str, Any]:
    """Returns how the winner was chosen, as far as the method noted it."""
    choice: dict[str, Any] = {}
    for event in (
        *method.noted(SupernetJudged)[-1:],
        *method.noted(ChildrenRanked)[-1:],
    ):
        choice |= dataclasses.asdict(event)
    return choice


def _classified(
    network: keras.Model, data: ImageData, folder: RunFolder
) -> Classified:
    """Returns what the winner makes of the test images, with pictures."""
    logits = logits_of(network, data.test)
    return dataclasses.replace(
        classified(logits, data.test.labels, data.class_names),
        errors=confident_errors(logits, data.test, folder.best),
        seen=seen_images(data, folder.best),
    )
