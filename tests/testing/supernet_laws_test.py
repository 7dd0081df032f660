"""The laws of supernets hold for ours, and are broken by unsound ones."""

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from nse_tf.spaces import Genotype, Stage
from nse_tf.spaces.open_branches import INACTIVE, max_open
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


class _Unsound(Supernet):
    """Computes as it should, but for what is overridden."""

    # Keras passes on only what it sees in the signature of `call`.
    def call(
        self,
        images: Any,
        open_branches: Any,
        training: bool = False,
        rate: Any = 0.1,
    ) -> Any:
        changed, shift = self.changed(open_branches, training)
        outputs = super().call(images, changed, training, rate)
        return outputs + shift

    def changed(self, open_branches: Any, training: bool) -> tuple[Any, Any]:
        """Returns what to open, and what to add to the logits."""
        return open_branches, 0.0


class _Shifted(_Unsound):
    """Off by a little where it trains."""

    def changed(self, open_branches: Any, training: bool) -> tuple[Any, Any]:
        return open_branches, 1e-3 * training


class _Masked(_Unsound):
    """Looks at all candidates and multiplies them by zero."""

    def changed(self, open_branches: Any, training: bool) -> tuple[Any, Any]:
        inactive = sum(tf.reduce_sum(each.rows.value) for each in self.blocks)
        return open_branches, 0.0 * inactive


class _Drifting(_Unsound):
    """Lets all statistics fade."""

    def changed(self, open_branches: Any, training: bool) -> tuple[Any, Any]:
        for block in self.blocks:
            block.statistics.assign(0.99 * block.statistics.value)
        return open_branches, 0.0


class _Ragged(_Unsound):
    """Makes the number of open branches a shape."""

    def encode(self, genotype: Genotype) -> np.ndarray:
        count = max(map(len, genotype.genes))
        return super().encode(genotype)[:, :count]

    def changed(self, open_branches: Any, training: bool) -> tuple[Any, Any]:
        padding = [[0, 0], [0, max_open(self.space) - open_branches.shape[1]]]
        return tf.pad(open_branches, padding, constant_values=INACTIVE), 0.0


class _Frozen(_Unsound):
    """Lets no gradient through."""

    def changed(self, open_branches: Any, training: bool) -> tuple[Any, Any]:
        return tf.fill(open_branches.shape, INACTIVE), 0.0


class _Leaking(_Unsound):
    """Adds all candidates to a mixture."""

    def mix(self, images: Any, mixing_weights: Any, active: Any) -> Any:
        return super().mix(images, mixing_weights + 0.1, active)


class _MovingMixture(_Unsound):
    """Moves statistics while it mixes."""

    def mix(self, images: Any, mixing_weights: Any, active: Any) -> Any:
        for block in self.blocks:
            block.statistics.assign(0.99 * block.statistics.value)
        return super().mix(images, mixing_weights, active)


class _Swapped(_Unsound):
    """Runs a path that is neither of the two."""

    def call_pair(self, *given: Any) -> Any:
        images, selected, unselected, shares = given
        return super().call_pair(images, 3 - selected, unselected, shares)


class _Blind(_Unsound):
    """Has no gradient in the choice."""

    def call_pair(self, *given: Any) -> Any:
        images, selected, unselected, weights = given
        blind = tf.zeros_like(weights) * weights
        return super().call_pair(images, selected, unselected, blind)


class _MovingPair(_Unsound):
    """Moves statistics while it compares."""

    def call_pair(self, *given: Any) -> Any:
        return self.run_two(*given, rate=0.1, unselected_rate=0.0)


class _Partial(_Unsound):
    """Lets the choice scale the output."""

    def call_pair(self, *given: Any) -> Any:
        *_, shares = given
        scale = 1.0 + shares - tf.stop_gradient(shares)
        return super().call_pair(*given) * tf.reduce_mean(scale)


@pytest.mark.parametrize(
    ("law_name", "kind", "words"),
    [
        ("equals_the_cut_out_child", _Shifted, "training=True, .* by 0.00"),
        ("inactive_branches_do_not_compute", _Masked, "open or not"),
        ("only_open_branches_move", _Drifting, "moved the rows"),
        ("only_open_branches_move", _Frozen, "moved no weights"),
        ("new_paths_need_no_trace", _Ragged, "a Python value or a shape"),
        ("a_mixture_of_one_is_that_path", _Leaking, "differs from that path"),
        ("a_mixture_of_one_is_that_path", _MovingMixture, "moved statistics"),
        ("a_pair_is_the_path_that_is_selected", _Swapped, "differs from that"),
        ("a_pair_is_the_path_that_is_selected", _Blind, "have the gradient"),
        ("a_pair_is_the_path_that_is_selected", _MovingPair, "moved stat"),
        ("a_pair_is_the_path_that_is_selected", _Partial, "between equals"),
    ],
)
def test_an_unsound_supernet_breaks_its_law(
    law_name: str, kind: type[Supernet], words: str
) -> None:
    (law,) = (each for each in SUPERNET_LAWS if each.__name__ == law_name)
    with pytest.raises(AssertionError, match=words):
        law(kind(tiny_space(max_open=2, stages=SHORT[:1])))


def test_cells_of_unlike_paths_are_distinguished() -> None:
    """A cell that computes another one's candidate breaks a law."""
    supernet = lively_cells(tiny_cells())
    call = supernet.cells[1].call

    def of_another_cell(inputs: Any, open_branches: Any, **mode: Any) -> Any:
        return call(inputs, (open_branches + 1) % 5, **mode)

    supernet.cells[1].call = of_another_cell
    (law,) = (
        each
        for each in SUPERNET_LAWS
        if each.__name__ == "inactive_branches_do_not_compute"
    )
    with pytest.raises(AssertionError, match="NaN in the weights of inactive"):
        law(supernet)


@pytest.mark.slow
def test_a_mixture_that_slices_rows_breaks_its_law() -> None:
    """The gradient of a slice is one of the whole matrix, which decays."""
    supernet = lively_cells(tiny_cells())
    for packed in supernet.cells:
        _slice_rows(packed)
    (law,) = (
        each
        for each in SUPERNET_LAWS
        if each.__name__ == "only_mixed_branches_move"
    )
    with pytest.raises(AssertionError, match="moved the rows"):
        law(supernet)


def test_a_dropout_of_more_than_skips_breaks_its_law() -> None:
    supernet = lively_cells(tiny_cells())
    for packed in supernet.cells:
        _drop_outputs(packed)
    (law,) = (
        each
        for each in SUPERNET_LAWS
        if each.__name__ == "dropout_reaches_skips_alone"
    )
    with pytest.raises(AssertionError, match="Something else than a skip"):
        law(supernet)


def test_an_extra_skip_that_never_fades_breaks_its_law() -> None:
    supernet = lively_cells(tiny_cells())
    for packed in supernet.cells:
        _keep_skips(packed)
    (law,) = (
        each
        for each in SUPERNET_LAWS
        if each.__name__ == "extra_skips_fade_to_nothing"
    )
    with pytest.raises(AssertionError, match="of share 0 change the logits"):
        law(supernet)


def _keep_skips(packed: Any) -> None:
    """Makes extra skips of cells count half at least."""
    mix = packed.mix

    def kept(*given: Any, extra_skip: Any) -> Any:
        if extra_skip is not None:
            share = tf.maximum(extra_skip.share, 0.5)
            extra_skip = extra_skip._replace(share=share)
        return mix(*given, extra_skip=extra_skip)

    packed.mix = kept


def _drop_outputs(packed: Any) -> None:
    """Makes cells drop out of all that they put out."""
    mix = packed.mix

    def dropped(*given: Any, **others: Any) -> Any:
        outputs, dropout = mix(*given, **others), given[-1]
        return outputs if dropout is None else dropout.applied(outputs)

    packed.mix = dropped


def _slice_rows(packed: Any) -> None:
    """Makes cells read each row of a mixture by itself."""
    gathered = packed.open_edges_together

    def sliced(active: Any) -> Any:
        return {
            place: dataclasses.replace(
                edge, row=packed.rows.value[int(packed.row_index[place])]
            )
            for place, edge in gathered(active).items()
        }

    packed.open_edges_together = sliced


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
