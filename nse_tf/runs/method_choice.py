"""Which numbers and which oracle a method's name stands for."""

import dataclasses
import pathlib
from collections.abc import Callable
from typing import Any

from nse_tf.costs import CostModel
from nse_tf.methods import FairNASConfig, OneShotConfig, load_start
from nse_tf.runs.search_config import SearchConfig
from nse_tf.spaces import SearchSpace
from nse_tf.training import SupernetRecipe
from nse_tf.tuners import (
    AngleShrinkingOracle,
    AutoSpaceOracle,
    DartsOracle,
    FairNASOracle,
    PDartsOracle,
    ProxylessNASOracle,
    SearchOracle,
    SpaceEvolutionOracle,
)
from nse_tf.tuners.efforts import Effort


def _usual_supernet(effort: Effort) -> SupernetRecipe:
    return effort.supernet


def _nothing_else(config: SearchConfig, space: SearchSpace) -> dict[str, Any]:
    del config, space
    return {}


def _as_it_is(numbers: OneShotConfig) -> OneShotConfig:
    return numbers


@dataclasses.dataclass(frozen=True, kw_only=True)
class MethodRow:
    """What a method's name stands for.

    Attributes:
        search: Returns the numbers of a one-shot search from those that an
            effort has for SPOS, before single ones are overridden.
        numbers: Returns the method's numbers from those of a run.
        oracle: Class of the oracle that asks for the method's jobs.
        options: Returns what else the oracle takes.
        family: The family of presets that the method searches, unless a space
            is named; see `preset_for`.
        preset: The space that is searched unless one is named; None takes what
            suits the images.
        supernet: Returns how shared weights are trained.
        learns_space: Whether the method's answer is a space, which another one
            then searches.
    """

    search: Callable[[OneShotConfig], OneShotConfig] = _as_it_is
    numbers: Callable[[Effort], Any]
    oracle: type[SearchOracle]
    options: Callable[[SearchConfig, SearchSpace], dict[str, Any]] = (
        _nothing_else
    )
    family: str = "chain"
    preset: str | None = None
    supernet: Callable[[Effort], SupernetRecipe] = _usual_supernet
    learns_space: bool = False

    def make_oracle(
        self, config: SearchConfig, cost_model: CostModel, effort: Effort
    ) -> SearchOracle:
        """Returns the oracle of a run.

        Args:
            config: The run's settings.
            cost_model: Cost model of its space.
            effort: The numbers of the run, fitted to its space.

        Raises:
            ValueError: If the numbers do not suit the space.
        """
        space = cost_model.space
        earlier = config.inherits_from
        oracle: Any = self.oracle  # Each with arguments of its own.
        made: SearchOracle = oracle(
            space,
            budget=config.budget,
            config=self.numbers(effort),
            cost_model=cost_model,
            seed=config.seed,
            **self.options(config, space),
            **({} if earlier is None else {"inherits_from": earlier}),
        )
        return made


def _start(config: SearchConfig, space: SearchSpace) -> dict[str, Any]:
    """Returns the ops that an evolving space starts from, if any are given."""
    if config.start is None:
        return {}
    return {"start": load_start(space, pathlib.Path(config.start))}


METHOD_ROWS: dict[str, MethodRow] = {
    "spos": MethodRow(
        numbers=lambda effort: effort.search, oracle=AngleShrinkingOracle
    ),
    "fairnas": MethodRow(
        search=FairNASConfig.like,
        numbers=lambda effort: effort.search,
        oracle=FairNASOracle,
    ),
    "proxylessnas": MethodRow(
        numbers=lambda effort: effort.shrunk_first(effort.proxylessnas),
        oracle=ProxylessNASOracle,
    ),
    "darts": MethodRow(
        numbers=lambda effort: effort.mixture,
        oracle=DartsOracle,
        preset="nb201",
        supernet=lambda effort: effort.mixed_supernet,
    ),
    "pdarts": MethodRow(
        numbers=lambda effort: effort.progressive_mixture,
        oracle=PDartsOracle,
        preset="nb201",
        supernet=lambda effort: effort.mixed_supernet,
    ),
    "nse": MethodRow(
        numbers=lambda effort: effort.evolution,
        oracle=SpaceEvolutionOracle,
        options=_start,
        family="branches",
    ),
    "autospace": MethodRow(
        numbers=lambda effort: effort.cells,
        oracle=AutoSpaceOracle,
        family="motifs",
        learns_space=True,
    ),
}
