"""Evaluates many children, and what they have in common only once."""

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import tensorflow as tf

from nse_tf.spaces import SearchSpace
from nse_tf.supernet import Capability, WeightSharing, require_capability

# Give, each time they are called, batches of images to calibrate on, and of
# images to be evaluated on with their labels.
Images = Callable[[], Iterable[np.ndarray]]
LabeledImages = Callable[[], Iterable[tuple[np.ndarray, np.ndarray]]]
Found = TypeVar("Found")


class PrefixEvaluator:
    """Calibrates and evaluates together the children that begin alike.

    In calibration a batch is normalized by its own statistics, so that those of
    a block depend on nothing behind it. Children that open the same branches in
    their first blocks therefore agree, bit for bit, in the statistics there and
    in what these blocks make of an image. Here such children are neighbors, and
    each starts where it parts from the one before.

    Nothing is traced anew for another child.

    Args:
        supernet: Whose weights are inherited.
        depth: How many parts, from the stem on, may be shared; what they make
            of all images is kept, see `depth_within`. The others run as one.

    Raises:
        ValueError: If a supernet that is no chain is to share parts.
    """

    def __init__(self, supernet: WeightSharing, depth: int = 0) -> None:
        if Capability.RUNS_PARTS in supernet.capabilities:
            chain = require_capability(supernet, Capability.RUNS_PARTS)
            run, count = chain.run_parts, chain.num_parts
            ranges = [range(n, n + 1) for n in range(depth)]
            self._shared = [
                _Stretch(functools.partial(run, part)) for part in ranges
            ]
            self._rest = _Stretch(functools.partial(run, range(depth, count)))
        elif depth:
            raise ValueError(
                f"`depth` is {depth}, but the parts of supernet "
                f"{type(supernet).__name__!r} do not run one by one: it must "
                "be 0."
            )
        else:
            self._shared, self._rest = [], _Stretch(supernet)

    @property
    def num_traces(self) -> int:
        """How often anything was traced so far."""
        return sum(each.num_traces for each in (*self._shared, self._rest))

    def num_correct(
        self,
        children: Sequence[np.ndarray],
        calibration: Images,
        validation: LabeledImages,
    ) -> list[int]:
        """Returns how many images each child gets right.

        The supernet is left with other statistics.

        Args:
            children: Their open branches, `(num_blocks, max_open)` each.
            calibration: Images that batch norm is calibrated on, in batches
                that count the same each; none takes the statistics as they are.
            validation: Images to be evaluated on, with labels.
        """
        count = self._rest.count_correct
        return self._each(
            children,
            calibration,
            validation,
            lambda batches, branches: sum(
                int(count(inputs, labels, branches))
                for inputs, labels in batches
            ),
        )

    def logits(
        self,
        children: Sequence[np.ndarray],
        calibration: Images,
        validation: LabeledImages,
    ) -> list[np.ndarray]:
        """Returns each child's logits `(n, num_classes)`; see `num_correct`."""
        return self._each(
            children,
            calibration,
            validation,
            lambda batches, branches: np.concatenate(
                [self._rest.infer(inputs, branches) for inputs, _ in batches]
            ),
        )

    def _each(
        self,
        children: Sequence[np.ndarray],
        calibration: Images,
        validation: LabeledImages,
        found_on: Callable[
            [Iterable[tuple[np.ndarray, np.ndarray]], np.ndarray], Found
        ],
    ) -> list[Found]:
        """Returns what is found on batches of each child's rest."""
        found: dict[int, Found] = {}
        known: list[_Beginning] = []
        for number in sorted(
            range(len(children)), key=lambda each: children[each].tobytes()
        ):
            branches = children[number]
            # Beginnings lie one in another, so those that fit come first.
            known = [each for each in known if each.is_of(branches)]
            for stretch in self._shared[len(known) :]:
                before = known[-1] if known else None
                known.append(
                    self._begun(
                        stretch, branches, before, calibration, validation
                    )
                )
            self._rest.calibrated(
                known[-1].calibration if known else calibration(), branches
            )
            found[number] = found_on(
                known[-1].validation if known else validation(), branches
            )
        return [found[number] for number in range(len(children))]

    def _begun(
        self,
        stretch: "_Stretch",
        branches: np.ndarray,
        before: "_Beginning | None",
        calibration: Images,
        validation: LabeledImages,
    ) -> "_Beginning":
        """Returns a beginning that is one part longer."""
        # The first part is the stem, which is no block.
        num_blocks = 0 if before is None else before.num_blocks + 1
        return _Beginning(
            num_blocks,
            branches[:num_blocks].tobytes(),
            # Calibrated before it infers, which takes the statistics left here.
            stretch.calibrated(
                calibration() if before is None else before.calibration,
                branches,
            ),
            [
                (stretch.infer(inputs, branches), labels)
                for inputs, labels in (
                    validation() if before is None else before.validation
                )
            ],
        )


class _Beginning(NamedTuple):
    """What the first parts of a child make of all images, batch by batch."""

    num_blocks: int
    opened: bytes
    calibration: list[tf.Tensor]
    validation: list[tuple[tf.Tensor, np.ndarray]]

    def is_of(self, branches: np.ndarray) -> bool:
        """Whether a child begins so."""
        return branches[: self.num_blocks].tobytes() == self.opened


class _Stretch:
    """Neighboring parts of a supernet, compiled; `run` is called like one."""

    def __init__(self, run: Callable[..., tf.Tensor]) -> None:
        # Partial, since of functions from one line TensorFlow takes the first
        # traces for retraces of one, and warns.
        self._calibrate, self.infer, self.count_correct = (
            tf.function(
                functools.partial(each, run),
                reduce_retracing=True,
                autograph=False,
            )
            for each in (_calibrate, _infer, _count_correct)
        )

    @property
    def num_traces(self) -> int:
        """How often anything was traced so far."""
        functions = (self._calibrate, self.infer, self.count_correct)
        counts = (each.experimental_get_tracing_count() for each in functions)
        return sum(map(int, counts))

    def calibrated(
        self,
        batches: Iterable[np.ndarray | tf.Tensor],
        branches: np.ndarray,
    ) -> list[tf.Tensor]:
        """Returns the outputs of calibration, as `Calibrator` does it."""
        return [
            self._calibrate(inputs, branches, tf.constant(1.0 / (index + 1)))
            for index, inputs in enumerate(batches)
        ]


def _calibrate(
    run: Callable[..., tf.Tensor],
    inputs: tf.Tensor,
    branches: tf.Tensor,
    rate: tf.Tensor,
) -> tf.Tensor:
    return run(inputs, branches, training=True, rate=rate)


def _infer(
    run: Callable[..., tf.Tensor], inputs: tf.Tensor, branches: tf.Tensor
) -> tf.Tensor:
    return run(inputs, branches)


def _count_correct(
    run: Callable[..., tf.Tensor],
    inputs: tf.Tensor,
    labels: tf.Tensor,
    branches: tf.Tensor,
) -> tf.Tensor:
    predicted = tf.argmax(run(inputs, branches), axis=1, output_type=tf.int32)
    return tf.reduce_sum(tf.cast(predicted == labels, tf.int32))


def depth_within(
    supernet: WeightSharing, num_images: int, most_bytes: int
) -> int:
    """Returns how many parts may be shared for their outputs to fit.

    Args:
        supernet: A supernet; 0 unless its parts run one by one.
        num_images: Images that outputs are kept of.
        most_bytes: What they may take together.
    """
    if Capability.RUNS_PARTS not in supernet.capabilities:
        return 0
    sizes = _output_bytes(supernet.space)
    totals = num_images * np.cumsum(sizes)
    return int(np.searchsorted(totals, most_bytes, side="right"))


def _output_bytes(space: SearchSpace) -> list[int]:
    """Returns what an image takes after the stem and all blocks but one."""
    # Four bytes a number; what a part puts out is the next block's input.
    return [4 * math.prod(block.in_map) for block in space.blocks]
