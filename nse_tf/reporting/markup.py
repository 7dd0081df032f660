"""HTML that is escaped unless it was made here."""

import html
from collections.abc import Iterable, Sequence

from nse_tf.reporting.drawing import Drawing
from nse_tf.reporting.page_style import CSS


class Markup(str):
    """HTML as it stands; any other text is escaped wherever it is put in."""

    __slots__ = ()


def escaped(content: str) -> Markup:
    """Returns content as markup, escaped unless it is markup already."""
    if isinstance(content, Markup):
        return content
    return Markup(html.escape(str(content)))


def joined(parts: Iterable[str], by: str = "") -> Markup:
    """Returns parts as one piece of markup, each escaped where needed."""
    return Markup(escaped(by).join(escaped(part) for part in parts))


def tag(name: str, *content: str, **attributes: str) -> Markup:
    """Returns an element.

    Args:
        name: Name of the element.
        *content: Markup, or text that is escaped.
        **attributes: Its attributes; `class_` is written with an underscore,
            since `class` is a word of Python, and so are hyphens.
    """
    written = "".join(
        f' {key.strip("_").replace("_", "-")}="{html.escape(value)}"'
        for key, value in attributes.items()
        if value
    )
    return Markup(f"<{name}{written}>{joined(content)}</{name}>")


def table(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    caption: str,
    num_left: int = 1,
    last_is_total: bool = False,
    kind: str = "",
) -> Markup:
    """Returns a table that scrolls by itself where it is too wide.

    Args:
        header: Names of the columns.
        rows: Cells; the first of a row is its heading.
        caption: What the table holds, for those who cannot see it.
        num_left: The first columns are flush left, the others right.
        last_is_total: Whether the last row sums up the others.
        kind: `wraps` where cells that are flush right may take several lines,
            `parts` where a row takes two lines on a phone.
    """

    def cell(name: str, column: int, content: str, **attributes: str) -> Markup:
        side = "" if column < num_left else "right"
        return tag(name, content, class_=side, **attributes)

    head = tag(
        "tr",
        *(cell("th", i, text, scope="col") for i, text in enumerate(header)),
    )
    lines = [
        [
            cell("th", 0, row[0], scope="row"),
            *(cell("td", i, text) for i, text in enumerate(row[1:], 1)),
        ]
        for row in rows
    ]
    total = [tag("tr", *lines.pop())] if last_is_total else []
    return tag(
        "div",
        tag(
            "table",
            tag("thead", head) if any(header) else "",
            tag("tbody", *(tag("tr", *line) for line in lines)),
            tag("tfoot", *total) if total else "",
            aria_label=caption,
            class_=kind,
        ),
        class_="scroll",
        role="region",
        aria_label=caption,
        tabindex="0",
    )


def facts(pairs: Iterable[tuple[str, str]]) -> Markup:
    """Returns names and their values as a list."""
    return tag(
        "dl",
        *(
            tag("div", tag("dt", name), tag("dd", value))
            for name, value in pairs
        ),
        class_="facts",
    )


def figure(drawing: Drawing) -> Markup:
    """Returns a drawing with its title and key."""
    keys = [
        joined(
            [
                tag("b", key.mark, style=f"color: var(--{key.variable})"),
                key.text,
            ],
            " ",
        )
        for key in drawing.keys
    ]
    return tag(
        "figure",
        tag("h3", drawing.title),
        tag("figcaption", *(tag("span", key) for key in keys)) if keys else "",
        Markup(drawing.svg),
    )


def document(title: str, body: Iterable[str]) -> str:
    """Returns a whole page that needs nothing from anywhere."""
    head = joined(
        [
            Markup('<meta charset="utf-8">'),
            Markup(
                '<meta name="viewport" '
                'content="width=device-width, initial-scale=1">'
            ),
            tag("title", title),
            tag("style", Markup(CSS)),
        ]
    )
    page = tag(
        "html", tag("head", head), tag("body", joined(body, "\n")), lang="en"
    )
    return f"<!DOCTYPE html>\n{page}\n"
