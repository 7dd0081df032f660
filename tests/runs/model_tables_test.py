"""Tables of models with choices."""

import dataclasses
from collections.abc import Mapping

import keras
import numpy as np
import pytest

import nse_tf
from nse_tf.costs import Budget, CostModel
from nse_tf.costs.models import table_keys
from nse_tf.costs.tables import CostRow, CostTable, Provenance
from nse_tf.export import TablePlan, convert_part
from nse_tf.export.model_edit import has_operators
from nse_tf.export.table_plan import Timing
from nse_tf.runs.model_tables import by_candidate
from nse_tf.supernet import space_of
from nse_tf.supernet.user_models.candidate_models import (
    candidate_models,
    candidate_names,
)
from nse_tf.supernet.user_models.model_space import choices_of
from tests.costs.strategies import PROVENANCE
from tests.supernet.choice_models import choice_model, dense_model

L = keras.layers


class SizeBackend:
    """A device on which a file takes a microsecond a kilobyte."""

    def provenance(self, plan: TablePlan) -> Provenance:
        """Returns made-up ones."""
        return PROVENANCE

    def time(
        self, files: Mapping[str, bytes], plan: TablePlan
    ) -> dict[str, Timing]:
        """Returns a latency by each file's size."""
        times = {name: len(content) / 1e6 for name, content in files.items()}
        return {
            name: Timing(median_ms=ms, p25_ms=ms, p75_ms=ms, runs=1)
            for name, ms in times.items()
        }


def alike_model(num_blocks: int = 3) -> keras.Model:
    """Returns a model whose blocks are alike, but for the names of layers."""
    x = images = keras.Input((4, 4, 2))
    for number in range(num_blocks):
        x = nse_tf.Choice(
            [
                L.Conv2D(2, 1, name=f"one_{number}"),
                keras.Sequential([L.Conv2D(2, 3, padding="same"), L.ReLU()]),
                L.MaxPooling2D(3, 1, padding="same"),
            ]
        )(x)
    return keras.Model(images, L.Dense(2)(L.Flatten()(x)), name="alike")


def row_of(ms: float) -> CostRow:
    return CostRow(
        latency_ms=ms,
        p25_ms=ms - 0.25,
        p75_ms=ms + 0.5,
        size_bytes=int(100 * ms),
        runs=5,
    )


def test_candidates_add_up_to_the_network_that_was_measured_whole() -> None:
    model = choice_model()
    space = space_of(model)
    names = candidate_names(model)
    assert [len(each) for each in names] == [3, 2, 2]
    assert len(set(sum(names, ()))) == len(candidate_models(model)) == 7
    (shared,) = space.skeleton.cost_keys
    rows = {
        name: row_of(number + 1)
        for number, name in enumerate(candidate_models(model))
    }
    reference = space.genotype((2, 1, 0))
    measured = CostTable(
        provenance=PROVENANCE,
        rows={**rows, shared: row_of(114), "of another model": row_of(9)},
        overhead_ms=1.0,
        overhead_bytes=10,
    )
    table = by_candidate(space, names, reference, measured)
    assert len(table.rows) == 1 + 7
    # 114 less the third of the first block, the second and the first.
    assert table.row(shared) == row_of(114 - 3 - 5 - 6)
    costs = CostModel(space, table)
    assert costs.costs(reference)["latency_ms"] == 1 + 114
    assert costs.costs(reference)["size_bytes"] == 10 + 11_400
    for path in space.sample_paths(np.random.default_rng(0), 8).tolist():
        genotype = space.genotype(path)
        wanted = 1 + 100 + (1 + path[0]) + (4 + path[1]) + (6 + path[2])
        assert costs.costs(genotype)["latency_ms"] == wanted
        assert table.predict(table_keys(space, genotype))[0] == wanted
    # What candidates take together may be more than the whole, by noise.
    noisy = measured.with_rows({shared: row_of(2)})
    base = by_candidate(space, names, reference, noisy).row(shared)
    assert (base.latency_ms, base.p25_ms, base.size_bytes) == (0, 0, 0)
    # As of a table of another model, whose digest is another.
    other = {key: row for key, row in table.rows.items() if key != shared}
    foreign = CostModel(space, dataclasses.replace(table, rows=other))
    with pytest.raises(KeyError, match=f"The cost table has no row '{shared}"):
        foreign.range("latency_ms")


def test_equal_candidates_at_equal_shapes_are_one() -> None:
    model = alike_model()
    names = candidate_names(model)
    assert len(set(names)) == 1
    assert len(set(names[0])) == len(candidate_models(model)) == 3
    assert candidate_names(alike_model()) == names
    name = names[0][1]
    built = candidate_models(model)[name]()
    assert built.input_shape == built.output_shape == (None, 4, 4, 2)
    assert built.count_params() == 3 * 3 * 2 * 2 + 2
    # The user's own layer is not built into it.
    assert built.layers[-1] is not choices_of(model)[0].layers[1]


def test_what_computes_nothing_has_a_file_in_every_precision() -> None:
    model = keras.Sequential([keras.Input((4, 4, 2)), L.Dropout(0.5)])
    for precision in ("fp32", "int8"):
        assert not has_operators(convert_part(model, precision))


@pytest.mark.slow
def test_a_model_is_measured_from_end_to_end(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    model = dense_model()
    folder = tmp_path_factory.mktemp("run")
    costs = nse_tf.measured_costs(
        model, cache_dir=folder, backend=SizeBackend(), max_table_error=0.1
    )
    assert isinstance(costs.table, CostTable)
    assert costs.table.fit is not None
    assert costs.table.check is not None
    assert len(costs.table.rows) == 1 + 2 * 3
    # Two blocks of unlike inputs, and a network.
    (kept,) = folder.rglob("models_fp32_1threads.json")
    assert len(CostTable.load(kept).rows) == 2 * 3 + 1
    limit_ms = sum(costs.range("latency_ms")) / 2
    oracle = nse_tf.AngleShrinking.oracle_class(
        model, Budget(latency_ms=limit_ms), cost_model=costs
    )
    assert oracle.method.describe()["budget"]["latency_ms"] == limit_ms
