"""A layer of a user's model as a candidate: a label and its costs."""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class LayerOp:
    """A layer of a user's model that competes in a `Choice`.

    Attributes:
        label: Its name there, such as `conv2d_0`.
        macs: Multiply-accumulates for one image.
        params: Trainable numbers.
        kernel_params: Those of them in variables of rank 2 or more.
        num_convs: How many convolutions and fully connected layers it has.
    """

    label: str
    macs: int = 0
    params: int = 0
    kernel_params: int = 0
    num_convs: int = 0

    @property
    def name(self) -> str:
        """The label."""
        return self.label
