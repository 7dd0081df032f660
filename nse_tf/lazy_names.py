"""Names that a package offers and imports on first use.

Importing TensorFlow takes seconds. A command line should refuse a bad flag
before that, and tab completion should show what there is without it.
"""

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def lazy_names(
    package: str, modules: Mapping[str, str]
) -> tuple[list[str], Callable[[str], Any], Callable[[], list[str]]]:
    """Returns `__all__`, `__getattr__` and `__dir__` of a package.

    The package imports the same names under `TYPE_CHECKING`, for type checkers
    and editors.

    Args:
        package: Full name of the package.
        modules: For each name, the module below `package` that defines it; an
            empty string if the name is itself a module.

    Example:
        ```python
        __all__, __getattr__, __dir__ = lazy_names(
            __name__, {"Choice": "supernet.user_models.choice", "spaces": ""}
        )
        ```
    """
    offered = sorted(modules)

    def get(name: str) -> Any:
        if name not in modules:
            raise AttributeError(
                f"module {package!r} has no attribute {name!r}"
            )
        if not modules[name]:
            return importlib.import_module(f"{package}.{name}")
        module = importlib.import_module(f"{package}.{modules[name]}")
        return getattr(module, name)

    def list_names() -> list[str]:
        module = vars(sys.modules[package])
        return [*offered, *(name for name in module if name[:2] == "__")]

    return offered, get, list_names
