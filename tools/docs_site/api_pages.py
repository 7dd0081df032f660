"""Pages of the API, a page a subpackage, which mkdocstrings fills.

The names are read off the sources, not by importing: what a package's
`__init__.py` imports as itself is public.
"""

import ast
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = "nse_tf"


def api_pages() -> dict[str, str]:
    """Returns Markdown by path in the site: the package, then subpackages."""
    pages = {"reference/api/index.md": _front_page()}
    for package in documented_packages():
        pages[f"reference/api/{package}.md"] = _package_page(package)
    return pages


def documented_packages() -> list[str]:
    """Returns the subpackages that offer names."""
    folders = sorted(path.parent for path in _root().glob("*/__init__.py"))
    return [
        folder.name
        for folder in folders
        if public_names(f"{PACKAGE}.{folder.name}")
    ]


def public_names(package: str) -> dict[str, str]:
    """Returns where each public name of a package comes from.

    Args:
        package: Full name, such as `nse_tf.spaces`.

    Returns:
        For each name, sorted, the module that it is imported from.
    """
    path = ROOT.joinpath(*package.split("."), "__init__.py")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return dict(
        sorted(
            (alias.name, str(node.module))
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
            if alias.asname == alias.name
        )
    )


def _root() -> pathlib.Path:
    return ROOT / PACKAGE


def _front_page() -> str:
    """Returns the page of the names that `nse_tf` itself offers."""
    rows = ["| name | described as |", "|---|---|"]
    elsewhere = []
    for name, module in own_names().items():
        home = _home(name, module)
        rows.append(f"| `{PACKAGE}.{name}` | [`{home}`][{home}] |")
        if home.startswith(f"{module}."):  # No subpackage offers it.
            elsewhere.append(f"::: {home}")
    lists = [
        f"* [`{PACKAGE}.{package}`]({package}.md): {_caption(package)}"
        for package in documented_packages()
    ]
    parts = [
        "# API",
        "What is not on these pages is not public, and may change.",
        "## Names of the package itself",
        "\n".join(rows),
        f"and `{PACKAGE}.__version__`, the version as a string.",
        *elsewhere,
        "## Subpackages",
        "\n".join(lists),
    ]
    return "\n\n".join(parts) + "\n"


def own_names() -> dict[str, str]:
    """Returns the names of `nse_tf` that are no modules, and their modules."""
    names = public_names(PACKAGE)
    del names["__version__"]
    return {name: at for name, at in names.items() if at != PACKAGE}


def _home(name: str, module: str) -> str:
    """Returns the full name under which a name of `nse_tf` is documented."""
    package = ".".join(module.split(".")[:2])
    is_public = name in public_names(package)
    return f"{package}.{name}" if is_public else f"{module}.{name}"


def _caption(package: str) -> str:
    path = _root() / package / "__init__.py"
    doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return doc.splitlines()[0]


def _package_page(package: str) -> str:
    path = f"{PACKAGE}.{package}"
    entries = [f"::: {path}.{name}" for name in public_names(path)]
    head = [
        f"# {path}",
        f"::: {path}\n    options:\n      members: false\n"
        "      show_root_heading: false\n      show_root_toc_entry: false",
    ]
    return "\n\n".join([*head, *entries]) + "\n"
