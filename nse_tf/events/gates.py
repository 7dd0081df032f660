"""Events of searches whose parameters open candidates by binary gates."""

import dataclasses

from nse_tf.events.event import Event
from nse_tf.spaces.genotype import Path


@dataclasses.dataclass(frozen=True, kw_only=True)
class ParametersTrained(Event):
    """Architecture parameters were trained that share a softmax by block.

    Attributes:
        job: Id of the job.
        active: Candidate indices that took part, a choice block each.
        losses: Mean loss of the parameters' steps of each epoch that had some,
            with penalties, or the mean reward, negative.
        history: Probabilities of the active candidates after each epoch, block
            by block.
        cost: Name of the cost that networks are drawn to.
        target: What they should have of it; None where that is left open.
        expected: That cost in the mean of all networks, by their probability,
            after each epoch.
    """

    job: str
    active: tuple[tuple[int, ...], ...]
    losses: tuple[float, ...]
    history: tuple[tuple[tuple[float, ...], ...], ...]
    cost: str
    target: float | None
    expected: tuple[float, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkDerived(Event):
    """A network was derived from architecture parameters.

    Attributes:
        likeliest: Candidate indices of the likeliest network, whatever it
            costs.
        path: Those of the likeliest network within the budget.
        likeliest_costs: Costs of the former, by name.
        costs: Costs of the latter, by name.
        log_odds: Logarithm of how likely the latter is against the former; 0
            where the budget made no difference.
        is_proven: Whether no likelier network keeps the budget; else the search
            for one was cut short.
    """

    likeliest: Path
    path: Path
    likeliest_costs: dict[str, float]
    costs: dict[str, float]
    log_odds: float
    is_proven: bool
