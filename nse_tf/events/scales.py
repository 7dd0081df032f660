"""Events of choosing resolution, width and depth."""

import dataclasses

from nse_tf.events.event import Event


@dataclasses.dataclass(frozen=True, kw_only=True)
class ScaleAlternative:
    """One scale that a space could have been made at.

    Attributes:
        image_size: Side of the images, in pixels.
        width: Multiplies widths; None where there is nothing to multiply.
        depth: Multiplies depths; None where there is nothing to multiply.
        share: Of networks drawn there, how many keep the limit.
        mean_macs: Mean MACs of these; None where there are none.
        accuracies: What networks that were trained there for a short time
            reached on the validation part; None where a training failed. Empty
            where none was trained.
    """

    image_size: int
    width: float | None
    depth: float | None
    share: float
    mean_macs: float | None
    accuracies: tuple[float | None, ...] = ()

    @property
    def mean_accuracy(self) -> float | None:
        """The mean of the accuracies that are known, if any is."""
        found = [each for each in self.accuracies if each is not None]
        return sum(found) / len(found) if found else None


@dataclasses.dataclass(frozen=True, kw_only=True)
class ScaleChosen(Event):
    """A scale was chosen for the space that is searched.

    Attributes:
        preset: Name of the space; that of a trained network where it is cut
            out of one.
        alternatives: All scales that were looked at.
        chosen: Index of the one that was taken.
        probe_epochs: Epochs of each training; 0 where none was trained.
        least_share: What share of networks had to keep the limit; 0 where none
            was so large.
        is_by_accuracy: Whether what trained networks reached decided; else
            costs did, since none was trained or none got above guessing.
    """

    preset: str
    alternatives: tuple[ScaleAlternative, ...]
    chosen: int
    probe_epochs: int
    least_share: float
    is_by_accuracy: bool

    @property
    def taken(self) -> ScaleAlternative:
        """The alternative that was taken."""
        return self.alternatives[self.chosen]
