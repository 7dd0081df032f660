"""Each law of supernets is broken by one that is unsound in its way."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from nse_tf.spaces import Genotype, Stage
from nse_tf.spaces.open_branches import INACTIVE, max_open
from nse_tf.supernet import Supernet, WeightSharing
from nse_tf.testing import SUPERNET_LAWS
from tests.supernet.tiny_cells import lively_cells, tiny_cells
from tests.supernet.tiny_spaces import tiny_space

Law = Callable[[WeightSharing], None]
SHORT = (Stage(8, 1, 1), Stage(12, 1, 2))


def law_named(name: str) -> Law:
    (law,) = (law for law in SUPERNET_LAWS if law.__name__ == name)
    return law


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
    law = law_named(law_name)
    with pytest.raises(AssertionError, match=words):
        law(kind(tiny_space(max_open=2, stages=SHORT[:1])))


def test_cells_of_unlike_paths_are_distinguished() -> None:
    """A cell that computes another one's candidate breaks a law."""
    supernet = lively_cells(tiny_cells())
    call = supernet.cells[1].call

    def of_another_cell(inputs: Any, open_branches: Any, **mode: Any) -> Any:
        return call(inputs, (open_branches + 1) % 5, **mode)

    supernet.cells[1].call = of_another_cell
    law = law_named("inactive_branches_do_not_compute")
    with pytest.raises(AssertionError, match="NaN in the weights of inactive"):
        law(supernet)


@pytest.mark.slow
def test_a_mixture_that_slices_rows_breaks_its_law() -> None:
    """The gradient of a slice is one of the whole matrix, which decays."""
    supernet = lively_cells(tiny_cells())
    for packed in supernet.cells:
        _slice_rows(packed)
    law = law_named("only_mixed_branches_move")
    with pytest.raises(AssertionError, match="moved the rows"):
        law(supernet)


def test_a_dropout_of_more_than_skips_breaks_its_law() -> None:
    supernet = lively_cells(tiny_cells())
    for packed in supernet.cells:
        _drop_outputs(packed)
    law = law_named("dropout_reaches_skips_alone")
    with pytest.raises(AssertionError, match="Something else than a skip"):
        law(supernet)


def test_an_extra_skip_that_never_fades_breaks_its_law() -> None:
    supernet = lively_cells(tiny_cells())
    for packed in supernet.cells:
        _keep_skips(packed)
    law = law_named("extra_skips_fade_to_nothing")
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
