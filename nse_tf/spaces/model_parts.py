"""What a user's own Keras model becomes as plain data.

Its layers stay opaque: a candidate is a label and the costs that were read off
the built layer, a `Choice` is a block, and everything else is one skeleton.
`supernet.user_models` reads them off a model.
"""

import dataclasses
import operator
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from nse_tf.spaces.blocks import DecisionPoint, Map
from nse_tf.spaces.layer_op import LayerOp
from nse_tf.spaces.ops import Op
from nse_tf.spaces.skeletons import Readers, Skeleton

Shape = tuple[int, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class LayerBlock(DecisionPoint):
    """A `Choice` of a user's model as a block.

    Height and width are 1 where its tensors have no such axes. The candidates
    are the user's layers and nothing else: no shortcut is added to them.

    Attributes:
        in_size: Height and width of the input, in pixels.
        in_channels: Channels of the input.
        out_shape: Shape of the output without the batch.
    """

    candidates: tuple[LayerOp, ...]
    in_size: tuple[int, int]
    in_channels: int
    out_shape: Shape

    FAMILIES: ClassVar[tuple[type[Op], ...]] = (LayerOp,)

    @property
    def max_open(self) -> int:
        """How many candidates may be open at once: one."""
        return 1

    @property
    def stride(self) -> int:
        """1: the user's layers are not asked for theirs."""
        return 1

    @property
    def in_map(self) -> Map:
        """Height, width and channels of the input."""
        return (*self.in_size, self.in_channels)

    @property
    def out_map(self) -> Map:
        """Height, width and channels of the output."""
        return (*map_size(self.out_shape), self.out_shape[-1])

    def cost_key(self, op_name: str) -> str:
        """Returns the row of a cost table that holds a candidate here."""
        in_map, out = (
            "x".join(map(str, each)) for each in (self.in_map, self.out_shape)
        )
        return f"{op_name}/in:{in_map}/out:{out}/{self.name}"

    def details(self) -> dict[str, Any]:
        """Returns what files say beyond name, candidates and `max_open`."""
        return {
            "in_size": list(self.in_size),
            "in_channels": self.in_channels,
            "out_shape": list(self.out_shape),
            "layers": [dataclasses.asdict(op) for op in self.candidates],
        }


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModelSkeleton(Skeleton):
    """What all networks of a user's model share.

    Attributes:
        model_digest: Digest of the model's configuration, candidates included,
            by which a run notices that the model was changed.
        macs: Multiply-accumulates of the shared layers for one image.
        params: Trainable numbers of the shared layers.
        kernel_params: Those of them in variables of rank 2 or more.
        num_convs: How many convolutions and fully connected layers they have.
    """

    model_digest: str
    macs: int = 0
    params: int = 0
    kernel_params: int = 0
    num_convs: int = 0

    KIND: ClassVar[str] = "model"
    NOUN: ClassVar[str] = "a Keras model with `Choice` layers"
    HINT: ClassVar[str] = (
        " Hand over the model, too, where its networks are built."
    )
    WRITES_KIND: ClassVar[bool] = False
    READERS: ClassVar[Readers] = {**Skeleton.READERS, "model_digest": str}

    @property
    def classifier_channels(self) -> None:
        """Unknown: the classifier is one of the user's layers."""
        return None

    @property
    def measures_blocks(self) -> bool:
        """Yes: tables are made of whole networks, see `model_swaps`."""
        return True

    @property
    def measures_all(self) -> bool:
        """Yes: a pooling takes time, and nothing says which layer does not."""
        return True

    @property
    def cost_keys(self) -> tuple[str]:
        """The row of the shared layers, by which a table belongs to a model."""
        return (f"model/{self.model_digest}",)

    def blocks(
        self,
        candidates: Sequence[Sequence[Op]],
        max_open: Sequence[int] | None = None,
    ) -> tuple[DecisionPoint, ...]:
        """Refuses: only the user's model knows the shapes of its layers.

        Raises:
            ValueError: Always.
        """
        raise ValueError(
            "The blocks of a user's own model come from the model; they cannot "
            "get other candidates."
        )

    def blocks_from_json(
        self, value: Sequence[Mapping[str, Any]]
    ) -> tuple[DecisionPoint, ...]:
        """Returns the blocks that a file lists; see `Skeleton`."""
        return tuple(_block_from_json(block) for block in value)


def map_size(shape: Shape) -> tuple[int, int]:
    """Returns height and width of `(height, width, channels)`, or ones.

    Args:
        shape: Shape without the batch; a vector has `(channels,)`.
    """
    return (shape[0], shape[1]) if len(shape) == 3 else (1, 1)


def layer_block(
    name: str, candidates: tuple[LayerOp, ...], in_shape: Shape, out: Shape
) -> LayerBlock:
    """Returns the block of a `Choice`, given shapes without the batch."""
    return LayerBlock(
        name=name,
        candidates=candidates,
        in_size=map_size(in_shape),
        in_channels=in_shape[-1],
        out_shape=out,
    )


def _block_from_json(value: Mapping[str, Any]) -> LayerBlock:
    height, width = value["in_size"]
    return LayerBlock(
        name=str(value["name"]),
        candidates=tuple(LayerOp(**layer) for layer in value["layers"]),
        in_size=(operator.index(height), operator.index(width)),
        in_channels=operator.index(value["in_channels"]),
        out_shape=tuple(operator.index(n) for n in value["out_shape"]),
    )
