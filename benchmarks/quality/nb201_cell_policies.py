"""Policies of evolution, held against each other by noise as it was measured.

Real rounds are too dear for twenty seeds of each policy. So what a round would
say is drawn: a slope times the true rank of each cell, and residuals that were
seen in rounds of random cells, less their mean over the slots.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
from nb201_cell_rounds import (
    CONFIG,
    FITNESSES,
    RESNET,
    Policy,
    Turn,
    evolve,
    path_at,
)
from nb201_slots import name_of
from scipy import stats

from nse_tf.significance import half_interval

NUM_SEEDS = 20
POLICIES = {
    "as the search does": Policy(),
    "random cells": Policy(is_random=True),
    "no mutation": Policy(dataclasses.replace(CONFIG, mutation_share=0.0)),
    "remove the oldest": Policy(removes="oldest"),
    "no reference": Policy(dataclasses.replace(CONFIG, reference="none")),
}
Rows = Sequence[dict[str, str]]


@dataclasses.dataclass(frozen=True)
class Noise:
    """What a fitness says of cells, as a model.

    Attributes:
        slope: Of what it says by the normal score of the true rank.
        residuals: What it says besides, `(count,)`.
        scores: That normal score of each cell, by its name.
    """

    slope: float
    residuals: np.ndarray
    scores: dict[str, float]

    def evidence(
        self, names: Sequence[str], policy: Policy, rng: np.random.Generator
    ) -> list[float]:
        """Returns what a round would say of cells."""
        has_reference = policy.config.reference != "none"
        everyone = [*names, *([name_of(RESNET)] * has_reference)]
        said = np.array([self.scores[name] for name in everyone]) * self.slope
        said += rng.choice(self.residuals, len(everyone))
        said -= said.mean()
        found: list[float] = said[: len(names)].tolist()
        return found


def policy_lines(seeds: Sequence[Rows], truth: dict[str, float]) -> list[str]:
    """Returns a line for each fitness and policy.

    Args:
        seeds: The rows of random cells, seed by seed.
        truth: The true accuracy of each cell, by its name.
    """
    if not seeds:
        return []
    lines = []
    for fitness in FITNESSES:
        noise = _noise(seeds, fitness, truth)
        ends = {
            name: [
                _end(noise, policy, seed, truth) for seed in range(NUM_SEEDS)
            ]
            for name, policy in POLICIES.items()
        }
        plain = np.array(ends["random cells"])
        lines += [
            f"drawn from the noise of {fitness}, {name}: {np.mean(found):.2f} ±"
            f" {half_interval(found):.2f}, above random cells by "
            f"{np.mean(found - plain):.2f} ± "
            f"{half_interval(np.array(found) - plain):.2f} ({NUM_SEEDS} seeds)"
            if name != "random cells"
            else f"drawn from the noise of {fitness}, {name}: "
            f"{np.mean(found):.2f} ± {half_interval(found):.2f}"
            for name, found in ends.items()
        ]
    return lines


def _noise(
    seeds: Sequence[Rows], fitness: str, truth: dict[str, float]
) -> Noise:
    """Returns the model of what random cells were said to be.

    It is that of the cells of a round, less their own mean: the reference is
    left out, of which some fitnesses always say the same.
    """
    names = sorted(truth)
    ranks = stats.rankdata([truth[name] for name in names])
    normal = stats.norm.ppf((ranks - 0.5) / len(names))
    scores = dict(zip(names, normal.tolist(), strict=True))
    said, known = [], []
    for rows in seeds:
        rounds: dict[str, list[dict[str, str]]] = {}
        for row in rows:
            rounds.setdefault(row["round"], []).append(row)
        for of_round in rounds.values():
            values = [float(row[fitness]) for row in of_round]
            of_cells = [scores[row["cell"]] for row in of_round]
            said.append(values)
            known.append(of_cells)
    seen, by_rank = (
        each - each.mean(axis=1, keepdims=True)
        for each in (np.array(said), np.array(known))
    )
    slope = float((seen * by_rank).sum() / (by_rank**2).sum())
    count = seen.shape[1]
    # Taking the mean away took a share of their variance.
    residuals = (seen - slope * by_rank) * np.sqrt(count / (count - 1))
    return Noise(slope, residuals.ravel(), scores)


def _end(
    noise: Noise, policy: Policy, seed: int, truth: dict[str, float]
) -> float:
    """Returns the mean accuracy of the cells that a policy ends in."""
    rng = np.random.default_rng([seed, 12])

    def test(number: int, turn: Turn, members: Turn) -> list[float]:
        del number, members
        names = [name_of(path_at(each.index)) for each in turn]
        return noise.evidence(names, policy, rng)

    best = evolve(test, policy, seed)
    return float(np.mean([truth[name_of(path)] for path in best]))
