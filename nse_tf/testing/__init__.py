"""Laws (conformance tests) of explorers, methods, samplers and supernets.

They hold for those of this package and of its users. A law is a function that
raises `AssertionError`, saying what was broken. A table has all laws of a kind,
to run in one's own tests:

    @pytest.mark.parametrize("law", SUPERNET_LAWS)
    def test_my_supernet_keeps(law):
        law(MySupernet(my_space))

A `FormulaWorker` answers the jobs of methods without training anything. Names
are imported on first use: laws of methods need no framework.
"""

from typing import TYPE_CHECKING

from nse_tf.lazy_names import lazy_names

if TYPE_CHECKING:
    from nse_tf.testing.explorer_laws import EXPLORER_LAWS as EXPLORER_LAWS
    from nse_tf.testing.method_laws import METHOD_LAWS as METHOD_LAWS
    from nse_tf.testing.method_laws import FormulaWorker as FormulaWorker
    from nse_tf.testing.sampler_laws import SAMPLER_LAWS as SAMPLER_LAWS
    from nse_tf.testing.supernet_laws import SUPERNET_LAWS as SUPERNET_LAWS

__all__, __getattr__, __dir__ = lazy_names(
    __name__,
    {
        "EXPLORER_LAWS": "explorer_laws",
        "FormulaWorker": "method_laws",
        "METHOD_LAWS": "method_laws",
        "SAMPLER_LAWS": "sampler_laws",
        "SUPERNET_LAWS": "supernet_laws",
    },
)
