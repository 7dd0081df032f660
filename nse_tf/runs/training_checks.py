"""What settings of a training need, for one sentence before anything starts."""

from collections.abc import Mapping

Given = Mapping[str, float]


def check_teacher(
    teacher: str | None, pixels: str | None, given: Given, *, has_largest: bool
) -> None:
    """Refuses a teacher that is not there, and what only one takes.

    Args:
        teacher: `--teacher`.
        pixels: `--teacher_pixels`.
        given: Single numbers, by flag name.
        has_largest: Whether there is a nested supernet that is explored.

    Raises:
        ValueError: If there is something to refuse.
    """
    own = {
        "teacher_pixels": pixels,
        **{
            name: given.get(name)
            for name in ("teacher_weight", "teacher_temperature")
        },
    }
    for name, value in own.items():
        if value is not None and teacher is None:
            raise ValueError(
                f"`--{name}` is {value}, and nobody teaches: add "
                "--teacher=FILE.keras, or leave it out."
            )
    if teacher != "largest":
        return
    if pixels is not None:
        raise ValueError(
            f"`--teacher_pixels` is {pixels!r}, but networks of the supernet "
            "take 0..255: leave it out."
        )
    if not has_largest:
        raise ValueError(
            "`--teacher` is 'largest', the largest network of a nested "
            "supernet: add --sharing=nested or a trained --start to "
            "--method=spos or fairnas, or give a file."
        )


def check_paths(paths: str | None, given: Given, *, nests: bool) -> None:
    """Refuses the sandwich rule where candidates share no weights.

    Args:
        paths: `--paths`.
        given: Single numbers, by flag name.
        nests: Whether candidates do.

    Raises:
        ValueError: If it is asked for, or its number without it.
    """
    if paths != "sandwich":
        if "random_paths" in given:
            raise ValueError(
                "`--random_paths` is for --paths=sandwich: leave it out."
            )
    elif not nests:
        raise ValueError(
            "`--paths` is 'sandwich', which trains the largest network for all "
            "others: add --sharing=nested or a trained --start."
        )


def check_classifier_rate(given: Given, *, is_alone_new: bool) -> None:
    """Refuses a rate of a classifier that is no newer than the rest.

    Args:
        given: Single numbers, by flag name.
        is_alone_new: Whether other layers start from trained weights.

    Raises:
        ValueError: If it is given.
    """
    rate = given.get("classifier_rate")
    if rate is not None and not is_alone_new:
        raise ValueError(
            f"`--classifier_rate` is {rate}, but all layers start from fresh "
            "weights: add a trained --start or --child_start=inherited, or "
            "leave it out."
        )
