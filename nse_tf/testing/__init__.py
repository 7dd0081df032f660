"""Laws that any explorer, method, sampler or supernet must keep.

For us and for users. A law is a function that raises `AssertionError`, saying
what was broken. A table holds all laws of a kind, for one's own tests:

    @pytest.mark.parametrize("law", SUPERNET_LAWS)
    def test_my_supernet_keeps(law):
        law(MySupernet(my_space))

A `FormulaWorker` drives methods without training anything.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nse_tf.testing.explorer_laws import EXPLORER_LAWS as EXPLORER_LAWS
    from nse_tf.testing.formula_worker import FormulaWorker as FormulaWorker
    from nse_tf.testing.method_laws import METHOD_LAWS as METHOD_LAWS
    from nse_tf.testing.sampler_laws import SAMPLER_LAWS as SAMPLER_LAWS
    from nse_tf.testing.supernet_laws import SUPERNET_LAWS as SUPERNET_LAWS

_MODULES = {
    "EXPLORER_LAWS": "explorer_laws",
    "FormulaWorker": "formula_worker",
    "METHOD_LAWS": "method_laws",
    "SAMPLER_LAWS": "sampler_laws",
    "SUPERNET_LAWS": "supernet_laws",
}


def __getattr__(name: str) -> Any:
    """Imports what is asked for: laws of methods need no framework."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"nse_tf.testing.{_MODULES[name]}")
    return getattr(module, name)
