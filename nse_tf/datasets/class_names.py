"""Names of classes that files, logs and pages can hold."""

import re
from collections.abc import Sequence

# What would end a line of `labels.txt`, or a name in a terminal.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def writable(name: str) -> str:
    """Returns a name without what UTF-8 or a line cannot hold.

    Bytes that are no UTF-8, which Python reads from file names as lone
    surrogates, become U+FFFD; line breaks and other control characters become
    spaces.
    """
    whole = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return _CONTROLS.sub(" ", whole).strip() or "unnamed"


def written_names(names: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Returns the names of classes as they can be written, still distinct.

    Args:
        names: Names of folders.

    Returns:
        The names, in the same order, and a sentence about those that differ.
    """
    kept = {name for name in names if writable(name) == name}
    found: list[str] = []
    changed = []
    for name in names:
        new = plain = writable(name)
        number = 2
        while new != name and (new in kept or new in found):
            new = f"{plain} ({number})"
            number += 1
        found.append(new)
        if new != name:
            changed.append(f"{name!a} {new!r}")
    if not changed:
        return tuple(found), []
    return tuple(found), [
        "Names of folders that cannot be written are changed: "
        f"{', '.join(changed)}."
    ]
