"""Events of a search whose space evolves, round by round."""

import dataclasses

from nse_tf.events.event import Event
from nse_tf.spaces.genotype import Path


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworksProposed(Event):
    """Networks were drawn that a round evaluates.

    Attributes:
        stage: The round, from 0 on.
        num_proposals: How many networks.
        bend: What costs were multiplied by in the draw; 0 where indicators
            alone met the window.
        shift: By how much that moved the probabilities of active ops, in the
            mean.
        window: Least and largest cost; None where there is no such bound.
    """

    stage: int
    num_proposals: int
    bend: float
    shift: float
    window: tuple[float | None, float | None]


@dataclasses.dataclass(frozen=True, kw_only=True)
class FrontEvolved(Event):
    """The front of a round was found, old networks evaluated again.

    Attributes:
        stage: The round, from 0 on.
        front: Candidate indices of each network on the front.
        cost: Name of the cost that it is drawn against.
        costs: That cost of each network, rising.
        accuracies: Accuracy of each, with the round's own weights.
        num_new: How many proposals within the window were evaluated.
        num_extra: How many below the window.
        num_old: How many networks of the front before.
        num_left_behind: How many of that front could not be evaluated, for
            lack of an op that was dropped.
        is_overruled: Whether extra networks beat every other one, and were
            left out for that reason.
    """

    stage: int
    front: tuple[Path, ...]
    cost: str
    costs: tuple[float, ...]
    accuracies: tuple[float, ...]
    num_new: int
    num_extra: int
    num_old: int
    num_left_behind: int
    is_overruled: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class OpsInherited(Event):
    """A round is over, and what it passes on to the next is decided.

    Attributes:
        stage: The round, from 0 on.
        kept: Candidate indices that are passed on, a cell each.
        angles: Mean angle of the networks that open each op, in radians,
            `(num_blocks, max_candidates)`, None where no network opens it;
            None altogether where cells open one op at a time.
    """

    stage: int
    kept: tuple[tuple[int, ...], ...]
    angles: tuple[tuple[float | None, ...], ...] | None = None
