"""NestedSupernet: a chain whose candidates are parts of one another."""

from collections.abc import Mapping

from nse_tf.supernet.chains.nested_choice import NestedChoiceLayer
from nse_tf.supernet.chains.supernet import Supernet
from nse_tf.supernet.protocols import Capability


class NestedSupernet(Supernet):
    """The weight-sharing model of a chain whose candidates nest.

    It is called and trained as a `Supernet`, has the weights of the largest
    candidate of each block, and opens one at a time.

    The angle of a candidate is that of the weights which are part of it: the
    three sums run over its kernel's middle and its first channels. So the sums
    of nested candidates are not independent, as those of rows are: what turned
    the middle of a kernel of 7 turned the kernel of 3. ABS ranks candidates by
    such angles all the same; the papers' rankings are of rows, and whether
    they hold for nested weights is not known.

    Args:
        space: The space.
        seed: Seed of the initial weights.

    Raises:
        ValueError: If the space is no chain, or its candidates do not nest;
            see `require_nesting`.
    """

    capabilities = Supernet.capabilities - {Capability.SEVERAL_OPEN}
    limits: Mapping[Capability, str] = {
        Capability.SEVERAL_OPEN: "A supernet with `sharing` 'nested' cannot "
        "open several branches of a block, which are the same weights: let "
        "`sharing` be 'rows'."
    }

    _block_type = NestedChoiceLayer
