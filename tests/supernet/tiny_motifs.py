"""A chain of motifs that a supernet of is traced in a few seconds."""

from collections.abc import Sequence

from nse_tf.spaces import ChainOp, MBConv, Motif, SearchSpace, Stage
from tests.supernet.tiny_spaces import tiny_space

# All that may differ between motifs: expansion, absent edges, identities,
# kernels, and both ways to mix.
MOTIFS = ("0.2.01.35.123", "2.5.00.15.112", "1.3.11.22.152", "0.5.10.53.115")
# The same with kernels of five and seven pixels.
LARGE_MOTIFS = ("1.9.10.52.155", "2.7.00.12.112", "0.2.01.35.123")


def tiny_motifs(
    codes: Sequence[str] = MOTIFS,
    *,
    max_open: int = 1,
    others: Sequence[ChainOp] = (),
) -> SearchSpace:
    """Returns a space of two blocks: of the same shape, and of stride 2."""
    return tiny_space(
        ops=(*map(Motif.of_code, codes), MBConv(3, 3), *others),
        max_open=max_open,
        stages=(Stage(8, 1, 1), Stage(12, 1, 2)),
    )
