"""What a user's own Keras model becomes as plain data.

Its layers stay opaque: a candidate is a label and the numbers that were read
off the built layer, a place is where the user put a `Choice`, and everything
else is one skeleton. `supernet.model_space` reads them off a model.
"""

import dataclasses
import operator
from typing import Any

from nse_tf.spaces.blocks import ChoiceBlock
from nse_tf.spaces.layer_op import LayerOp

Shape = tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class LayerBlock(ChoiceBlock):
    """A `Choice` of a user's model as a place.

    Height and width are 1 where its tensors have no such axes. The user's
    layers are all there is: no shortcut is added to them.

    Attributes:
        out_shape: Shape of the output without the batch.
    """

    out_shape: Shape = ()

    @property
    def has_shortcut(self) -> bool:
        """Never."""
        return False

    @property
    def out_size(self) -> tuple[int, int]:
        """Height and width of the output, in pixels."""
        return map_size(self.out_shape)

    def details(self) -> dict[str, Any]:
        """Returns what the names of candidates do not tell."""
        return {
            "in_size": list(self.in_size),
            "in_channels": self.in_channels,
            "out_shape": list(self.out_shape),
            "layers": [dataclasses.asdict(op) for op in self.candidates],
        }


@dataclasses.dataclass(frozen=True)
class ModelSkeleton:
    """What all networks of a user's model share.

    Attributes:
        image_size: Height and width of the input, in pixels.
        image_channels: Channels of the input.
        num_classes: Length of the output.
        model_digest: Of the model's configuration, candidates included, so
            that a changed model is told from the one of a state.
        macs: Multiply-accumulates of the shared layers for one image.
        params: Trainable numbers of the shared layers.
        kernel_params: Those of them in variables of rank 2 or more.
        num_convs: How many convolutions and fully connected layers they have.
    """

    image_size: tuple[int, int]
    image_channels: int
    num_classes: int
    model_digest: str
    macs: int = 0
    params: int = 0
    kernel_params: int = 0
    num_convs: int = 0


def map_size(shape: Shape) -> tuple[int, int]:
    """Returns height and width of `(height, width, channels)`, or ones.

    A shape without the batch; a vector's is `(channels,)`.
    """
    return (shape[0], shape[1]) if len(shape) == 3 else (1, 1)


def layer_block(
    name: str, candidates: tuple[LayerOp, ...], in_shape: Shape, out: Shape
) -> LayerBlock:
    """Returns the place of a `Choice`, given shapes without the batch."""
    return LayerBlock(
        name,
        candidates,
        map_size(in_shape),
        in_shape[-1],
        out[-1],
        out_shape=out,
    )


def skeleton_from_json(value: Any) -> ModelSkeleton:
    """Returns the skeleton that `dataclasses.asdict` wrote.

    Raises:
        KeyError: If a field is missing.
        TypeError: If a field is unknown or of another type.
    """
    height, width = value["image_size"]
    numbers = {
        name: operator.index(number)
        for name, number in value.items()
        if name not in ("image_size", "model_digest")
    }
    return ModelSkeleton(
        image_size=(operator.index(height), operator.index(width)),
        model_digest=str(value["model_digest"]),
        **numbers,
    )


def block_from_json(value: Any) -> LayerBlock:
    """Returns the place of a JSON value; errors as of `skeleton_from_json`."""
    height, width = value["in_size"]
    out = tuple(operator.index(number) for number in value["out_shape"])
    return LayerBlock(
        str(value["name"]),
        tuple(LayerOp(**layer) for layer in value["layers"]),
        (operator.index(height), operator.index(width)),
        operator.index(value["in_channels"]),
        out[-1],
        out_shape=out,
    )
