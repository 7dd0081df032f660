"""What the settings of every search consist of."""

import dataclasses
import hashlib
import json
from typing import Any

from nse_tf.costs import Budget, CostModel

# Numbers that are not there in states that are older, and what they had been.
_LATER = {
    "objective": "accuracy",
    "teacher": None,
    "paths": "uniform",
    "random_paths": 2,
}


def search_settings(
    name: str, model: CostModel, budget: Budget, config: Any
) -> dict[str, Any]:
    """Returns the settings of a search as a JSON value.

    A state is only accepted by a search of the same settings.

    Args:
        name: Name of the method.
        model: Cost model of the space. `costs` is a digest of all
            its numbers, measured rows included.
        budget: What the search must keep to.
        config: The numbers of the search, a dataclass.
    """
    op_costs = [
        [cost, model.backbone[cost], table.tolist()]
        for cost, table in model.by_operator.items()
    ]
    if model.by_width is not None:
        op_costs += [
            [cost, each.ends.tolist(), each.by_variant.tolist()]
            for cost, each in model.by_width.summed.items()
        ]
    numbers = dataclasses.asdict(config)
    for field, value in _LATER.items():
        if field in numbers and numbers[field] == value:
            del numbers[field]
    return {
        "method": name,
        "space": model.space.fingerprint,
        "active": model.space.active,
        "costs": hashlib.sha256(json.dumps(op_costs).encode()).hexdigest(),
        "budget": dataclasses.asdict(budget),
        **numbers,
    }
