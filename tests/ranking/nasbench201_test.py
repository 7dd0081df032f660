"""NAS-Bench-201 as a table: what is refused, and what the real one says."""

import functools
import gzip
import pathlib

import numpy as np
import pytest

from nse_tf.costs import CostModel
from nse_tf.costs.cell_latency import fit_cell_latency
from nse_tf.rank_correlation import kendall_tau
from nse_tf.ranking import NB201Table, read_table
from nse_tf.spaces import format_genotype, in_table_order, make_preset
from tests.shared_data import LATENCY_CSV, NB201_CSV, needs_nasbench201

NB201 = make_preset("nb201")


@functools.cache
def lines() -> tuple[str, ...]:
    """Returns the lines of a made-up table."""
    rows = [
        f"{index},{format_genotype(NB201, NB201.genotype(path))},{index / 2}"
        for index, path in enumerate(in_table_order(NB201))
    ]
    return ("index,arch,half", *rows)


def written(folder: pathlib.Path, text: str | None = None) -> pathlib.Path:
    path = folder / "table.csv"
    path.write_text("\n".join(lines()) if text is None else text)
    return path


def test_a_table_reads_gzipped_or_not(tmp_path: pathlib.Path) -> None:
    table = read_table(written(tmp_path))
    np.testing.assert_array_equal(table.column("half"), np.arange(15_625) / 2)
    packed = tmp_path / "table.csv.gz"
    packed.write_bytes(gzip.compress("\n".join(lines()).encode()))
    np.testing.assert_array_equal(read_table(packed).paths, table.paths)


def test_paths_find_their_rows(tmp_path: pathlib.Path) -> None:
    table = read_table(written(tmp_path))
    some = np.random.default_rng(0).permutation(15_625)[:50]
    np.testing.assert_array_equal(table.indices_of(table.paths[some]), some)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[:-1], "has 15624 rows; NAS-Bench-201 has 15625"),
        (lambda rows: rows[:1], "has 0 rows"),
        (lambda rows: [*rows, rows[-1]], "has more than 15625 rows"),
        (
            lambda rows: [*rows[:5], rows[6], rows[5], *rows[7:]],
            "line 6: expected index 4, found '5'",
        ),
        (
            lambda rows: [rows[0], rows[1].replace("avg_pool", "max_pool")],
            r"line 2: index 0 is the cell \|avg_pool_3x3~0",
        ),
        (
            lambda rows: [rows[0], rows[1][:-3] + "nan"],
            "line 2: 'half' is 'nan', not a finite number",
        ),
        (
            lambda rows: [rows[0], rows[1].rsplit(",", 1)[0]],
            "line 2: 'half' is None",
        ),
        (
            lambda rows: [rows[0], rows[1] + ",7"],
            r"line 2: \['7'\] is beyond the columns",
        ),
        (
            lambda rows: [rows[0] + ",half", *rows[1:]],
            "line 1: the columns half are named more than once",
        ),
        (lambda rows: ["arch,half"], "has no column 'index'"),
        (lambda rows: [""], "has no column 'index'"),
    ],
)
def test_a_table_that_is_not_the_benchmark_is_refused(
    change: object, message: str, tmp_path: pathlib.Path
) -> None:
    assert callable(change)
    path = written(tmp_path, "\n".join(change(list(lines()))))
    with pytest.raises(ValueError, match=rf"table.csv.*{message}"):
        read_table(path)


def test_a_file_that_is_not_gzip_is_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "table.csv.gz"
    path.write_text("index")
    with pytest.raises(ValueError, match=r"table.csv.gz does not read"):
        read_table(path)


def test_an_unknown_column_is_refused_with_those_there_are(
    tmp_path: pathlib.Path,
) -> None:
    table = read_table(written(tmp_path))
    with pytest.raises(ValueError, match="no column 'third'; it has half"):
        table.column("third")
    with pytest.raises(ValueError, match="Both tables have the columns half"):
        table.joined(table)


# The real table.


@functools.cache
def real_table() -> NB201Table:
    """Returns the benchmark's table, with latencies."""
    return read_table(NB201_CSV).joined(read_table(LATENCY_CSV))


@needs_nasbench201
def test_the_best_cell_is_known() -> None:
    truth = real_table().column("cifar10_test")
    assert truth.argmax() == 6111
    assert truth.max() == pytest.approx(94.3733, abs=1e-4)


@needs_nasbench201
def test_every_cell_costs_what_the_table_says() -> None:
    model, table = CostModel(NB201), real_table()
    # The benchmark counts the ten biases of the classifier.
    macs = model.path_costs("macs", table.paths) + 10
    params = model.path_costs("params", table.paths)
    np.testing.assert_array_equal(macs, np.rint(table.column("flops_m") * 1e6))
    np.testing.assert_array_equal(
        params, np.rint(table.column("params_m") * 1e6)
    )


@needs_nasbench201
@pytest.mark.parametrize(
    ("column", "tau"),
    [
        ("flops_m", 0.578),
        ("cifar10_valid_e12", 0.595),
        ("cifar10_test_e12", 0.700),
    ],
)
def test_how_well_trivial_scores_rank(column: str, tau: float) -> None:
    truth = real_table().column("cifar10_test")
    found = kendall_tau(real_table().column(column), truth)
    assert found == pytest.approx(tau, abs=1e-3)


@needs_nasbench201
def test_latencies_lie_beside_accuracies() -> None:
    table = real_table()
    assert table.column("pixel3")[0] == pytest.approx(3.60585)
    assert {"pixel3", "raspi4", "cifar10_test"} <= set(table.columns)


@needs_nasbench201
def test_100_cells_of_a_pixel_3_rank_the_others() -> None:
    known = read_table(LATENCY_CSV)
    pixel_ms = known.column("pixel3")
    for seed in range(5):
        rng = np.random.default_rng(seed)
        measured = rng.permutation(len(pixel_ms))[:100]
        fitted = fit_cell_latency(
            NB201, known.paths[measured], pixel_ms[measured]
        )
        others = np.setdiff1d(np.arange(len(pixel_ms)), measured)
        tau = kendall_tau(fitted.predict(known.paths[others]), pixel_ms[others])
        # Seen over 20 seeds: .856 to .873.
        assert tau > 0.84
