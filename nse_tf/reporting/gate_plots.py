"""Figures of a search by binary gates: parameters, entropy, expected cost."""

import itertools
from collections.abc import Sequence

import numpy as np

from nse_tf.events import NetworkDerived, ParametersTrained
from nse_tf.reporting.drawing import (
    FRONT,
    INK,
    LIMIT,
    SOFT,
    Drawing,
    Key,
    canvas,
    to_svg,
)
from nse_tf.reporting.plots import few_ticks, in_a_sentence, scale_of
from nse_tf.reporting.units import counted, short_cost
from nse_tf.spaces import SearchSpace

# Of the curves of a training, so that a page stays small.
_MOST_POINTS = 40


def plot_probabilities(
    trained: Sequence[ParametersTrained], space: SearchSpace
) -> Drawing:
    """Draws what the parameters said of each candidate, epoch by epoch.

    Args:
        trained: The trainings, one continuing the other; the last one has an
            epoch.
        space: Names blocks and candidates.
    """
    last = trained[-1].history[-1]
    chosen = [int(np.argmax(row)) for row in last]
    epochs, shown = _shown(trained)
    with canvas("probabilities", 280) as (figure, (axes,)):
        for block, best in enumerate(chosen):
            for number in range(len(last[block])):
                is_best = number == best
                axes.plot(
                    epochs,
                    [epoch[block][number] for epoch in shown],
                    color=FRONT if is_best else SOFT,
                    linewidth=1.2 if is_best else 0.4,
                    zorder=2 if is_best else 1,
                )
        axes.set_xlabel("epochs")
        axes.set_ylabel("probability")
        few_ticks(axes)
        axes.set_ylim(0, 1)
        names = [
            f"{block.name}: {block.candidates[active[best]].name} "
            f"{100 * row[best]:.0f} %"
            for block, active, best, row in zip(
                space.blocks, trained[-1].active, chosen, last, strict=True
            )
        ]
        text = (
            f"Probability of each candidate over {counted(epochs[-1], 'epoch')}"
            f". The likeliest at the end: {'; '.join(names)}."
        )
        return Drawing(
            "probabilities",
            "Architecture parameters, by block",
            to_svg(figure, text),
            (
                Key("━", FRONT, "likeliest of its block at the end"),
                Key("━", SOFT, "the others"),
            ),
        )


def plot_expectations(
    trained: Sequence[ParametersTrained], derived: NetworkDerived | None
) -> Drawing:
    """Draws how decided the parameters were, and the expected cost.

    Args:
        trained: The trainings, one continuing the other; the last one has an
            epoch.
        derived: What network was derived in the end, if one was.
    """
    event = trained[-1]
    epochs, shown = _shown(trained)
    entropies = [_entropy(epoch) for epoch in shown]
    every = [each for training in trained for each in training.expected]
    expected = np.array(every)[np.array(epochs) - 1]
    scale, unit = scale_of(event.cost, float(expected.max()))
    keys = [
        Key("━", INK, "entropy, 1 where all are equally likely"),
        Key("━", FRONT, f"expected {in_a_sentence(event.cost)}"),
    ]
    sentences = [
        f"Mean entropy falls from {entropies[0]:.2f} to {entropies[-1]:.2f} "
        f"over {counted(epochs[-1], 'epoch')}.",
        f"Expected {in_a_sentence(event.cost)} at the end: "
        f"{short_cost(event.cost, float(expected[-1]))}.",
    ]
    with canvas("expectations", 330, 2) as (figure, (upper, lower)):
        upper.plot(epochs, entropies, color=INK, linewidth=1.5)
        upper.set_ylabel("entropy")
        lower.plot(epochs, expected / scale, color=FRONT, linewidth=1.5)
        if event.target is not None:
            lower.axhline(event.target / scale, color=LIMIT, linestyle="--")
            keys.append(Key("╌", LIMIT, "target"))
            sentences.append(
                f"The target is {short_cost(event.cost, event.target)}."
            )
        lower.set_xlabel("epochs")
        lower.set_ylabel(f"{in_a_sentence(event.cost)}{unit}")
        few_ticks(upper)
        few_ticks(lower)
        if derived is not None:
            sentences.append(_derivation(derived, event.cost))
        return Drawing(
            "expectations",
            "Entropy and expected cost of the architecture",
            to_svg(figure, " ".join(sentences)),
            tuple(keys),
        )


def _shown(
    trained: Sequence[ParametersTrained],
) -> tuple[list[int], list[tuple[tuple[float, ...], ...]]]:
    """Returns some epochs, counted from 1, and the probabilities after them."""
    history = list(
        itertools.chain.from_iterable(event.history for event in trained)
    )
    points = np.linspace(0, len(history) - 1, min(len(history), _MOST_POINTS))
    chosen = np.unique(points.astype(int)).tolist()
    return [index + 1 for index in chosen], [history[index] for index in chosen]


def _entropy(epoch: Sequence[Sequence[float]]) -> float:
    """Returns the mean entropy of blocks, as a share of the largest."""
    shares = []
    for row in epoch:
        if len(row) > 1:
            values = np.maximum(np.array(row), 1e-300)
            entropy = -(values * np.log(values)).sum()
            shares.append(float(entropy / np.log(len(row))))
    return float(np.mean(shares)) if shares else 0.0


def _derivation(derived: NetworkDerived, cost: str) -> str:
    """Returns in a sentence what the budget made of the likeliest network."""
    found = short_cost(cost, derived.costs[cost])
    if derived.path == derived.likeliest:
        return f"The likeliest network keeps the budget: {found}."
    wanted = short_cost(cost, derived.likeliest_costs[cost])
    proof = "" if derived.is_proven else ", as far as the search for it went"
    return (
        f"The likeliest network has {wanted}; the likeliest one within the "
        f"budget{proof} has {found} and is {np.exp(derived.log_odds):.2g} "
        "times as likely."
    )
