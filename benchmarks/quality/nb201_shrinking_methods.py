"""The searches of `nb201_shrinking.py`, at a scale that two cores allow."""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

from nse_tf.costs import CostModel
from nse_tf.evolution import ExplorerConfig
from nse_tf.jobs import EarlyStop
from nse_tf.methods import (
    DartsConfig,
    DartsSearch,
    FairNAS,
    FairNASConfig,
    Method,
    OneShotConfig,
    OneShotSearch,
    PDartsConfig,
    PDartsSearch,
    ProxylessNAS,
    ProxylessNASConfig,
)
from nse_tf.methods.operator_scoring import OperatorScoring
from nse_tf.methods.shrinking_steps import Shrinking
from nse_tf.methods.supernet_training import SupernetTraining
from nse_tf.shrinking import ShrinkSchedule
from nse_tf.spaces import SearchSpace

# The score of operators, or none, by the name that rows give it.
SHRINKINGS = {
    "none": None,
    "angle": "angle",
    "unit kernels": "angle_of_unit_kernels",
}
# Of the published single shot, and the same for lists of equal length.
_DROPPED, _DROPPED_OF_EACH = 20, 3

# Rates of single paths are those of the table's studies of angles here.
_RATES = (0.1, 0.004)
# Ten times as published: architecture parameters take a tenth of the steps.
_ARCHITECTURE_RATE = 3e-3
_EXPLORING = ExplorerConfig(num_children=40, population=10, num_parents=5)
_CALIBRATION_IMAGES = 1_000
# As published, but measured every epoch, over as long a part of the search.
_SHARPNESS = EarlyStop(period=1, window=2, lag=2, first_epoch=1)


@dataclasses.dataclass(frozen=True)
class Scale:
    """How long a search trains.

    Attributes:
        epochs: Epochs altogether.
        shrink_epochs: How many of them shrinking takes, where there is any.
    """

    epochs: int
    shrink_epochs: int

    def search_epochs(self, shrinks: bool) -> int:
        """Returns the epochs of the supernet that is searched."""
        return self.epochs - self.shrink_epochs if shrinks else self.epochs

    def schedule(self, by_block: bool) -> ShrinkSchedule:
        """Returns a single shot of shrinking.

        Args:
            by_block: Whether each edge loses as many candidates.
        """
        return ShrinkSchedule(
            rule="each_block" if by_block else "overall",
            drop_per_stage=_DROPPED_OF_EACH if by_block else _DROPPED,
            stop_size=1,
            max_stages=1,
            first_epochs=self.shrink_epochs,
            total_epochs=self.shrink_epochs,
        )


class Kind(NamedTuple):
    """A kind of search.

    Attributes:
        new: Returns a search of a space, by scale, score and seed.
        mixes: Whether the weights train through a mixture, as in DARTS.
    """

    new: Callable[[SearchSpace, Scale, str | None, int], Method]
    mixes: bool = False


def new_search(
    name: str, shrinking: str, space: SearchSpace, scale: Scale, seed: int
) -> Method:
    """Returns a search.

    Args:
        name: A key of `METHODS`.
        shrinking: A key of `SHRINKINGS`.
        space: What is searched.
        scale: How long it trains.
        seed: Seed of everything drawn.
    """
    return METHODS[name].new(space, scale, SHRINKINGS[shrinking], seed)


def _single_paths(
    config: type[OneShotConfig], by_block: bool, method: type[OneShotSearch]
) -> Kind:
    """Returns a search that explores a supernet of single paths."""

    def new(
        space: SearchSpace, scale: Scale, score: str | None, seed: int
    ) -> Method:
        numbers = config(
            exploring=_EXPLORING,
            shrinking=scale.schedule(by_block) if score else None,
            search_epochs=scale.search_epochs(bool(score)),
            learning_rates=_RATES,
            score=score or "angle",
            children_per_operator=None,
            calibration_images=_CALIBRATION_IMAGES,
            seed=seed,
        )
        return method(CostModel(space), config=numbers)

    return Kind(new)


def _proxyless(
    space: SearchSpace, scale: Scale, score: str | None, seed: int
) -> Method:
    """Returns a search by full gates, a third of it warming up."""
    epochs = scale.search_epochs(bool(score))
    shrinking = None
    if score is not None:
        shrinking = Shrinking(
            schedule=scale.schedule(by_block=False),
            scoring=OperatorScoring(score, None),
            training=SupernetTraining(learning_rates=_RATES, seed=seed),
            least_left=1,
        )
    config = ProxylessNASConfig(
        shrinking=shrinking,
        warmup_epochs=epochs // 3,
        search_epochs=epochs - epochs // 3,
        epochs_without=0,
        warmup_learning_rate=_RATES[0],
        learning_rate=_RATES[0] / 2,
        architecture_every=1,
        architecture_rate=_ARCHITECTURE_RATE,
        num_derived=1,
        calibration_images=_CALIBRATION_IMAGES,
        seed=seed,
    )
    return ProxylessNAS(CostModel(space), config=config)


def _mixture_settings(
    scale: Scale, score: str | None, seed: int
) -> dict[str, Any]:
    """Returns what all searches of a mixture have in common."""
    return {
        "shrinking": scale.schedule(by_block=False) if score else None,
        "shrink_learning_rates": _RATES,
        "score": score or "angle",
        "children_per_operator": None,
        "architecture_rate": _ARCHITECTURE_RATE,
        "calibration_images": _CALIBRATION_IMAGES,
        "seed": seed,
    }


def _darts(**settings: Any) -> Kind:
    """Returns a search by DARTS, with some settings of its own."""

    def new(
        space: SearchSpace, scale: Scale, score: str | None, seed: int
    ) -> Method:
        config = DartsConfig(
            **_mixture_settings(scale, score, seed),
            search_epochs=scale.search_epochs(bool(score)),
            **settings,
        )
        return DartsSearch(CostModel(space), config=config)

    return Kind(new, mixes=True)


def _pdarts(
    space: SearchSpace, scale: Scale, score: str | None, seed: int
) -> Method:
    """Returns a search by P-DARTS, a third of each stage weights alone.

    On the whole space its epochs are shared among three stages.
    """
    epochs = scale.search_epochs(bool(score))
    if score is None:
        epochs //= len(PDartsConfig().stage_shares)
    config = PDartsConfig(
        **_mixture_settings(scale, score, seed),
        stage_epochs=epochs,
        epochs_without=epochs // 3,
    )
    return PDartsSearch(CostModel(space), config=config)


METHODS = {
    "spos": _single_paths(OneShotConfig, False, OneShotSearch),
    "fairnas": _single_paths(FairNASConfig, True, FairNAS),
    "proxylessnas": Kind(_proxyless),
    "darts": _darts(),
    "darts, early stop": _darts(early_stop="hessian", sharpness=_SHARPNESS),
    "darts, extra skip": _darts(extra_skip=True),
    "pdarts": Kind(_pdarts, mixes=True),
    "darts, second order": _darts(order=2),
}
