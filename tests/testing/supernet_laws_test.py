"""The laws of supernets hold for each family of ours."""

from collections.abc import Callable

import keras
import numpy as np
import pytest

from nse_tf.spaces import Stage
from nse_tf.supernet import (
    Capability,
    ModelNetworks,
    NestedSupernet,
    OwnedRows,
    Supernet,
    WeightSharing,
    networks_of,
)
from nse_tf.testing import SUPERNET_LAWS
from nse_tf.testing.supernet_probes import RowValues, closed_of
from tests.supernet.choice_models import choice_model
from tests.supernet.tiny_branches import tiny_branches
from tests.supernet.tiny_cells import lively_cells, tiny_cells
from tests.supernet.tiny_darts import lively_darts, tiny_darts
from tests.supernet.tiny_motifs import LARGE_MOTIFS, MOTIFS, tiny_motifs
from tests.supernet.tiny_slots import seated_slots
from tests.supernet.tiny_spaces import (
    GATED_OPS,
    NESTED_OPS,
    tiny_space,
    width_space,
)

Law = Callable[[WeightSharing], None]
SHORT = (Stage(8, 1, 1), Stage(12, 1, 2))

FAMILIES: dict[str, Callable[[], WeightSharing]] = {
    "chain": lambda: Supernet(tiny_space(max_open=2, stages=SHORT)),
    "gated": lambda: Supernet(
        tiny_space(ops=GATED_OPS, max_open=2, stages=SHORT)
    ),
    "gated_motifs": lambda: Supernet(
        tiny_motifs(MOTIFS[:1], others=GATED_OPS[:2])
    ),
    "nested": lambda: NestedSupernet(tiny_space(ops=NESTED_OPS, stages=SHORT)),
    "widths": lambda: networks_of(width_space()).supernet(),
    "motifs": lambda: Supernet(tiny_motifs()),
    "large_motifs": lambda: Supernet(tiny_motifs(LARGE_MOTIFS)),
    "slots": lambda: seated_slots(),
    "branches": lambda: networks_of(tiny_branches()).supernet(),
    "shrunk_branches": lambda: networks_of(tiny_branches()).supernet(
        active=[[0, 2], [1], []]
    ),
    "nb201": lambda: lively_cells(tiny_cells()),
    "darts": lambda: lively_darts(tiny_darts()),
    "darts_shrinking": lambda: lively_darts(tiny_darts("darts_shrinking")),
    "darts_cifar": lambda: lively_darts(tiny_darts("darts_cifar")),
    "model": lambda: ModelNetworks(choice_model()).supernet(),
}
# Compiling cells, and steps of them, takes ten seconds and more.
SLOW = {
    ("gated", "only_open_branches_move"),
    ("widths", "equals_the_cut_out_child"),
    ("widths", "inactive_branches_do_not_compute"),
    ("widths", "only_open_branches_move"),
    ("motifs", "only_open_branches_move"),
    ("slots", "only_mixed_branches_move"),
    ("nb201", "only_open_branches_move"),
    ("darts", "only_mixed_branches_move"),
    ("darts", "dropout_reaches_skips_alone"),
    ("darts", "inactive_branches_do_not_compute"),
    ("darts", "only_open_branches_move"),
    ("darts", "new_paths_need_no_trace"),
    ("darts_cifar", "equals_the_cut_out_child"),
    ("large_motifs", "equals_the_cut_out_child"),
    ("gated_motifs", "equals_the_cut_out_child"),
}
# The cells of "darts" between other stems, or shared by all, and motifs of
# other kernels or beside other ops.
LONG = {
    (family, law.__name__)
    for family in (
        *("darts_shrinking", "darts_cifar"),
        *("large_motifs", "gated_motifs"),
    )
    for law in SUPERNET_LAWS
} - SLOW
# Slots are trained by mixtures alone.
LONG |= {
    ("slots", "only_open_branches_move"),
    ("slots", "inactive_branches_do_not_compute"),
}


def _marks(family: str, law: Law) -> list[pytest.MarkDecorator]:
    case = family, law.__name__
    if case in LONG:
        return [pytest.mark.long]
    return [pytest.mark.slow] if case in SLOW else []


CASES = [
    pytest.param(
        FAMILIES[family],
        law,
        id=f"{family}-{law.__name__}",
        marks=_marks(family, law),
    )
    for family in FAMILIES
    for law in SUPERNET_LAWS
]


@pytest.mark.parametrize(("make", "law"), CASES)
def test_every_family_keeps_every_law(
    make: Callable[[], WeightSharing], law: Law
) -> None:
    law(make())


@pytest.mark.long
@pytest.mark.parametrize("law", SUPERNET_LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("max_open", [1, 3])
def test_longer_supernets_keep_every_law(law: Law, max_open: int) -> None:
    law(Supernet(tiny_space((9, 7), 3, max_open=max_open)))


def test_no_family_has_what_it_does_not_declare() -> None:
    methods = {
        Capability.MIXES: "mix",
        Capability.TWO_PATHS: "call_pair",
        Capability.TWO_SUBSETS: "call_two",
        Capability.RUNS_PARTS: "run_parts",
    }
    for make in FAMILIES.values():
        supernet = make()
        for capability, method in methods.items():
            declared = capability in supernet.capabilities
            assert hasattr(supernet, method) == declared


def test_a_row_of_several_owners_may_move_for_either() -> None:
    """By hand: candidate 1 is part of 0, which has row 0 for itself."""
    variable, statistics, momentum = (
        keras.Variable(np.zeros((3, 2), np.float32)) for _ in range(3)
    )
    owned = OwnedRows(
        decision=0,
        variable=variable,
        statistics=statistics,
        rows=(0, 1, 1),
        candidates=(0, 0, 1),
        shares_rows=True,
    )
    momenta = {id(variable): momentum}
    before = RowValues.of([owned], momenta)
    for changed, row, owners in (
        (variable, 1, {0, 1}),
        (momentum, 0, {0}),
        (statistics, 1, {1}),  # Each candidate has its own.
    ):
        kept = changed.numpy()
        value = np.zeros((3, 2), np.float32)
        value[row] = 1.0
        changed.assign(value)
        moved = before.moved(RowValues.of([owned], momenta), owned)
        changed.assign(kept)
        assert moved == {frozenset(owners)}
        assert closed_of(moved, [1]) == [0] * (1 not in owners)
    assert before.moved(RowValues.of([owned], momenta), owned) == set()
