"""The laws of supernets hold for ours, and are broken by unsound ones."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from nse_tf.spaces import Genotype, Stage
from nse_tf.supernet import Supernet
from nse_tf.supernet.chains.choice_layer import INACTIVE
from nse_tf.testing import SUPERNET_LAWS
from tests.supernet.tiny_spaces import tiny_space

Law = Callable[[Supernet], None]
SHORT = (Stage(8, 1, 1), Stage(12, 1, 2))


@pytest.mark.parametrize("law", SUPERNET_LAWS, ids=lambda law: law.__name__)
def test_a_supernet_keeps_every_law(law: Law) -> None:
    law(Supernet(tiny_space(max_open=2, stages=SHORT)))


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
        gates: Any = None,
        training: bool = False,
        rate: Any = 0.1,
    ) -> Any:
        slots, shift = self.changed(open_branches, training)
        outputs = super().call(images, slots, gates, training, rate)
        return outputs + shift

    def changed(self, slots: Any, training: bool) -> tuple[Any, Any]:
        """Returns slots to open, and what to add to the logits."""
        raise NotImplementedError


class _Shifted(_Unsound):
    """Off by a little where it trains."""

    def changed(self, slots: Any, training: bool) -> tuple[Any, Any]:
        return slots, 1e-3 * training


class _Masked(_Unsound):
    """Looks at all candidates and multiplies them by zero."""

    def changed(self, slots: Any, training: bool) -> tuple[Any, Any]:
        closed = sum(tf.reduce_sum(each.rows.value) for each in self.blocks)
        return slots, 0.0 * closed


class _Drifting(_Unsound):
    """Lets all statistics fade."""

    def changed(self, slots: Any, training: bool) -> tuple[Any, Any]:
        for place in self.blocks:
            place.statistics.assign(0.99 * place.statistics.value)
        return slots, 0.0


class _Ragged(_Unsound):
    """Makes the number of open branches a shape."""

    def encode(self, genotype: Genotype) -> np.ndarray:
        count = max(map(len, genotype.genes))
        return super().encode(genotype)[:, :count]

    def changed(self, slots: Any, training: bool) -> tuple[Any, Any]:
        padding = [[0, 0], [0, self.max_open - slots.shape[1]]]
        return tf.pad(slots, padding, constant_values=INACTIVE), 0.0


@pytest.mark.parametrize(
    ("law_name", "kind", "words"),
    [
        ("equals_the_cut_out_child", _Shifted, "training=True, .* by 0.00"),
        ("closed_branches_do_not_compute", _Masked, "open or not"),
        ("only_open_branches_move", _Drifting, "moved the rows"),
        ("new_paths_need_no_trace", _Ragged, "a Python value or a shape"),
    ],
)
def test_an_unsound_supernet_breaks_its_law(
    law_name: str, kind: type[Supernet], words: str
) -> None:
    (law,) = (each for each in SUPERNET_LAWS if each.__name__ == law_name)
    with pytest.raises(AssertionError, match=words):
        law(kind(tiny_space(max_open=2, stages=SHORT[:1])))
