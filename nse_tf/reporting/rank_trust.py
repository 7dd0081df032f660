"""How far the ranking by inherited weights can be trusted."""

import dataclasses
import math

import numpy as np

from nse_tf.events import TrainedAlone
from nse_tf.rank_correlation import bootstrap_interval, kendall_tau
from nse_tf.reporting.run_record import RunRecord
from nse_tf.reporting.units import counted
from nse_tf.spaces.genotype import Path

# Of fewer networks a rank correlation says nothing.
LEAST_NETWORKS = 4
_ENDINGS = {1: "st", 2: "nd", 3: "rd"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class RankTrust:
    """Accuracies of the same networks, evaluated twice.

    Attributes:
        paths: Candidate indices of each network.
        inherited: Their accuracies with inherited weights, `(count,)`.
        alone: Their accuracies after training alone, `(count,)`; on the same
            validation images, which none of them was trained on.
        epochs: Epochs of that training.
        tau: Kendall's τ-b between both; NaN where one of them is the same
            for all networks.
        interval: Its 95 % bootstrap interval over networks.
    """

    paths: tuple[Path, ...]
    inherited: np.ndarray
    alone: np.ndarray
    epochs: int
    tau: float
    interval: tuple[float, float]

    def __len__(self) -> int:
        """How many networks there are."""
        return len(self.alone)

    @property
    def rank_of_first(self) -> int:
        """The rank, from 1, that training alone gives the first of these."""
        return 1 + int((self.alone > self.alone[self.inherited.argmax()]).sum())


def rank_trust(record: RunRecord) -> RankTrust | None:
    """Returns how well inherited accuracies rank; None if too few can say.

    Only trainings of equal length are compared with each other: those that the
    most networks had. What was trained on the validation part is left out.
    """
    groups: dict[int, dict[Path, tuple[float, float]]] = {}
    for event in record.named(TrainedAlone):
        inherited, alone = event.inherited_accuracy, event.validation_accuracy
        if event.uses_validation or inherited is None or alone is None:
            continue
        group = groups.setdefault(len(event.losses), {})
        group[event.path] = inherited, alone
    if not groups:
        return None
    epochs, group = max(groups.items(), key=lambda each: len(each[1]))
    if len(group) < LEAST_NETWORKS:
        return None
    both = np.array(list(group.values()))
    return RankTrust(
        paths=tuple(group),
        inherited=both[:, 0],
        alone=both[:, 1],
        epochs=epochs,
        tau=kendall_tau(both[:, 0], both[:, 1]),
        interval=bootstrap_interval(both[:, 0], both[:, 1]),
    )


def trust_text(record: RunRecord) -> str:
    """Returns in a few sentences how far the ranking can be trusted."""
    trust = rank_trust(record)
    if trust is None:
        return (
            "How far this ranking can be trusted is not known: fewer than "
            f"{LEAST_NETWORKS} networks were trained alone and evaluated on "
            "images that they had not seen (`--num_rank_checks` asks for more)."
        )
    facts = (
        f"{counted(len(trust), 'network')}, spread over the ranks, were "
        f"trained alone for {counted(trust.epochs, 'epoch')} each"
    )
    if not math.isfinite(trust.tau):
        return (
            f"{facts}, and came out equally accurate there or with inherited "
            "weights: nothing can be said about the ranking."
        )
    low, high = trust.interval
    return (
        f"{facts}. Kendall's τ between inherited accuracy and accuracy alone "
        f"is {trust.tau:.2f} (95 % bootstrap interval {low:.2f} to "
        f"{high:.2f}); 1 is the same order, 0 is chance. {_verdict(low)} The "
        f"network ranked first of them came out "
        f"{_ordinal(trust.rank_of_first)} of {len(trust)}."
    )


def short_trust_text(record: RunRecord) -> str:
    """Returns the same in a few words, for a table."""
    trust = rank_trust(record)
    if trust is None or not math.isfinite(trust.tau):
        return "not known"
    low, high = trust.interval
    return f"{trust.tau:.2f} ({low:.2f} to {high:.2f})"


def _verdict(low: float) -> str:
    if low > 0.5:
        return "The ranking can be relied on."
    if low > 0:
        return "The ranking is better than chance, and no more is certain."
    return (
        "The interval reaches down to chance: these networks do not show that "
        "the ranking distinguishes good from bad."
    )


def _ordinal(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{_ENDINGS.get(number % 10, 'th')}"
