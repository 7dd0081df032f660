"""Compares two ways to predict the latency of a `Choice` model's networks.

    python benchmarks/quality/choice_latency.py

One way, which `nse_tf.measured_costs` takes, adds up candidates that are
measured alone, each as a file of its own, and what is left of one whole
network; the other adds up differences of whole networks. Neither is fitted
here. For three models, in fp32 and int8, both predict
`--networks` random networks, and all files are timed together, in interleaved
rounds. Prints a Markdown table.
"""

import functools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence

import keras
import numpy as np
from absl import app, flags
from keras import layers

import nse_tf
from nse_tf.costs import CostModel
from nse_tf.export import (
    InterpreterBackend,
    TablePlan,
    convert_untrained,
    made_lively,
)
from nse_tf.export.table_maker import (
    convert_rows,
    rows_of,
    table_without_rows,
)
from nse_tf.export.table_plan import Timing, calmest
from nse_tf.rank_correlation import kendall_tau
from nse_tf.runs.model_tables import by_candidate
from nse_tf.spaces import Genotype, SearchSpace
from nse_tf.supernet import ModelNetworks
from nse_tf.supernet.user_models.candidate_models import (
    candidate_models,
    candidate_names,
)

NETWORKS = flags.DEFINE_integer("networks", 24, "Random networks.", 5)
PRECISIONS = flags.DEFINE_list("precisions", ["fp32", "int8"], "Of the files.")
LOTS = flags.DEFINE_integer("lots", 2, "How often all is timed.", 1)


def block(*given: keras.layers.Layer) -> keras.Sequential:
    """Returns layers with a batch norm after each convolution."""
    stacked: list[keras.layers.Layer] = []
    for layer in given:
        stacked.append(layer)
        if not isinstance(layer, layers.ReLU):
            stacked.append(layers.BatchNormalization())
    return keras.Sequential(stacked)


def plain() -> keras.Model:
    """Returns the model of `docs/choice.md`."""
    x = images = keras.Input((8, 8, 1))
    x = layers.Rescaling(1 / 127.5, offset=-1)(x)
    x = layers.Conv2D(16, 3, padding="same", activation="relu")(x)
    same = {"padding": "same", "activation": "relu"}
    for _ in range(2):
        x = nse_tf.Choice(
            [
                layers.Conv2D(16, 3, **same),
                layers.SeparableConv2D(16, 5, **same),
                layers.Identity(),
            ]
        )(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, layers.Dense(10, activation="softmax")(x))


def resnet() -> keras.Model:
    """Returns the ResNet of `examples/resnet_choice.py`, at 32 pixels."""
    conv = functools.partial(layers.Conv2D, padding="same", use_bias=False)
    x = images = keras.Input((32, 32, 3))
    x = block(conv(16, 3), layers.ReLU())(
        layers.Rescaling(1 / 127.5, offset=-1)(x)
    )
    for width, first in ((16, 1), (32, 2), (64, 2)):
        for stride in (first, 1):
            shortcut = x
            if stride > 1:
                shortcut = block(conv(width, 1, stride))(x)
            half = width // 2
            separable = layers.SeparableConv2D(
                width, 5, stride, padding="same", use_bias=False
            )
            x = nse_tf.Choice(
                [
                    block(
                        conv(width, 3, stride), layers.ReLU(), conv(width, 3)
                    ),
                    block(
                        *(conv(half, 1), layers.ReLU(), conv(half, 3, stride)),
                        *(layers.ReLU(), conv(width, 1)),
                    ),
                    block(separable),
                    block(conv(width, 1, stride)),
                ]
            )(x)
            x = layers.ReLU()(layers.Add()([shortcut, x]))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, layers.Dense(10)(x))


def mobilenet() -> keras.Model:
    """Returns six inverted residuals at 48 pixels, of four kinds each."""
    conv = functools.partial(layers.Conv2D, padding="same", use_bias=False)
    x = images = keras.Input((48, 48, 3))
    x = layers.Rescaling(1 / 127.5, offset=-1)(x)
    x = block(conv(16, 3, 2), layers.ReLU(6.0))(x)
    for width in (24, 48):
        for stride in (2, 1, 1):
            depthwise = functools.partial(
                layers.DepthwiseConv2D,
                strides=stride,
                padding="same",
                use_bias=False,
            )
            y = nse_tf.Choice(
                [
                    block(
                        *(conv(ratio * x.shape[-1], 1), layers.ReLU(6.0)),
                        *(depthwise(kernel), layers.ReLU(6.0), conv(width, 1)),
                    )
                    for kernel in (3, 5)
                    for ratio in (3, 6)
                ]
            )(x)
            x = y if stride > 1 else layers.Add()([x, y])
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, layers.Dense(10)(x))


MODELS = {"plain": plain, "resnet": resnet, "mobilenet": mobilenet}


def timed(files: Mapping[str, bytes], plan: TablePlan) -> dict[str, Timing]:
    """Returns the calmest timing of each file in several lots."""
    backend = InterpreterBackend()
    lots = [backend.time(files, plan) for _ in range(LOTS.value)]
    return {name: calmest([lot[name] for lot in lots]) for name in files}


def swaps_of(space: SearchSpace, reference: Genotype) -> dict[str, Genotype]:
    """Returns the networks that differ from one in one block, by row."""
    swaps = {}
    for number, each in enumerate(space.blocks):
        for index, op in enumerate(each.candidates):
            path = list(reference.path)
            path[number] = index
            swaps[each.cost_key(op.name)] = space.genotype(path)
    return swaps


def measured(name: str, precision: str) -> str:
    """Returns a row of the table."""
    model = MODELS[name]()
    networks = ModelNetworks(model)
    space, plan = networks.space, TablePlan(precision=precision)
    reference, _ = CostModel(space).extremes("macs")
    (shared,) = space.skeleton.cost_keys
    swaps = swaps_of(space, reference)
    rng = np.random.default_rng(0)
    drawn = [space.sample(rng) for _ in range(NETWORKS.value)]
    wholes = {shared: reference, **swaps}
    builders: dict[str, Callable[[], keras.Model]] = {
        **candidate_models(model),
        **{
            key: functools.partial(networks.child, genotype, fast=False)
            for key, genotype in wholes.items()
        },
    }
    files = dict(
        convert_rows(
            {
                key: functools.partial(lively, build)
                for key, build in builders.items()
            },
            precision,
        )
    )
    for number, genotype in enumerate(drawn):
        child = networks.child(genotype, fast=False)
        files[f"drawn {number}"] = convert_untrained(child, precision)
    timings = timed(files, plan)
    sizes = {key: len(content) for key, content in files.items()}
    provenance = InterpreterBackend().provenance(plan)
    table = table_without_rows(provenance, sizes, timings)
    table = table.with_rows(rows_of(list(builders), sizes, timings))
    costs = CostModel(
        space, by_candidate(space, candidate_names(model), reference, table)
    )

    def by_differences(genotype: Genotype) -> float:
        base = timings[shared].median_ms
        return base + sum(
            timings[each.cost_key(each.candidates[index].name)].median_ms - base
            for each, index in zip(space.blocks, genotype.path, strict=True)
        )

    found = np.array(
        [timings[f"drawn {n}"].median_ms for n in range(len(drawn))]
    )
    alone = np.array([costs.costs(each)["latency_ms"] for each in drawn])
    differences = np.array([by_differences(each) for each in drawn])
    cells = [name, precision, f"{np.median(found):.3f} ms"]
    for predicted in (alone, differences):
        errors = np.abs(predicted / found - 1)
        cells.append(f"{np.median(errors):.1%}, worst {errors.max():.0%}")
        cells.append(f"{kendall_tau(predicted, found):.2f}")
    return f"| {' | '.join(cells)} |"


def lively(build: Callable[[], keras.Model]) -> keras.Model:
    """Returns a model with weights as trained ones have."""
    return made_lively(build())


def table_lines() -> Iterator[str]:
    """Yields the lines of a Markdown table."""
    yield (
        "| model | precision | median network | alone | tau | differences "
        "| tau |"
    )
    yield "|---" * 7 + "|"
    for name in MODELS:
        for precision in PRECISIONS.value:
            print(name, precision, file=sys.stderr, flush=True)
            yield measured(name, precision)


def main(argv: Sequence[str]) -> None:
    """Prints the table."""
    del argv
    for line in table_lines():
        print(line, flush=True)


if __name__ == "__main__":
    app.run(main)
