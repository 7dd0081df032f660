"""Resolution, width and depth of a space, chosen before it is searched.

First by costs, as TinyNAS chooses a space: of the networks drawn at each scale,
those that keep the limit tell by their MACs how much the limit lets them
compute. Under a limit on MACs itself many scales come close to it, and MACs say
no more. So the best scale of each resolution, where it comes close to the best
of all, sends two of its networks into a short training, and their accuracy on
the validation part decides, unless it is none that guessing would not reach.

References:
    Lin et al., MCUNet (2020), Section 3.1: https://arxiv.org/abs/2007.10319, by
    MACs alone. The share of networks that has to keep the limit, one finalist
    a resolution and the short training are ours.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

from nse_tf.costs import Budget
from nse_tf.costs.scale_costs import ScaleCosts
from nse_tf.events import ScaleAlternative, ScaleChosen, known
from nse_tf.jobs import ChildTrained, Result, TrainChild
from nse_tf.methods.evaluating import genes_of
from nse_tf.methods.method import Method, Plan
from nse_tf.spaces.scales import ScaledSpace
from nse_tf.spaces.space_json import space_to_text


@dataclasses.dataclass(frozen=True, kw_only=True)
class ScaleChoiceConfig:
    """Numbers of the choice of a scale.

    Attributes:
        probe_epochs: Epochs of each short training; 0 decides by costs alone:
            by most MACs, or where MACs are limited, by the middle resolution
            of those that come close.
        num_finalists: Resolutions that compete by short trainings, at most.
        num_probed: Networks of each that are trained.
        least_share: What share of the networks of a scale has to keep the
            limit: where few do, most of the space is none to search.
        close: What comes close to the most mean MACs, as a share of these.
        chance_bound: What guessing stays below; see `chance.chance_bound`.
            Costs decide where no resolution's networks get above.
        objective: What trained networks are compared by.
        seed: Seed of the trainings.

    Raises:
        ValueError: If a number is out of range.
    """

    probe_epochs: int = 0
    num_finalists: int = 5
    num_probed: int = 2
    least_share: float = 0.25
    close: float = 0.8
    chance_bound: float = 0.0
    objective: str = "accuracy"
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (
            ("probe_epochs", 0),
            ("num_finalists", 1),
            ("num_probed", 1),
        ):
            if getattr(self, name) < least:
                raise ValueError(
                    f"`{name}` must be at least {least}, not "
                    f"{getattr(self, name)}."
                )
        for name in ("least_share", "close"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(
                    f"`{name}` must lie between 0 and 1, not "
                    f"{getattr(self, name)}."
                )


def finalists(
    costs: Sequence[ScaleCosts],
    config: ScaleChoiceConfig = ScaleChoiceConfig(),
) -> tuple[int, ...]:
    """Returns the scales that compete, by index, the smallest images first.

    One of each resolution: of the scales where enough networks keep the limit,
    the one whose networks compute most. Of more resolutions than may compete,
    some that are spread evenly.

    Args:
        costs: What networks cost at each scale.
        config: The numbers.
    """
    best: dict[int, int] = {}
    for index in _ranked(costs, least_share(costs, config)):
        best.setdefault(costs[index].scaled.scale.image_size, index)
    most = max(_macs(costs[index]) for index in best.values())
    close = [
        best[side]
        for side in sorted(best)
        if _macs(costs[best[side]]) >= config.close * most
    ]
    return _spread(close, config.num_finalists)


def least_share(
    costs: Sequence[ScaleCosts], config: ScaleChoiceConfig
) -> float:
    """Returns what share keeps the limit; 0 where no scale comes up to it."""
    wanted = config.least_share
    return wanted if any(each.share >= wanted for each in costs) else 0.0


def best_by_costs(
    costs: Sequence[ScaleCosts], among: Sequence[int], budget: Budget
) -> int:
    """Returns the scale that costs speak for; see `ScaleChoiceConfig`.

    Args:
        costs: What networks cost at each scale.
        among: Indices of those that compete.
        budget: The limit.
    """
    if budget.macs is not None:
        return among[(len(among) - 1) // 2]
    return max(among, key=lambda index: _macs(costs[index]))


def alternatives(
    costs: Sequence[ScaleCosts],
    accuracies: Mapping[int, tuple[float | None, ...]],
) -> tuple[ScaleAlternative, ...]:
    """Returns scales with what speaks for them.

    Args:
        costs: What networks cost at each scale.
        accuracies: What trained networks reached, by index of their scale.
    """
    return tuple(
        ScaleAlternative(
            image_size=each.scaled.scale.image_size,
            width=each.scaled.scale.width,
            depth=each.scaled.scale.depth,
            share=each.share,
            mean_macs=each.mean_macs,
            accuracies=accuracies.get(index, ()),
        )
        for index, each in enumerate(costs)
    )


def _macs(costs: ScaleCosts) -> float:
    """Returns mean MACs within the limit; 0 where nothing keeps it."""
    return costs.mean_macs or 0.0


def _ranked(costs: Sequence[ScaleCosts], least: float) -> list[int]:
    """Returns the scales that are good enough, those of most MACs first.

    Where nowhere enough networks keep the limit, those where most do come
    first.
    """
    enough = [
        index
        for index, each in enumerate(costs)
        if each.mean_macs is not None and each.share >= least
    ]
    if least:
        return sorted(enough, key=lambda i: _macs(costs[i]), reverse=True)
    return sorted(enough, key=lambda i: costs[i].share, reverse=True)


def _spread(indices: Sequence[int], most: int) -> tuple[int, ...]:
    """Returns some of the indices, evenly spread; all if they are few."""
    count = min(most, len(indices))
    return tuple(
        indices[int((place + 0.5) * len(indices) / count)]
        for place in range(count)
    )


class ScaleChoice(Method):
    """Chooses the scale of a space.

    Its jobs carry the space that they are of, and need images of its size.

    Args:
        costs: What networks cost at each scale.
        budget: The limit that they were drawn under; no measured one.
        config: The numbers.
    """

    def __init__(
        self,
        costs: Sequence[ScaleCosts],
        budget: Budget,
        config: ScaleChoiceConfig = ScaleChoiceConfig(),
    ) -> None:
        super().__init__(config.objective)
        self.costs, self.budget, self.config = tuple(costs), budget, config
        self.finalists = finalists(costs, config)

    @property
    def chosen(self) -> ScaledSpace:
        """The space at the scale that was chosen.

        Raises:
            ValueError: If that is not decided yet.
        """
        noted = self.noted(ScaleChosen)
        if not noted:
            raise ValueError("The scale is not chosen yet: do the jobs first.")
        return self.costs[noted[-1].chosen].scaled

    def describe(self) -> dict[str, Any]:
        """Returns all settings; see `Method`."""
        return {
            "method": "scale_choice",
            "spaces": [each.scaled.space.fingerprint for each in self.costs],
            "budget": self.budget.to_json(),
            "config": dataclasses.asdict(self.config),
        }

    def plan(self) -> Plan:
        """Trains networks of the finalists for a short time, and decides."""
        jobs = self._jobs()
        results: list[Result] = []
        if jobs:
            results = yield [job for each in jobs.values() for job in each]
        told = iter(results)
        self._decide(
            {
                index: tuple(_accuracy(next(told)) for _ in each)
                for index, each in jobs.items()
            }
        )

    def _jobs(self) -> dict[int, list[TrainChild]]:
        """Returns the trainings of each finalist; none for a single one."""
        if len(self.finalists) == 1 or not self.config.probe_epochs:
            return {}
        return {
            index: [
                TrainChild(
                    id=self.new_job_id(TrainChild.KIND),
                    child=genes,
                    epochs=self.config.probe_epochs,
                    uses_validation=False,
                    inherited_accuracy=math.nan,  # There is no supernet.
                    seed=self.config.seed,
                    space=space_to_text(self.costs[index].scaled.space),
                    objective=self.objective,
                    purpose="probe",
                )
                for genes in genes_of(
                    self.costs[index].paths[: self.config.num_probed]
                )
            ]
            for index in self.finalists
        }

    def _decide(
        self, accuracies: Mapping[int, tuple[float | None, ...]]
    ) -> None:
        scales = alternatives(self.costs, accuracies)
        found = {
            index: mean
            for index in self.finalists
            if (mean := scales[index].mean_accuracy) is not None
            and mean > self.config.chance_bound
        }
        by_costs = best_by_costs(self.costs, self.finalists, self.budget)
        self.note(
            ScaleChosen(
                preset=self.costs[0].scaled.space.name,
                alternatives=scales,
                chosen=max(found, key=found.__getitem__, default=by_costs),
                probe_epochs=self.config.probe_epochs if accuracies else 0,
                least_share=least_share(self.costs, self.config),
                is_by_accuracy=bool(found),
            )
        )


def _accuracy(result: Result) -> float | None:
    """Returns what a training reached; None where it failed."""
    if isinstance(result, ChildTrained):
        return known(result.validation_accuracy)
    return None
