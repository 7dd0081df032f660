"""SlotSupernet: the weights of cells that evolve."""

import types
from collections.abc import Mapping, Sequence

import keras
import numpy as np
import tensorflow as tf

from nse_tf.spaces import Genotype, Motif, SearchSpace, SlotSkeleton
from nse_tf.spaces.chains import space_of_blocks
from nse_tf.supernet.chains.child import cut_out_chain
from nse_tf.supernet.chains.mbconv_layers import MBCONV_PARTS
from nse_tf.supernet.chains.slot_layer import SlotLayer
from nse_tf.supernet.chains.supernet import Supernet
from nse_tf.supernet.protocols import Active, Capability


class SlotSupernet(Supernet):
    """The weight-sharing model of a chain of slots.

    It is called and mixed as a `Supernet`, one open slot a block. Which cell
    sits in which slot is part of its variables, see `seat`, so that a
    checkpoint has it and another cell needs no new trace.

    The last norm of a cell has neither scale nor offset: weights are trained
    through the mixture of all slots, where a scale and a share would mean the
    same.

    Args:
        space: The space of slots.
        seed: Seed of the initial weights.

    Raises:
        ValueError: If the space is none of slots.
    """

    capabilities = (Supernet.capabilities - {Capability.SEVERAL_OPEN}) | {
        Capability.SEATS_CELLS
    }
    limits: Mapping[Capability, str] = {
        Capability.TRAINS_MIXED: "Slots are trained mixed as --method=autospace"
        " does, without dropout and extra skips: give the job `seats`."
    }

    _block_type = SlotLayer

    def __init__(self, space: SearchSpace, seed: int = 0) -> None:
        space.require_skeleton(SlotSkeleton)
        super().__init__(space, seed)

    def row_kernel_sizes(self) -> Mapping[int, tf.Variable]:
        """Returns how long the kernels of rows are, as cells sit."""
        return {
            index: sizes.value
            for index, sizes in super().row_kernel_sizes().items()
        }

    @property
    def cells(self) -> tuple[tuple[str, ...], ...]:
        """Name of the cell in each slot, block by block."""
        return tuple(
            tuple(cell.name for cell in block.cells) for block in self.blocks
        )

    @tf.autograph.experimental.do_not_convert
    def slot_distances(
        self, images: tf.Tensor, mixing_weights: tf.Tensor, active: Active
    ) -> tf.Tensor:
        """Returns how far slots are from the last; see `SeatingSupernet`."""
        outputs = self.run_backbone(
            self.stem, tf.cast(images, tf.float32), training=True, rate=0.0
        )
        found = []
        for number, block in enumerate(self.blocks):
            found.append(block.distances(outputs, active[number]))
            outputs = block.mix(outputs, mixing_weights[number], active[number])
        return tf.stack(found)

    def seat(
        self,
        cells: Sequence[Sequence[str]],
        parents: Sequence[Sequence[str]],
        bench: Sequence[Sequence[str]],
        seeds: Sequence[int],
        momenta: Mapping[int, tf.Variable] | None = None,
        *,
        draws_all: bool = False,
    ) -> None:
        """Gives the slots to other cells; see `SeatingSupernet`."""
        for number, block in enumerate(self.blocks):
            block.seat(
                [_cell(name) for name in cells[number]],
                [_cell(name) if name else None for name in parents[number]],
                [_cell(name) for name in bench[number]],
                np.random.default_rng([*seeds, number]),
                None if momenta is None else momenta[id(block.rows)],
                draws_all=draws_all,
            )

    def cut_out(self, genotype: Genotype, *, fast: bool = True) -> keras.Model:
        """Returns the stand-alone child of the cells in the open slots."""
        path = self.space.require(genotype).path
        chosen = [
            block.cells[slot]
            for block, slot in zip(self.blocks, path, strict=True)
        ]
        space = alone(self.space, chosen)
        views = [
            types.SimpleNamespace(
                block=own,
                values_of=lambda _, block=block, slot=slot: block.values_of(
                    slot
                ),
            )
            for own, block, slot in zip(
                space.as_chain().blocks, self.blocks, path, strict=True
            )
        ]
        there = types.SimpleNamespace(
            space=space, backbone_layers=self.backbone_layers, blocks=views
        )
        return cut_out_chain(
            MBCONV_PARTS, there, space.genotype([0] * len(chosen)), fast=fast
        )


def alone(space: SearchSpace, cells: Sequence[Motif]) -> SearchSpace:
    """Returns the space of one network: of a cell for each block of slots."""
    skeleton = space.require_skeleton(SlotSkeleton)
    return space_of_blocks(
        f"cells of {space.name}",
        skeleton.without_slots(),
        [[cell] for cell in cells],
        convention=space.convention,
    )


def _cell(name: str) -> Motif:
    """Returns the motif of a name.

    Raises:
        ValueError: If it is no motif that may sit in a slot.
    """
    cell = Motif.of_code(name.removeprefix("motif_"))
    if cell.reach > 3:
        raise ValueError(
            f"{name!r} cannot sit in a slot, whose kernels have up to 3 "
            f"pixels, not {cell.reach}."
        )
    return cell
