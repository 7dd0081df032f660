"""Names that were meant: what to offer when a name is not known."""

import difflib
from collections.abc import Iterable


def nearest_names(name: str, known: Iterable[str], limit: int = 3) -> str:
    """Returns the `known` names nearest to `name`, as text for a message.

    Where nothing is near, the first names in alphabetical order stand in, so
    that a message always shows what a valid name looks like.
    """
    known = sorted(set(known))
    near = difflib.get_close_matches(name, known, n=limit, cutoff=0.4)
    return ", ".join(repr(each) for each in near or known[:limit])
