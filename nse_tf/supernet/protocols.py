"""What a supernet is to whatever trains, calibrates and evaluates with it."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import keras
import numpy as np
import tensorflow as tf

from nse_tf.sampling import Sampler
from nse_tf.spaces import Genotype, SearchSpace
from nse_tf.supernet.capability import Capability as Capability
from nse_tf.supernet.extra_skips import ExtraSkips
from nse_tf.supernet.shared_blocks import OwnedRows as OwnedRows
from nse_tf.supernet.shared_blocks import SharedBlock as SharedBlock
from nse_tf.supernet.skip_dropout import SkipDropout

Active = Sequence[Sequence[int]]
# How the candidates of a supernet share weights: a row each, or one a part of
# the other.
Sharing = Literal["rows", "nested"]


class WeightSharing(Protocol):
    """What trains, calibrates and evaluates asks of a supernet.

    Attributes:
        space: The space.
    """

    space: SearchSpace

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What it can do beyond this protocol."""

    @property
    def limits(self) -> Mapping[Capability, str]:
        """Why it lacks a capability, and what to do instead.

        It may be left out where there is no more to say than that it does.
        """

    @property
    def blocks(self) -> Sequence[Any]:
        """A `SharedBlock` for each block of the space."""

    @property
    def backbone_layers(self) -> list[keras.layers.Layer]:
        """The layers that all children share, input to output."""

    @property
    def angle_weights(self) -> list[keras.Variable]:
        """The weights of the backbone whose rotation counts in angles."""

    def row_kernel_sizes(self) -> Mapping[int, np.ndarray | tf.Variable]:
        """Returns how long the kernels of rows are, by index of variable.

        For an optimizer that moves rows; see `LazySGD`.
        """

    def rows_open(self, open_branches: tf.Tensor) -> dict[int, tf.Tensor]:
        """Returns whether variables that are single rows are open, by index.

        Empty where all rows lie in matrices, whose gradients name them.
        """

    @property
    def variables(self) -> list[keras.Variable]:
        """Everything that a checkpoint keeps."""

    @property
    def trainable_variables(self) -> list[keras.Variable]:
        """What training moves."""

    @property
    def non_trainable_variables(self) -> list[keras.Variable]:
        """What evaluating a child moves and puts back."""

    @property
    def weights(self) -> list[keras.Variable]:
        """Weights and statistics, without the counters of generators."""

    def get_weights(self) -> list[np.ndarray]:
        """Returns the values of `weights`."""

    def initialize(self, seed: int) -> None:
        """Draws all weights again, as for a new supernet of that seed."""

    def encode(self, genotype: Genotype) -> np.ndarray:
        """Returns a genotype as the call's `open_branches`.

        Raises:
            ValueError: If the genotype is not of the space.
        """

    def cut_out(self, genotype: Genotype, *, fast: bool = True) -> keras.Model:
        """Returns the stand-alone child with the weights that it has here.

        It agrees with the supernet called with the genotype's branches open, to
        rounding.

        Args:
            genotype: Which child.
            fast: Whether layers are those of this package that are fast to
                train, or stock ones, which load without it.

        Raises:
            ValueError: If the genotype is not of the space.
        """

    def __call__(
        self,
        images: tf.Tensor,
        open_branches: tf.Tensor,
        *,
        training: bool = False,
        rate: Any = ...,
    ) -> tf.Tensor:
        """Returns logits `(batch, num_classes)`.

        Args:
            images: `(batch, height, width, channels)`, pixels in 0..255.
            open_branches: For each decision the indices of the open
                candidates, int32 `(num_decisions, max_open)`, padded by
                `INACTIVE`; see `spaces.open_branches`.
            training: Whether batch norm uses and moves statistics.
            rate: Share of the batch in moved statistics.
        """


class MixingSupernet(WeightSharing, Protocol):
    """A supernet that can run all its candidates at once."""

    def mix(
        self, images: tf.Tensor, mixing_weights: tf.Tensor, active: Active
    ) -> tf.Tensor:
        """Returns logits of the mixture of active candidates.

        Batch norm takes the batch's statistics and moves none.

        Args:
            images: `(batch, height, width, channels)`, pixels in 0..255.
            mixing_weights: Factor of each candidate, `(num_blocks,
                max_candidates)`.
            active: The candidates that run, block by block.
        """


class MixedTrainingSupernet(MixingSupernet, Protocol):
    """A supernet whose weights may be trained through its mixture."""

    def mix(
        self,
        images: tf.Tensor,
        mixing_weights: tf.Tensor,
        active: Active,
        skip_dropout: SkipDropout | None = None,
        *,
        extra_skips: ExtraSkips | None = None,
    ) -> tf.Tensor:
        """Returns logits of the mixture of active candidates.

        Args:
            images: See `MixingSupernet.mix`.
            mixing_weights: See there.
            active: See there.
            skip_dropout: What drops out of what candidates pass on that hand
                on their input as it is; None nothing.
            extra_skips: What is added to each mixture; None nothing.
        """

    def new_extra_kernels(self, seed: int) -> dict[int, keras.Variable]:
        """Returns fresh kernels of extra skips; see `ExtraSkips.kernels`.

        They are no part of the supernet: whoever trains with them keeps them.

        Args:
            seed: Seed of their values.
        """


class SeatingSupernet(MixingSupernet, Protocol):
    """A supernet with slots, whose cells change without a new trace.

    Its weights may be trained through its mixture of all slots.
    """

    @property
    def cells(self) -> tuple[tuple[str, ...], ...]:
        """Name of the cell in each slot, block by block."""

    def slot_distances(
        self, images: tf.Tensor, mixing_weights: tf.Tensor, active: Active
    ) -> tf.Tensor:
        """Returns how far the outputs of slots are from those of the last one.

        Args:
            images: `(batch, height, width, channels)`, pixel values in 0..255.
            mixing_weights: Factor of each slot in what reaches later blocks,
                `(num_blocks, num_slots)`.
            active: The slots that are compared, block by block.

        Returns:
            1 less the correlation of outputs over batch and pixels, in the mean
            of channels, `(num_blocks, num_slots)`, 0 where not active.
        """

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
        """Gives the slots to other cells; see `jobs.Seats`.

        Args:
            cells: Name of the cell in each slot, block by block.
            parents: See `Seats`.
            bench: See `Seats`.
            seeds: Seed what is drawn for cells that come in.
            momenta: By the id of a variable of rows, its momentum, which goes
                with the rows; None where there is none.
            draws_all: See `Seats`.

        Raises:
            ValueError: If a name is no cell that may sit there, or there are
                more than places.
        """


class TwoPathSupernet(WeightSharing, Protocol):
    """A supernet whose output is differentiable in a choice of two paths."""

    def call_pair(
        self,
        images: tf.Tensor,
        selected: tf.Tensor,
        unselected: tf.Tensor,
        mixing_weights: tf.Tensor,
    ) -> tf.Tensor:
        """Returns logits of one path, differentiable against another.

        As `call_two` with subsets of one candidate; where there is no other,
        both paths name the same. Batch norm's statistics do not move.
        """


class TwoSubsetSupernet(WeightSharing, Protocol):
    """A supernet whose output is differentiable in a choice between subsets."""

    def call_two(
        self,
        images: tf.Tensor,
        selected: tf.Tensor,
        unselected: tf.Tensor,
        mixing_weights: tf.Tensor,
        rate: tf.Tensor | float = ...,
        unselected_rate: tf.Tensor | float = ...,
    ) -> tf.Tensor:
        """Returns logits of one subset of each block, differentiable in two.

        The value is that of the selected subsets. The gradient of a block's
        mixing weight is what the loss would gain by its selected subset against
        its unselected one, which runs forward only.

        Args:
            images: `(batch, height, width, channels)`, pixels in 0..255.
            selected: The subsets that compute, as `open_branches`.
            unselected: Those that they are compared with.
            mixing_weights: Probability of the selected subset given that it is
                one of the two, `(num_blocks,)`.
            rate: Share of the batch in moved statistics.
            unselected_rate: The same for the unselected subsets, which run
                second; 0 leaves their statistics.
        """


class SupernetOfParts(WeightSharing, Protocol):
    """A supernet whose parts run one after the other."""

    @property
    def num_parts(self) -> int:
        """How many there are."""

    def run_parts(
        self,
        parts: range,
        inputs: tf.Tensor,
        open_branches: tf.Tensor,
        training: bool = False,
        rate: tf.Tensor | float = ...,
    ) -> tf.Tensor:
        """Returns what some neighboring parts make of their inputs.

        Args:
            parts: Which: 0 is the stem, whose inputs are images; block `n` is
                part `n + 1`; the last is the tail, which gives logits.
            inputs: Inputs of the first of them.
            open_branches: Those of the whole network, as in a call.
            training: See the call arguments.
            rate: See the call arguments.
        """


class Networks(Protocol):
    """Makes the networks of one space."""

    @property
    def space(self) -> SearchSpace:
        """The full space."""

    @property
    def sharing(self) -> Sharing:
        """How the candidates of its supernet share weights."""

    @property
    def is_trained(self) -> bool:
        """Whether their weights were trained on other images at first.

        All but the classifier's, those of the candidates included.
        """

    @property
    def training_facts(self) -> Mapping[str, Any]:
        """What decides beside the space how their weights begin and move.

        By the name that people are told; values as JSON has them. Empty where
        the space decides it all.
        """

    @property
    def is_foreign(self) -> bool:
        """Whether their layers are a user's, of which nothing is known."""

    def supernet(
        self, *, seed: int = 0, active: Active | None = None
    ) -> WeightSharing:
        """Returns a new supernet.

        Args:
            seed: Seed of the initial weights.
            active: The candidates that are to have weights; None for those that
                are active in the space. Only multi-branch cells heed it; in all
                other supernets every candidate has weights.
        """

    def child(
        self,
        genotype: Genotype,
        *,
        seed: int = 0,
        fast: bool = True,
        dropout: float = 0.0,
    ) -> keras.Model:
        """Returns the stand-alone model of a genotype, with fresh weights.

        A Keras functional model from pixels in 0..255, `(batch, height, width,
        channels)`, to logits `(batch, num_classes)`.

        Args:
            genotype: Which candidates are open.
            seed: Seed of the weights, whose distribution is the supernet's, and
                of dropout.
            fast: Whether layers are those of this package that are fast to
                train, or stock ones, which load without it.
            dropout: Share of features dropped before the classifier in
                training.

        Raises:
            ValueError: If the genotype is not of the space.
        """

    def with_stock_layers(
        self, genotype: Genotype, child: keras.Model
    ) -> keras.Model:
        """Returns a fast child as users get it, with the same weights."""

    def uniform_sampler(self, space: SearchSpace) -> Sampler:
        """Returns what draws single paths, all with equal odds.

        Each cell of a cell network draws its own.

        Args:
            space: The full space, or what is still active of it.
        """

    def with_fewer_cells(self, num_cells: int) -> "Networks":
        """Returns what makes these networks with fewer cells.

        Raises:
            ValueError: If they cannot have as many, or are no cells.
        """
