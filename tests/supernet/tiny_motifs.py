"""A chain of motifs that a supernet of is traced in a few seconds."""


from nse_tf.spaces import MBConv, SearchSpace, Stage
from nse_tf.spaces.motif import Motif
from nse_tf.supernet import Supernet
from tests.supernet.tiny_spaces import lively, tiny_space

# All that may differ between motifs: expansion, absent edges, identities,
# kernels of one to seven pixels, and both ways to mix.
MOTIFS = tuple(
    map(
        Motif.of_code,
        ("0.2.01.35.123", "1.9.10.52.155", "2.5.00.15.112", "1.3.11.22.132"),
    )
)


def tiny_motifs(*, max_open: int = 1) -> SearchSpace:
    """Returns a space of two blocks: of the same shape, and of stride 2."""
    return tiny_space(
        ops=(*MOTIFS, MBConv(3, 3)),
        max_open=max_open,
        stages=(Stage(8, 1, 1), Stage(12, 1, 2)),
    )


def lively_motifs() -> Supernet:
    """Returns a supernet whose norms are neither identities nor zero."""
    return lively(Supernet(tiny_motifs()))
