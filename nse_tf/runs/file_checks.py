"""What a run's files must be, for one sentence before anything starts."""

from collections.abc import Mapping, Sequence

from nse_tf.export.precisions import ALL_PRECISIONS


def check_precisions(
    precisions: Sequence[str] | None, needed: Mapping[str, str]
) -> None:
    """Refuses unknown files, and runs without those that they need.

    Args:
        precisions: `--precisions`; None is all that are usual.
        needed: The file that a flag needs, by the flag as it is given.

    Raises:
        ValueError: If there is something to refuse.
    """
    if precisions is None:
        return
    unknown = [each for each in precisions if each not in ALL_PRECISIONS]
    if unknown or not precisions or len({*precisions}) < len(precisions):
        raise ValueError(
            f"`--precisions` is {','.join(precisions)!r}: give some of "
            f"{', '.join(ALL_PRECISIONS)}, each once."
        )
    for flag, precision in needed.items():
        if precision not in precisions:
            raise ValueError(
                f"`--precisions` is {','.join(precisions)}, but {flag} needs "
                f"the {precision} file: add {precision}, or leave "
                "--precisions out."
            )
