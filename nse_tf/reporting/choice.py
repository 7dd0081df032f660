"""How the winner was chosen, and what guessing would have got."""

from nse_tf.events import ChildrenRanked, SupernetJudged
from nse_tf.reporting.markup import Markup, joined, tag
from nse_tf.reporting.run_record import RunRecord
from nse_tf.reporting.units import counted, percent


def choice_lines(record: RunRecord) -> list[tuple[str, str]]:
    """Returns named lines for a terminal; none where nothing was judged."""
    texts = [supernet_text(record), ranking_text(record)]
    names = ("shared weights", "choice")
    return [
        (name, text) for name, text in zip(names, texts, strict=True) if text
    ]


def choice_section(record: RunRecord) -> Markup:
    """Returns the same as paragraphs; a warning where it was at chance."""
    judged = record.last(SupernetJudged)
    is_sound = judged is None or judged.has_learned
    return joined(
        tag(
            "p",
            tag("b", f"The {name}. "),
            f"{text[0].upper()}{text[1:]}.",
            class_="" if is_sound else "banner bad",
        )
        for name, text in choice_lines(record)
    )


def supernet_text(record: RunRecord) -> str:
    """Returns whether the supernet had learned; empty if it is not known."""
    judged = record.last(SupernetJudged)
    if judged is None:
        return ""
    accuracy, chance = percent(judged.mean_accuracy), percent(judged.chance)
    found = (
        f"a network has {accuracy} with inherited weights"
        if judged.num_children == 1
        else f"{judged.num_children} networks have {accuracy} on average with "
        "inherited weights"
    )
    guessing = f"always guessing the most frequent class gets {chance}"
    trainings = counted(judged.trainings, "training")
    if judged.has_learned:
        return f"after {trainings}, {found}; {guessing}"
    return (
        f"AT CHANCE after {trainings}: {found}, {guessing}, and by luck up to "
        f"{percent(judged.bound)} of {judged.num_images:,} images; train "
        "longer (--supernet_epochs), or give more images"
    )


def ranking_text(record: RunRecord) -> str:
    """Returns what ranked networks; empty if none were explored or told."""
    ranked = record.last(ChildrenRanked)
    if ranked is None:
        return ""
    networks = counted(ranked.num_children, "network")
    if ranked.by != "accuracy":
        return (
            "by the largest angle between initial and trained weights of "
            f"{networks}, since inherited accuracies were at chance"
        )
    best = f"by inherited accuracy: the best of {networks}"
    images = f"{ranked.num_images:,} validation images"
    alike = ranked.num_alike - 1
    if not alike:
        return f"{best}, and {images} tell it from all others"
    if ranked.num_alike == ranked.num_children:
        return f"{best}, but {images} do not tell it from any other"
    return f"{best}, but {images} do not tell it from {alike} others"
