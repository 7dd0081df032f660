"""The children that a run evaluated with inherited weights, as arrays."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from nse_tf.costs import in_order
from nse_tf.events import GenerationEvaluated
from nse_tf.evolution import pareto_front
from nse_tf.spaces.genotype import Path, as_path


@dataclasses.dataclass(frozen=True)
class Children:
    """Evaluated children, in order; failed ones are left out.

    Attributes:
        paths: Candidate indices of each child, a choice block each.
        accuracies: On the validation part, `(count,)`.
        costs: `(count,)` a cost; those of `COSTS` that are known of all.
        num_random: How many of them, from the first on, were drawn at random:
            those of the first generation, the baseline for what follows.
        measure: What `accuracies` are, for people.
    """

    paths: tuple[Path, ...]
    accuracies: np.ndarray
    costs: dict[str, np.ndarray]
    num_random: int = 0
    measure: str = "accuracy"

    def __len__(self) -> int:
        """How many there are."""
        return len(self.accuracies)

    @property
    def best(self) -> int:
        """Index of the most accurate one; of equal ones the first."""
        return int(self.accuracies.argmax())

    def front(self, cost: str) -> np.ndarray:
        """Returns the indices of the Pareto front, by rising cost."""
        return pareto_front(self.costs[cost], self.accuracies)

    def index_of(
        self, path: Sequence[int | Sequence[int]] | None
    ) -> int | None:
        """Returns the index of a path; None if it was not evaluated."""
        if path is None or as_path(path) not in self.paths:
            return None
        return self.paths.index(as_path(path))


def evaluated_children(
    generations: Sequence[GenerationEvaluated], measure: str = "accuracy"
) -> Children:
    """Returns the children of all generations, compared by a measure."""
    rows = [
        (path, accuracy, {n: event.costs[n][i] for n in event.costs})
        for event in generations
        for i, (path, accuracy) in enumerate(
            zip(event.paths, event.accuracies, strict=True)
        )
        if accuracy is not None
    ]
    first = generations[0].accuracies if generations else ()
    named = dict.fromkeys(name for row in rows for name in row[2])
    known = [
        name for name in in_order(named) if all(name in row[2] for row in rows)
    ]
    return Children(
        paths=tuple(row[0] for row in rows),
        accuracies=np.array([row[1] for row in rows], float),
        costs={
            name: np.array([row[2][name] for row in rows]) for name in known
        },
        num_random=sum(accuracy is not None for accuracy in first),
        measure=measure,
    )
