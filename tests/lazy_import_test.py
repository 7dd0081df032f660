"""What `import nse_tf` offers, and that it costs nothing until it is used."""

import ast
import importlib
import pathlib
import subprocess
import sys
from types import ModuleType

import pytest

import nse_tf
import nse_tf.export
import nse_tf.testing
import nse_tf.tuners

PACKAGES = [nse_tf, nse_tf.export, nse_tf.testing, nse_tf.tuners]
PROGRAM = """
import sys
import nse_tf, nse_tf.export, nse_tf.testing, nse_tf.tuners
dir(nse_tf), nse_tf.__all__, nse_tf.__version__
assert not {"tensorflow", "keras", "keras_tuner", "numpy"} & set(sys.modules)
assert nse_tf.spaces.make_preset is nse_tf.make_preset
assert nse_tf.export.measure_latency
assert not {"tensorflow", "keras", "keras_tuner"} & set(sys.modules)
from nse_tf import Choice
assert Choice.__name__ == "Choice" and nse_tf.Choice is Choice
"""


def test_importing_the_package_imports_no_framework_until_one_is_used() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)


def test_the_names_that_a_search_needs_are_offered() -> None:
    assert {
        "AngleShrinking",
        "Darts",
        "Budget",
        "Choice",
        "Evolution",
        "PDarts",
        "ProxylessNAS",
        "SpaceEvolution",
        "SpaceHyperModel",
        "export_model",
        "load",
        "make_preset",
    } <= set(nse_tf.__all__)


def test_every_subpackage_is_offered() -> None:
    folder = pathlib.Path(nse_tf.__file__).parent
    found = {path.parent.name for path in folder.glob("*/__init__.py")}
    assert found <= set(nse_tf.__all__)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda each: each.__name__)
def test_every_name_that_is_offered_exists(package: ModuleType) -> None:
    for name in package.__all__:
        found = getattr(package, name)
        if not name.isupper():
            assert found.__name__.split(".")[-1] == name


@pytest.mark.parametrize("package", PACKAGES, ids=lambda each: each.__name__)
def test_completion_shows_what_is_offered_and_no_tools(
    package: ModuleType,
) -> None:
    shown = {name for name in dir(package) if not name.startswith("__")}
    assert shown == set(package.__all__)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda each: each.__name__)
def test_type_checkers_see_the_same_names(package: ModuleType) -> None:
    source = pathlib.Path(str(package.__file__)).read_text(encoding="utf-8")
    (block,) = (
        node for node in ast.parse(source).body if isinstance(node, ast.If)
    )
    names = [
        alias.asname
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    assert sorted(map(str, names)) == sorted(package.__all__)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda each: each.__name__)
def test_other_names_are_missed_as_usual(package: ModuleType) -> None:
    with pytest.raises(AttributeError, match="no attribute 'Coice'"):
        getattr(package, "Coice")  # noqa: B009 - mypy knows that it is none.
    with pytest.raises(ImportError, match="'Coice'"):
        exec(f"from {package.__name__} import Coice")


def test_a_submodule_is_found_without_being_offered() -> None:
    assert "search_oracle" not in nse_tf.tuners.__all__
    module = importlib.import_module("nse_tf.tuners.search_oracle")
    from nse_tf.tuners import search_oracle

    assert search_oracle is module
