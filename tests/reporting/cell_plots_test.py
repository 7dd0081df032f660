"""What a report shows of cells that evolved."""

import dataclasses
import itertools
import re

import numpy as np
import pytest

from nse_tf.costs import Budget, CostModel
from nse_tf.events import CellsScored, SpaceLearned
from nse_tf.methods import AutoSpace, AutoSpaceConfig
from nse_tf.reporting.cell_plots import (
    gene_shares,
    gene_values,
    lines_of_descent,
    plot_expected_cost,
)
from nse_tf.reporting.cell_section import cells_section
from nse_tf.reporting.run_record import RunRecord
from nse_tf.spaces import motif_named
from tests.methods.cell_worker import CellWorker
from tests.methods.plans import do_all
from tests.supernet.tiny_motifs import tiny_motifs

MODEL = CostModel(tiny_motifs())


@pytest.fixture(scope="module")
def record() -> RunRecord:
    config = AutoSpaceConfig(max_rounds=12, population=6, num_evolved=3)
    budget = Budget(macs=0.8 * MODEL.range("macs")[1])
    method = AutoSpace(MODEL, budget, config)
    do_all(method, CellWorker().run)
    events = tuple(entry.event for entry in method.history)
    return RunRecord(name="cells", events=events)


def test_a_page_has_all_panels_wherever_the_events_lie(
    record: RunRecord,
) -> None:
    section = cells_section(record)
    for title in (
        "How the cells evolved",
        "Fitness of the populations",
        "Expected cost against the target",
        "Values of genes in all populations",
        "Descent of the evolved cells",
        "evolved cells as graphs",
        "The learned space",
    ):
        assert title in section
    after = RunRecord(name="after", evolution=record.events)
    assert cells_section(after) == section
    assert cells_section(RunRecord(name="other")) == ""
    svgs = re.findall(r"<svg", section)
    assert len(svgs) == len(re.findall(r'<svg[^>]*aria-label="', section))


def test_a_run_under_way_shows_what_there_is(record: RunRecord) -> None:
    events = tuple(
        event for event in record.events if not isinstance(event, SpaceLearned)
    )
    section = cells_section(RunRecord(name="now", events=events))
    assert "Fitness of the populations" in section
    assert "Descent" not in section


def test_each_line_of_descent_is_one_of_mutations(record: RunRecord) -> None:
    scored, learned = record.named(CellsScored), record.last(SpaceLearned)
    assert learned is not None
    lines = lines_of_descent(scored, learned)
    names = [name for names in learned.cells for name in names]
    assert [line[-1].name for line in lines] == names
    assert max(map(len, lines)) > 1
    for line in lines:
        assert line[0].born == 0
        for parent, child in itertools.pairwise(line):
            assert parent.born < child.born <= len(scored)
            genes = [
                motif.genes
                for motif in map(motif_named, (parent.name, child.name))
                if motif is not None
            ]
            assert np.diff(genes, axis=0).astype(bool).sum() == 1


def test_shares_of_genes_by_hand(record: RunRecord) -> None:
    (event, *_) = record.named(CellsScored)
    shares = gene_shares(event)
    values = gene_values()
    assert sum(shares) == pytest.approx(len({row[0] for row in values}))
    names = [name for names in event.population for name in names]
    wide = sum(name.startswith("motif_2.") for name in names) / len(names)
    assert shares[2] == pytest.approx(wide)
    assert values[2] == (0, "index of the expansion", 2, 1 / 3)


def test_without_shares_or_target_none_is_drawn(record: RunRecord) -> None:
    scored = record.named(CellsScored)
    unknown = [dataclasses.replace(each, expected_cost=None) for each in scored]
    assert plot_expected_cost(unknown) is None
    free = plot_expected_cost(
        [dataclasses.replace(each, target=None) for each in scored]
    )
    assert free is not None
    assert [key.text for key in free.keys] == ["expected"]
