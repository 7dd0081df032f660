"""What a space costs on this machine: a table, and children measured whole."""

import functools
import logging
import pathlib
import sys
from collections.abc import Callable, Sequence

import keras
import numpy as np

from nse_tf.costs.models import fixed_keys, operator_key
from nse_tf.costs.tables import CostTable
from nse_tf.export import (
    TablePlan,
    calibrate_table,
    convert_part,
    measure_table,
    measure_together,
)
from nse_tf.spaces import ChoiceBlock, Genotype, SearchSpace, require_chain
from nse_tf.supernet import build_child, build_operator, build_stem, build_tail

LOGGER = logging.getLogger("nse_tf")

# Whole networks that a table is fitted to: enough to tell scale and overhead
# apart, few enough to take seconds.
NUM_FITTED_NETWORKS = 8


def table_builders(space: SearchSpace) -> dict[str, Callable[[], keras.Model]]:
    """Returns what builds the model of every row that prices a space."""
    stem_key, tail_key = fixed_keys(space)
    builders: dict[str, Callable[[], keras.Model]] = {
        stem_key: functools.partial(build_stem, space),
        tail_key: functools.partial(build_tail, space),
    }
    _, blocks = require_chain(space)
    for block in blocks:
        for index, op in enumerate(block.candidates):
            if op.name != "identity":
                key = operator_key(op, block)
                builders[key] = functools.partial(_operator, block, index)
    return builders


def _operator(block: ChoiceBlock, index: int) -> keras.Model:
    return _with_open_scales(build_operator(block, index))


def _with_open_scales(model: keras.Model) -> keras.Model:
    """Returns the model with all batch norm's scales at one.

    Untrained branches beside a shortcut have scales of zero; folded into the
    kernels they would leave files of zeros, such as no trained network has: a
    converter may keep equal kernels once, and ranges of int8 would be empty.
    """
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.gamma.assign(np.ones(layer.gamma.shape))
    return model


def table_keys(space: SearchSpace, genotype: Genotype) -> list[str]:
    """Returns the rows whose sum prices a genotype."""
    return [
        *fixed_keys(space),
        *(
            operator_key(block.candidates[index], block)
            for block, gene in zip(space.blocks, genotype.genes, strict=True)
            for index in gene
            if block.candidates[index].name != "identity"
        ),
    ]


def measured_table(
    space: SearchSpace, plan: TablePlan, cache_dir: pathlib.Path, seed: int
) -> CostTable:
    """Returns a table for the space, measured here and fitted to networks.

    Single rows are kept in `cache_dir` between runs; the fit is made anew.
    """
    name = f"{plan.precision}_{plan.num_threads}threads.json"
    builders = table_builders(space)
    LOGGER.info("measuring what %d ops and shapes cost here", len(builders))
    table = measure_table(
        builders,
        plan,
        cache_path=cache_dir / "tables" / name,
        progress=sys.stderr.isatty(),
    )
    rng = np.random.default_rng([seed, 3])
    genotypes = [space.sample(rng) for _ in range(NUM_FITTED_NETWORKS)]
    models = [build_child(space, each, fast=False) for each in genotypes]
    latencies_ms, _ = measure_models(models, plan.precision, plan.num_threads)
    fitted = calibrate_table(
        table,
        [
            (table_keys(space, genotype), latency_ms)
            for genotype, latency_ms in zip(
                genotypes, latencies_ms, strict=True
            )
        ],
    )
    if fitted.fit is not None:
        LOGGER.info(
            "cost table: %d rows, median error on %d whole networks %.1f %%",
            len(fitted.rows),
            fitted.fit.num_networks,
            100 * fitted.fit.median_error,
        )
    return fitted


def measure_models(
    models: Sequence[keras.Model], precision: str, num_threads: int
) -> tuple[list[float], list[int]]:
    """Returns the latencies, in milliseconds, and file sizes of models.

    They are timed in turns, in interleaved rounds; int8 files are calibrated on
    noise, which changes neither latency nor size.
    """
    files = {}
    for index, model in enumerate(models):
        noise = np.random.default_rng(0).uniform(
            0, 255, (4, *model.input_shape[1:])
        )
        opened = _with_open_scales(model)
        files[str(index)] = convert_part(opened, precision, noise)
    latencies = measure_together(files, num_threads=num_threads)
    return (
        [latencies[name].median_ms for name in files],
        [len(content) for content in files.values()],
    )
