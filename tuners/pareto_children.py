"""The children that a search evaluated, and the Pareto front among them.

A generation of children is one trial, so that keras-tuner's state stays small;
the children themselves are in the method's history.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from nse_tf.events import GenerationEvaluated
from nse_tf.spaces.genotype import Path
from nse_tf.tuners.goals import read_goals
from nse_tf.tuners.hyperparameters import values_of


@dataclasses.dataclass(frozen=True)
class ParetoChild:
    """A child that no other dominates.

    Attributes:
        path: The candidate of each block, or its active candidates.
        values: The same as hyperparameter values.
        metrics: Its validation accuracy with inherited weights, as
            `val_accuracy`, and its costs.
    """

    path: Path
    values: Mapping[str, str | bool]
    metrics: Mapping[str, float]


def pareto_children(
    oracle: Any,
    objective: Any = ("val_accuracy", "macs"),
    constraints: Mapping[str, float] | None = None,
) -> list[ParetoChild]:
    """Returns the evaluated children that no other dominates.

    Args:
        oracle: A `SearchOracle`.
        objective: See `read_goals`; known are `val_accuracy` and the costs of
            the search's cost model.
        constraints: See `read_goals`.

    Returns:
        By the first objective, best first; of equal children the earlier one.

    Raises:
        ValueError: If an objective or a limit is on what no job reports.
    """
    goals = read_goals(list(objective), constraints)
    events = oracle.method.noted(GenerationEvaluated)
    if not events:
        return []
    known = {"val_accuracy", *oracle.method.model.names}
    unknown = sorted(goals.metrics - known)
    if unknown:
        raise ValueError(
            f"No job reports {unknown}; this search's jobs report "
            f"{sorted(known)}."
        )
    columns = [
        {"val_accuracy": event.accuracies, **event.costs} for event in events
    ]
    table = {
        name: np.concatenate([np.array(each[name], float) for each in columns])
        for name in columns[0]
    }
    paths = [path for event in events for path in event.paths]
    return [
        ParetoChild(
            paths[row],
            values_of(oracle.space, oracle.space.genotype(paths[row])),
            {name: float(column[row]) for name, column in table.items()},
        )
        for row in goals.front_of(table)
    ]
