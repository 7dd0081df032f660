"""What the drop-in tuners on shared weights have in common."""

import abc
import dataclasses
import functools
import os
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Generic, TypeVar

import keras
import keras_tuner

from nse_tf.costs import Budget, CostModel
from nse_tf.export import (
    accuracy_of_file,
    measure_memory,
    measure_models,
    require_tflite_micro,
)
from nse_tf.spaces import SearchSpace
from nse_tf.supernet import Networks
from nse_tf.training import ChildRecipe, SupernetRecipe
from nse_tf.tuners.efforts import Effort, effort_named
from nse_tf.tuners.hypermodel_adapter import networks_for
from nse_tf.tuners.search_oracle import SearchOracle
from nse_tf.tuners.space_hypermodel import SpaceHyperModel
from nse_tf.tuners.supernet_tuner import SupernetTuner
from nse_tf.tuners.teachers import with_teacher
from nse_tf.tuners.trained_effort import from_trained

Config = TypeVar("Config")

DEFAULT_EFFORT = "quick"
_MEASURERS: dict[str, Any] = {
    "measure": measure_models,
    "measure_memory": measure_memory,
    "evaluate_file": accuracy_of_file,
}
# Arguments that limit a cost: the field of a budget, and their unit.
LIMITS = {
    "max_macs": ("macs", 1.0),
    "max_params": ("params", 1.0),
    "max_latency_ms": ("latency_ms", 1.0),
    "max_size_kb": ("size_bytes", 1e3),
    "max_ram_kb": ("ram_bytes", 1e3),
    "max_flash_kb": ("flash_bytes", 1e3),
}


class WeightSharingTuner(SupernetTuner, Generic[Config], abc.ABC):
    """A search on shared weights, given by limits and an effort.

    It makes the oracle, the configuration and the training recipes that
    `SupernetTuner` is otherwise given one by one.

    Args:
        hypermodel: What to search: a space, a Keras model with `nse_tf.Choice`
            layers, a `SpaceHyperModel` of either, or the networks that are cut
            out of a trained one, see `nse_tf.networks_from`.
        objective: See `SearchOracle`.
        max_trials: See `SearchOracle`; None leaves the end to the method.
        seed: Seed of everything drawn; None takes that of the configuration.
        hyperparameters: See `keras_tuner.Oracle`.
        tune_new_entries: See `keras_tuner.Oracle`.
        allow_new_entries: See `keras_tuner.Oracle`.
        max_retries_per_trial: See `SearchOracle`.
        max_consecutive_failed_trials: See `keras_tuner.Oracle`.
        max_macs: Most multiply-accumulates of the network wanted.
        max_params: Most parameters of it.
        max_latency_ms: Longest latency on this machine, in milliseconds, or
            one by the name of each of several devices; needs a `cost_model`
            with a table, or those of all (`DeviceTables`).
        max_size_kb: Largest `.tflite` file, in kilobytes of 1,000; needs a
            `cost_model` with a table.
        max_ram_kb: Largest tensor arena of the int8 file under TensorFlow Lite
            Micro, in kilobytes of 1,000; needs `nse-tf[micro]`.
        max_flash_kb: Largest int8 file, in kilobytes of 1,000; needs the same.
        budget: The limits as a record, in place of those above.
        effort: How much to do: the name of one of `EFFORTS`. None takes
            `quick`, unless `config` is given.
        num_images: Training images without those to validate on, for epochs
            that have the effort's steps on as many; None takes the epochs that
            it has, since data come later.
        config: All numbers of the method, in place of an effort; recipes that
            are not given are then the default ones.
        cost_model: Computes the costs of children. None computes MACs and
            parameters.
        augmentation: How training images are varied, a name in
            `datasets.POLICIES`; None varies none.
        supernet_recipe: How shared weights are trained, in place of the recipe
            of the effort.
        child_recipe: How a child is trained alone, in place of the recipe of
            the effort.
        sharing: How the candidates of a chain share weights, `rows` or
            `nested`; see docs/sharing.md. None takes that of the hypermodel,
            which is `rows` for a space.
        body_rate: For a Keras model with `nse_tf.Choice` layers whose other
            layers are trained, but for the classifier: a factor on their
            learning rate, from 0, which freezes them, to 1. None trains the
            whole model from fresh weights; see docs/choice.md.
        inherits_from: The folder of a finished search by other limits, whose
            supernet is explored at once; see `AngleShrinkingOracle`. None
            trains one.
        teacher: Who teaches what is trained alone: the file of a Keras
            classifier of the same classes, or `largest`, the largest network of
            a nested supernet; see docs/small_data.md. None is nobody.
        **kwargs: See `SupernetTuner`, such as `directory`, `project_name` and
            `overwrite`.

    Raises:
        BudgetError: If no network of the space fits the limits.
        TypeError: If the hypermodel is nothing that can be searched.
        ValueError: If two arguments say the same thing, an effort is unknown,
            or a limit needs a table; see also oracle and tuner.
    """

    oracle_class: ClassVar[type[SearchOracle]]

    def __init__(
        self,
        hypermodel: SearchSpace | keras.Model | SpaceHyperModel | Networks,
        objective: Any = None,
        max_trials: int | None = None,
        seed: int | None = None,
        hyperparameters: keras_tuner.HyperParameters | None = None,
        tune_new_entries: bool = True,
        allow_new_entries: bool = True,
        max_retries_per_trial: int = 1,
        max_consecutive_failed_trials: int = 3,
        *,
        max_macs: float | None = None,
        max_params: float | None = None,
        max_latency_ms: float | Mapping[str, float] | None = None,
        max_size_kb: float | None = None,
        max_ram_kb: float | None = None,
        max_flash_kb: float | None = None,
        budget: Budget | None = None,
        effort: str | None = None,
        num_images: int | None = None,
        config: Config | None = None,
        cost_model: CostModel | None = None,
        augmentation: str | None = None,
        supernet_recipe: SupernetRecipe | None = None,
        child_recipe: ChildRecipe | None = None,
        sharing: str | None = None,
        body_rate: float | None = None,
        inherits_from: str | os.PathLike[str] | None = None,
        teacher: str | os.PathLike[str] | None = None,
        **kwargs: Any,
    ) -> None:
        networks = networks_for(hypermodel, sharing, body_rate)
        limits = max_macs, max_params, max_latency_ms, max_size_kb
        budget = _read_budget(budget, *limits, max_ram_kb, max_flash_kb)
        chosen = _chosen(effort, num_images, config, networks)
        numbers = self._numbers(networks.space, budget, chosen, config)
        config, supernet, child = numbers
        given = supernet_recipe, child_recipe
        supernet, child = _augmented(augmentation, *given, supernet, child)
        super().__init__(
            self._oracle_from(inherits_from)(
                networks,
                budget=budget,
                config=with_teacher(config, teacher),
                cost_model=cost_model,
                seed=seed,
                objective=objective,
                max_trials=max_trials,
                hyperparameters=hyperparameters,
                tune_new_entries=tune_new_entries,
                allow_new_entries=allow_new_entries,
                max_retries_per_trial=max_retries_per_trial,
                max_consecutive_failed_trials=max_consecutive_failed_trials,
            ),
            supernet_recipe=supernet,
            child_recipe=child,
            teacher=teacher,
            **{**_MEASURERS, **kwargs},
        )

    @classmethod
    def _oracle_from(
        cls, inherits_from: str | os.PathLike[str] | None
    ) -> Callable[..., SearchOracle]:
        """Returns what makes the oracle; each has arguments of its own.

        Raises:
            ValueError: If it is to explore a supernet, which its method cannot.
        """
        oracle: Callable[..., SearchOracle] = cls.oracle_class
        if inherits_from is None:
            return oracle
        if not cls.oracle_class.explores_supernet:
            raise ValueError(
                f"`inherits_from` is {os.fspath(inherits_from)!r}, but "
                f"{cls.__name__} explores no trained supernet: take "
                "AngleShrinking or FairNAS, or leave it out."
            )
        return functools.partial(oracle, inherits_from=inherits_from)

    def _numbers(
        self,
        space: SearchSpace,
        budget: Budget,
        effort: Effort,
        config: Config | None,
    ) -> tuple[Config, SupernetRecipe, ChildRecipe]:
        """Returns the configuration and the recipes to start from.

        Args:
            space: What is searched.
            budget: The limits.
            effort: What gives the numbers, unless `config` does.
            config: All numbers of the method, or None.
        """
        if config is not None:
            return config, SupernetRecipe(), ChildRecipe()
        effort = effort.fitted_to(space)
        config = self.config_of(effort, budget)
        return config, effort.supernet, effort.child

    @classmethod
    @abc.abstractmethod
    def config_of(cls, effort: Effort, budget: Budget) -> Config:
        """Returns the configuration that an effort means under a budget."""


def _chosen(
    effort: str | None,
    num_images: int | None,
    config: object | None,
    networks: Networks,
) -> Effort:
    """Returns the effort that gives the numbers, where no `config` does.

    Raises:
        ValueError: If both are given, or the effort is unknown.
    """
    if config is not None and effort is not None:
        raise ValueError(
            f"`effort` {effort!r} and `config` both set the numbers of the "
            "search: leave one out. To change single numbers of an effort, "
            f"give dataclasses.replace(EFFORTS[{effort!r}].…) as `config`."
        )
    if config is not None and num_images is not None:
        raise ValueError(
            f"`num_images` {num_images} fits an effort's epochs, and `config` "
            "has epochs of its own: leave one out."
        )
    chosen = effort_named(effort or DEFAULT_EFFORT)
    if num_images is not None:
        chosen = chosen.for_images(num_images)
    return from_trained(chosen, num_images) if networks.is_trained else chosen


def _read_budget(
    budget: Budget | None, *limits: float | Mapping[str, float] | None
) -> Budget:
    """Returns the limits on a search, which may be given in either form.

    Args:
        budget: The limits as a record.
        *limits: Each by itself, in the order of `LIMITS`.

    Raises:
        ValueError: If they are given in both; names them. Or if RAM is limited
            and what measures it is not installed.
    """
    given = {
        name: limit
        for name, limit in zip(LIMITS, limits, strict=True)
        if limit is not None
    }
    if budget is None:
        fields: dict[str, Any] = {}
        for name, limit in given.items():
            field, unit = LIMITS[name]
            if isinstance(limit, Mapping):
                fields[field] = dict(limit)
            else:
                fields[field] = limit * unit
        budget = Budget(**fields)
    elif given:
        named = " and ".join(f"`{name}`" for name in given)
        raise ValueError(
            f"{named} and `budget` ({budget}) both set limits: give all of "
            "them in one form."
        )
    if budget.needs_memory:
        require_tflite_micro()
    return budget


def _augmented(
    augmentation: str | None,
    supernet: SupernetRecipe | None,
    child: ChildRecipe | None,
    default_supernet: SupernetRecipe,
    default_child: ChildRecipe,
) -> tuple[SupernetRecipe, ChildRecipe]:
    """Returns the recipes given, or the defaults with an augmentation.

    Raises:
        ValueError: If an augmentation is given with a recipe, which has its
            own.
    """
    if augmentation is not None:
        if supernet is not None or child is not None:
            raise ValueError(
                f"`augmentation` {augmentation!r} is for recipes that are not "
                "given: set it in `supernet_recipe` and `child_recipe`."
            )
        return (
            dataclasses.replace(default_supernet, augmentation=augmentation),
            dataclasses.replace(default_child, augmentation=augmentation),
        )
    return supernet or default_supernet, child or default_child
