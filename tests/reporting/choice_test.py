"""A report says how the winner was chosen, and what guessing gets."""

import dataclasses

from nse_tf.events import ChildrenRanked, Event, SupernetJudged
from nse_tf.reporting.choice import (
    choice_lines,
    choice_section,
    ranking_text,
    supernet_text,
)
from nse_tf.reporting.run_record import RunRecord

LEARNED = SupernetJudged(
    trainings=1,
    num_children=20,
    mean_accuracy=0.473,
    chance=0.1,
    bound=0.1186,
    num_images=1000,
    has_learned=True,
)
GUESSES = dataclasses.replace(
    LEARNED, trainings=3, mean_accuracy=0.104, has_learned=False
)
RANKED = ChildrenRanked(
    by="accuracy", num_children=200, num_alike=14, num_images=1000
)


def record(*events: Event) -> RunRecord:
    return RunRecord(name="a", events=events)


def test_what_was_never_judged_is_not_mentioned() -> None:
    assert choice_lines(record()) == []
    assert choice_section(record()) == ""


def test_a_supernet_that_learned_is_given_beside_chance() -> None:
    assert supernet_text(record(LEARNED)) == (
        "after 1 training, 20 networks have 47.30 % on average with inherited "
        "weights; always guessing the most frequent class gets 10.00 %"
    )
    assert "bad" not in choice_section(record(LEARNED, RANKED))


def test_the_last_look_at_it_counts() -> None:
    again = dataclasses.replace(LEARNED, trainings=2)
    text = supernet_text(record(GUESSES, again))
    assert text.startswith("after 2 trainings")


def test_a_supernet_at_chance_is_a_warning_with_what_to_do() -> None:
    text = supernet_text(record(GUESSES))
    assert text.startswith("AT CHANCE after 3 trainings: 20 networks have ")
    assert "by luck up to 11.86 % of 1,000 images" in text
    assert "--supernet_epochs" in text
    assert 'class="banner bad"' in choice_section(record(GUESSES))


def test_one_network_is_no_mean() -> None:
    one = dataclasses.replace(LEARNED, num_children=1)
    assert "a network has 47.30 % with" in supernet_text(record(one))


def test_a_choice_says_from_how_many_it_is_not_told() -> None:
    assert ranking_text(record(RANKED)) == (
        "by inherited accuracy: the best of 200 networks, but 1,000 validation "
        "images do not tell it from 13 others"
    )
    for num_alike, words in (
        (1, "and 1,000 validation images tell it from all others"),
        (200, "but 1,000 validation images do not tell it from any other"),
    ):
        ranked = dataclasses.replace(RANKED, num_alike=num_alike)
        assert ranking_text(record(ranked)).endswith(words)


def test_a_choice_by_angle_is_called_so() -> None:
    ranked = dataclasses.replace(RANKED, by="angle", num_alike=200)
    assert ranking_text(record(GUESSES, ranked)) == (
        "by the largest angle between initial and trained weights of 200 "
        "networks, since inherited accuracies were at chance"
    )
