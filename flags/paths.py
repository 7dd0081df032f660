"""Flags that are paths: `~` stands for the home folder in all of them."""

import pathlib

from absl import flags

# absl takes the module that calls `define_path` for that of the flag.
flags.disclaim_key_flags()


class _PathParser(flags.ArgumentParser[str]):
    """Reads a path; shells leave the `~` in `--name=~/file` as it is."""

    def parse(self, argument: str) -> str:
        """Returns the path from the root, where it begins with `~`."""
        return str(pathlib.Path(argument).expanduser()) if argument else ""


def define_path(
    name: str, default: str | None, help_text: str
) -> flags.FlagHolder[str | None]:
    """Defines a flag that is a path, or that may be one, as a string."""
    return flags.DEFINE(_PathParser(), name, default, help_text)
