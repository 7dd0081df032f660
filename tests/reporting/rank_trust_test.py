import dataclasses
from typing import Any

import pytest

from nse_tf.events import Purpose, TrainedAlone
from nse_tf.reporting.rank_trust import (
    rank_trust,
    short_trust_text,
    trust_text,
)
from nse_tf.reporting.run_record import RunRecord


def trained(
    number: int, inherited: float, alone: float | None, **changes: Any
) -> TrainedAlone:
    event = TrainedAlone(
        job="a",
        seconds=1.0,
        path=(number,),
        purpose=Purpose.RANK_CHECK,
        uses_validation=False,
        inherited_accuracy=inherited,
        validation_accuracy=alone,
        losses=(1.0,) * 5,
        model_file="a.keras",
        model_sha256="",
    )
    return dataclasses.replace(event, **changes)


def record(*pairs: tuple[float, float | None], **changes: Any) -> RunRecord:
    events = (trained(i, *pair, **changes) for i, pair in enumerate(pairs))
    return RunRecord(name="a", events=tuple(events))


# Of the ten pairs of these five, (2, 3) and (4, 5) are the other way around.
FIVE = ((0.1, 0.5), (0.2, 0.7), (0.3, 0.6), (0.4, 0.9), (0.5, 0.8))


def test_tau_by_hand() -> None:
    trust = rank_trust(record(*FIVE))
    assert trust is not None
    assert trust.tau == pytest.approx((8 - 2) / 10)
    assert len(trust) == trust.epochs == 5
    assert trust.rank_of_first == 2


def test_too_few_networks_say_nothing() -> None:
    few = record(*FIVE[:3])
    assert rank_trust(few) is None
    assert "is not known: fewer than 4 networks" in trust_text(few)
    assert short_trust_text(few) == "not known"


def test_what_was_trained_on_the_validation_images_does_not_count() -> None:
    assert rank_trust(record(*FIVE, uses_validation=True)) is None


def test_what_diverged_does_not_count() -> None:
    trust = rank_trust(record(*FIVE, (0.6, None)))
    assert trust is not None
    assert len(trust) == 5


def test_only_trainings_of_equal_length_are_compared() -> None:
    short = record(*FIVE)
    longer = tuple(
        trained(9 + i, 0.9, 0.1, losses=(1.0,) * 50) for i in range(4)
    )
    trust = rank_trust(dataclasses.replace(short, events=short.events + longer))
    assert trust is not None
    assert trust.epochs == 5
    assert len(trust) == 5


def test_a_network_trained_twice_counts_once() -> None:
    once = record(*FIVE)
    again = dataclasses.replace(once, events=once.events + once.events[:2])
    trust = rank_trust(again)
    assert trust is not None
    assert len(trust) == 5


def test_equal_accuracies_rank_nothing() -> None:
    text = trust_text(record(*((0.1 * i, 0.9) for i in range(5))))
    assert "nothing can be said about the ranking" in text


def test_the_sentences_say_what_was_found() -> None:
    good = trust_text(record(*((0.1 * i, 0.1 * i) for i in range(8))))
    assert "Kendall's τ between" in good
    assert "is 1.00 (95 % bootstrap interval 1.00 to 1.00)" in good
    assert "can be relied on" in good
    assert "came out 1st of 8" in good
    bad = trust_text(record(*FIVE[:4], (0.5, 0.1)))
    assert "reaches down to chance" in bad
    assert "came out 5th of 5" in bad
