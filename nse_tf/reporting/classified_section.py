"""The part of the page that says which classes are right, and which are not."""

import base64
from collections.abc import Iterable, Mapping

from matplotlib.patches import Rectangle

from nse_tf.reporting.classified import Classified
from nse_tf.reporting.drawing import (
    DOTS,
    FRONT,
    SOFT,
    Drawing,
    Key,
    canvas,
    to_svg,
)
from nse_tf.reporting.markup import Markup, figure, joined, table, tag
from nse_tf.reporting.units import percent

# More classes than these are no table, or no matrix, that anyone reads.
MAX_ROWS = 30
MAX_CELLS = 30


def majority_text(classified: Classified) -> str:
    """Returns how accurate the answer is that is the same for all images."""
    name = classified.classes[classified.majority_class].name
    return (
        f"always saying {name!r} would reach "
        f"{percent(classified.majority_share)}"
    )


def classes_section(
    classified: Classified | None, pictures: Mapping[str, bytes]
) -> str:
    """Returns accuracies by class, the confusion matrix, errors, and crops.

    Args:
        classified: What the winner makes of the test images; None before.
        pictures: The PNG files that it names, by name.
    """
    if classified is None:
        return ""
    found = classified
    parts = [
        tag("h2", "Class by class"),
        tag("p", *_verdict(found)),
        _class_table(found),
    ]
    drawings: list[str] = []
    if 2 <= len(found.classes) <= MAX_CELLS:
        drawings.append(figure(plot_confusion(found)))
    errors = [
        (
            each.file,
            f"{found.classes[each.label].name} taken for "
            f"{found.classes[each.predicted].name}, "
            f"{percent(each.confidence)} sure",
        )
        for each in found.errors
    ]
    drawings += [
        _pictures("The most confident errors", errors, pictures),
        _pictures(
            "What the network sees: training images, cropped and resized",
            [(name, "") for name in found.seen],
            pictures,
        ),
    ]
    parts.append(tag("div", *filter(None, drawings), class_="figures"))
    return joined(parts)


def _verdict(found: Classified) -> list[str]:
    text = (
        f"Balanced accuracy {percent(found.balanced_accuracy)}, macro F1 "
        f"{percent(found.macro_f1)}, AUC {found.auc:.3f}. The accuracy lies "
        f"between {percent(found.low)} and {percent(found.high)} (95 % "
        f"interval); {majority_text(found)}. "
    )
    parts: list[str] = [text]
    if not found.beats_majority:
        parts.append(
            tag("b", "It is not shown to be better than that. ", class_="bad")
        )
    if found.never_found:
        names = ", ".join(found.never_found[:MAX_ROWS])
        parts.append(tag("b", f"Never right: {names}.", class_="bad"))
    return parts


def _class_table(found: Classified) -> Markup:
    """Returns the classes, the least accurate first where there are many."""
    labels = list(range(len(found.classes)))
    caption = "Accuracy on the test images by class"
    if len(labels) > MAX_ROWS:
        labels = sorted(
            found.present, key=lambda i: found.classes[i].accuracy or 0.0
        )[:MAX_ROWS]
        caption += f", the {len(labels)} classes with the least"
    rows = []
    for label in labels:
        each, taken = found.classes[label], found.taken_for(label)
        accuracy = each.accuracy
        rows.append(
            [
                each.name,
                f"{each.right:,} of {each.images:,}",
                "no image" if accuracy is None else percent(accuracy),
                f"{percent(each.low)} to {percent(each.high)}",
                "" if taken is None else f"{taken[0]} ({taken[1]:,})",
            ]
        )
    return table(
        ["Class", "Right", "Accuracy", "95 % interval", "Mostly taken for"],
        rows,
        caption=caption,
        kind="wraps",
    )


def plot_confusion(found: Classified) -> Drawing:
    """Draws the confusion matrix, each row as shares of its class."""
    matrix = found.matrix
    names = [each.name for each in found.classes]
    count = len(names)
    size = max(6, min(11, 200 // count))
    with canvas("confusion", 60 + 330) as (drawn, (axes,)):
        for row in range(count):
            total = max(int(matrix[row].sum()), 1)
            for column in range(count):
                number = int(matrix[row, column])
                if not number:
                    continue
                share = 0.15 + 0.6 * number / total
                color = FRONT if row == column else DOTS
                axes.add_patch(
                    Rectangle(
                        (column - 0.48, row - 0.48),
                        0.96,
                        0.96,
                        facecolor=(color, round(share, 2)),
                        edgecolor=SOFT if row == column else "none",
                        linewidth=0.5,
                    )
                )
                axes.text(
                    column, row, f"{number}", ha="center", va="center",
                    fontsize=size, in_layout=False,
                )  # fmt: skip
        axes.set_xlim(-0.5, count - 0.5)
        axes.set_ylim(count - 0.5, -0.5)
        axes.grid(visible=False)
        axes.tick_params(length=0, labelsize=size)
        axes.set_xticks(range(count), names, rotation=90)
        axes.set_yticks(range(count), names)
        axes.set_xlabel("taken for")
        return Drawing(
            "confusion",
            "Confusion matrix of the test images",
            to_svg(drawn, _confusion_text(found)),
            (
                Key("■", FRONT, "right"),
                Key("■", DOTS, "wrong; the stronger, the larger the share"),
            ),
        )


def _confusion_text(found: Classified) -> str:
    texts = []
    for label, each in enumerate(found.classes):
        taken = found.taken_for(label)
        text = f"{each.name} {each.right} of {each.images} right"
        if taken is not None:
            text += f", {taken[1]} taken for {taken[0]}"
        texts.append(text)
    return f"Confusion matrix: {'; '.join(texts)}."


def _pictures(
    title: str,
    named: Iterable[tuple[str, str]],
    pictures: Mapping[str, bytes],
) -> Markup | str:
    """Returns pictures with what is below each; empty if there are none."""
    shown = [
        tag(
            "span",
            Markup(
                f'<img alt="" src="data:image/png;base64,'
                f'{base64.b64encode(pictures[name]).decode()}">'
            ),
            below,
            class_="picture",
        )
        for name, below in named
        if name in pictures
    ]
    if not shown:
        return ""
    return tag("figure", tag("h3", title), tag("div", *shown, class_="strip"))
