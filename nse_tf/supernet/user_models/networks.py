"""How the networks of a user's own model are made."""

import hashlib
from collections.abc import Mapping
from typing import Any

import keras

from nse_tf.sampling import Sampler, UniformSampler
from nse_tf.spaces import Genotype, SearchSpace
from nse_tf.supernet.protocols import Active, Networks, Sharing
from nse_tf.supernet.user_models.children import (
    ModelCopy,
    block_genes,
    copy_model,
    one_of,
)
from nse_tf.supernet.user_models.layer_copies import body_of
from nse_tf.supernet.user_models.model_space import choices_of, space_of
from nse_tf.supernet.user_models.model_supernet import ModelSupernet


class ModelNetworks:
    """The networks of a user's functional model with `Choice` layers.

    Args:
        model: The model; stays as it is.
        body_rate: Says that the layers that are no candidates are trained, all
            but the classifier: they begin with the weights that they have, and
            move by this factor on the learning rate, from 0 (frozen, norms by
            their moving statistics) to 1. None draws all weights.

    Raises:
        ValueError: If `body_rate` is out of range; see also `space_of`.
    """

    def __init__(
        self, model: keras.Model, body_rate: float | None = None
    ) -> None:
        if body_rate is not None and not 0 <= body_rate <= 1:
            raise ValueError(
                "`body_rate` must be from 0 (frozen) to 1 (as fast as what is "
                f"searched), not {body_rate}."
            )
        self._model, self._body_rate = model, body_rate
        self.space = space_of(model)
        self.sharing: Sharing = "rows"
        self.is_trained, self.is_foreign = False, True
        self.training_facts: Mapping[str, Any] = (
            {}
            if body_rate is None
            else {
                "body_rate": body_rate,
                "weights of the body": _weights_digest(body_of(model)),
            }
        )
        self._names = [choice.name for choice in choices_of(model)]

    def supernet(
        self, *, seed: int = 0, active: Active | None = None
    ) -> ModelSupernet:
        """Returns a new supernet; see `Networks`."""
        del active  # Every candidate has weights.
        return ModelSupernet(self._model, self.space, seed, self._body_rate)

    def child(
        self,
        genotype: Genotype,
        *,
        seed: int = 0,
        fast: bool = True,
        dropout: float = 0.0,
    ) -> keras.Model:
        """Returns a child with fresh weights, but for a trained body.

        A fast one gives logits, another one what the user's model gives.

        Raises:
            ValueError: If the genotype is of another space, or `dropout` is not
                0.
        """
        if dropout:
            raise ValueError(
                f"`dropout` {dropout} does not apply to a model of your own: "
                "put a keras.layers.Dropout into it."
            )
        return self._copy(genotype, fast=fast, seed=seed).model

    def with_stock_layers(
        self, genotype: Genotype, child: keras.Model
    ) -> keras.Model:
        """Returns a fast child as the user wrote it, with the same weights."""
        stock = self._copy(genotype, fast=False).model
        # Fast layers have the weights of stock ones, in the same order.
        stock.set_weights(child.get_weights())
        return stock

    def uniform_sampler(self, space: SearchSpace) -> Sampler:
        """Returns what draws single paths; see `Networks`."""
        return UniformSampler(space)

    def with_fewer_cells(self, num_cells: int) -> Networks:
        """Refuses, since users' models do not grow; see `Networks`.

        Raises:
            ValueError: Always.
        """
        self.space.with_fewer_cells(num_cells)
        return self

    def _copy(
        self, genotype: Genotype, *, fast: bool, seed: int = 0
    ) -> ModelCopy:
        genes = block_genes(self._names, self.space, genotype)
        return copy_model(
            self._model,
            one_of(genes),
            fast=fast,
            seed=seed,
            body_rate=self._body_rate,
        )


def _weights_digest(layers: list[keras.layers.Layer]) -> str:
    digest = hashlib.sha256()
    for layer in layers:
        for weight in layer.get_weights():
            digest.update(weight.tobytes())
    return digest.hexdigest()[:16]
