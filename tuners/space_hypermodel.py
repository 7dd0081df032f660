"""A space as a hypermodel: any keras-tuner tuner can search it."""

import collections
import pathlib
from typing import Any

import keras
import keras_tuner

from nse_tf.costs import CostModel
from nse_tf.spaces import SearchSpace
from nse_tf.supernet import Networks, networks_of
from nse_tf.tuners.hyperparameters import (
    declare_valid,
    genotype_of,
    valid_choices,
)
from nse_tf.tuners.inheritance import Inheritance


class SpaceHyperModel(keras_tuner.HyperModel):
    """A space as a hypermodel: hyperparameters in, compiled child model out.

    Children are trained alone, or inherit the weights of a supernet that a run
    left in its folder. The latter are evaluated without training, after their
    batch norm was calibrated on the training images, unless `search` is given
    a number of `epochs`.

    Trials report every cost that `cost_model` computes (`macs`, `params`, and
    with a measured table `latency_ms` and `size_bytes`) beside what Keras
    reports, so that costs can be objectives.

    Args:
        hypermodel: What to choose from: a space, full or shrunk, or a Keras
            model with `nse_tf.Choice` layers.
        learning_rate: Learning rate of the Adam optimizer that children are
            compiled with; a user's model that is compiled stays as it is.
        seed: Seed of the children's weights; another execution of the same
            child takes the next seed.
        within: The subspace to draw from, such as a run's last
            `space_003.json`; None for all of `hypermodel`.
        inherits_from: The folder of a run whose supernet children are cut out
            of; None trains them from fresh weights.
        calibration_images: How many training images calibrate a child that
            inherits its weights.
        cost_model: Computes the costs of children. None computes MACs and
            parameters.

    Raises:
        TypeError: If `hypermodel` is nothing that can be searched.
        ValueError: If `within` is of another space, or `inherits_from` has no
            supernet of this one.
    """

    def __init__(
        self,
        hypermodel: SearchSpace | keras.Model | Networks,
        learning_rate: float = 1e-3,
        seed: int = 0,
        within: SearchSpace | None = None,
        inherits_from: str | pathlib.Path | None = None,
        calibration_images: int = 2000,
        cost_model: CostModel | None = None,
    ) -> None:
        is_made = isinstance(getattr(hypermodel, "space", None), SearchSpace)
        networks: Any = hypermodel if is_made else networks_of(hypermodel)
        self.networks: Networks = networks
        self.space = networks.space.restrict((within or networks.space).active)
        if within is not None and within.fingerprint != self.space.fingerprint:
            raise ValueError(
                f"`within` is a subspace of {within.fingerprint!r}, but "
                f"`hypermodel` is of {self.space.fingerprint!r}."
            )
        super().__init__(name=self.space.name)
        self._learning_rate = learning_rate
        self._seed = seed
        self._cost_model = cost_model or CostModel(networks.space)
        self._num_built: collections.Counter[Any] = collections.Counter()
        self._inheritance = (
            None
            if inherits_from is None
            else Inheritance(
                networks, pathlib.Path(inherits_from), calibration_images
            )
        )

    def declare_hyperparameters(self, hp: keras_tuner.HyperParameters) -> None:
        """Declares choices that encode the networks of the space.

        Each choice block or edge is a choice among its active candidates. In
        DARTS's cells each inner node is a choice of its two inputs, such as
        `normal_2/inputs`, and only the edges from those are choices of ops.
        """
        declare_valid(self.space, hp)

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        """Returns the child that the hyperparameters encode, compiled.

        It is made of stock layers, takes pixels in 0..255 and gives logits, or
        takes and gives what the user's model does.

        Raises:
            FatalValueError: If the project was begun with another space, whose
                values keras-tuner keeps.
        """
        self.declare_hyperparameters(hp)
        self._check_declared(hp)
        try:
            genotype = self.space.require(genotype_of(self.networks.space, hp))
        except ValueError as error:
            raise keras_tuner.errors.FatalValueError(
                f"{error} Was the project begun with another space? Name "
                "another `project_name`, or start over with `overwrite=True`."
            ) from error
        if self._inheritance is not None:
            child = self._inheritance.child(genotype)
        else:
            seed = self._seed + self._num_built[genotype]
            self._num_built[genotype] += 1
            child = self.networks.child(genotype, seed=seed, fast=False)
        if not child.compiled:
            child.compile(
                optimizer=keras.optimizers.Adam(self._learning_rate),
                loss=keras.losses.SparseCategoricalCrossentropy(
                    from_logits=not _ends_in_softmax(child)
                ),
                metrics=["accuracy"],
                # Every trial is another graph: XLA would compile for longer
                # than the child is trained.
                jit_compile=False,
            )
        return child

    def fit(
        self,
        hp: keras_tuner.HyperParameters,
        model: keras.Model,
        *args: Any,
        **kwargs: Any,
    ) -> keras.callbacks.History:
        """Trains a child, or evaluates it as it is; adds what it costs.

        Args:
            hp: Spells the child.
            model: The child.
            *args: See `keras.Model.fit`.
            **kwargs: See `keras.Model.fit`.

        Returns:
            The history, each cost repeated for each epoch.
        """
        genotype = genotype_of(self.networks.space, hp)
        if self._inheritance is not None:
            self._inheritance.calibrate(model, genotype, *args, **kwargs)
        if self._inheritance is not None and not kwargs.get("epochs"):
            history = evaluated(model, kwargs)
        else:
            history = model.fit(*args, **kwargs)
        num_epochs = len(history.epoch)
        for name, cost in self._cost_model.costs(genotype).items():
            history.history[name] = [float(cost)] * num_epochs
        return history

    def _check_declared(self, hp: keras_tuner.HyperParameters) -> None:
        """Refuses choices whose values keras-tuner kept from another space.

        The values may be those of the whole space, which every run declares.
        """
        declared = {each.name: each for each in hp.space}
        whole = valid_choices(self.space.whole)
        widest = {choice.name: list(choice.values) for choice in whole}
        for choice in valid_choices(self.space):
            values = list(declared[choice.name].values)
            if values not in (widest[choice.name], list(choice.values)):
                raise keras_tuner.errors.FatalValueError(
                    f"Choice {choice.name!r} of the project has {values}, "
                    f"and the space {list(choice.values)}: it was begun with "
                    "another space. Name another `project_name`, or start "
                    "over with `overwrite=True`."
                )


def evaluated(
    model: keras.Model, fit: dict[str, Any]
) -> keras.callbacks.History:
    """Returns the history of one epoch in which nothing was trained.

    Args:
        model: Compiled.
        fit: The keyword arguments of `fit`; `validation_data` and `callbacks`
            are used.

    Raises:
        FatalValueError: If there are no validation data.
    """
    data = fit.get("validation_data")
    if data is None:
        raise keras_tuner.errors.FatalValueError(
            "Children that inherit their weights are evaluated on "
            "`validation_data`: pass it to `search`, or say how many `epochs` "
            "to train."
        )
    images, *labels = data if isinstance(data, tuple | list) else (data,)
    found = model.evaluate(images, *labels, verbose=0, return_dict=True)
    logs = {f"val_{name}": value for name, value in found.items()}
    history = keras.callbacks.History()
    watching = keras.callbacks.CallbackList(
        [*fit.get("callbacks", []), history], model=model
    )
    watching.on_train_begin()
    watching.on_epoch_begin(0)
    watching.on_epoch_end(0, logs)
    watching.on_train_end(logs)
    return history


def _ends_in_softmax(model: keras.Model) -> bool:
    last = model.outputs[0]._keras_history.operation
    activation = getattr(last, "activation", None)
    is_layer = isinstance(last, keras.layers.Softmax)
    return is_layer or activation is keras.activations.softmax
