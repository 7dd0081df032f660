"""Shrinks a search space by a score, and writes the smaller space to a file.

  nse_shrink --dataset=cifar10 --data_dir=DIR --run_dir=runs/small
  nse_search --space=runs/small/space.json --dataset=cifar10 --data_dir=DIR

The flags are those of nse_search; those of later stages are ignored. The space
goes to RUN_DIR/space.json. Re-run the command to resume. With cells of
NAS-Bench-201, --table=FILE.csv reports how many of the operators that are truly
best were kept.
"""

import pathlib
from collections.abc import Sequence
from typing import NoReturn

from absl import flags

from nse_tf.flags import binaries, search_flags, space_flags, table_flags
from nse_tf.flags.search import set_up_logging
from nse_tf.methods import SearchError
from nse_tf.quiet import quiet_native_output
from nse_tf.terminal import say

flags.adopt_module_key_flags(search_flags)
flags.adopt_module_key_flags(space_flags)
for _flag in (table_flags.TABLE, table_flags.TRUTH):
    flags.declare_key_flag(_flag.name)


def main(argv: Sequence[str]) -> None:
    """Shrinks the space that the flags name, and prints what is left."""
    del argv
    config = search_flags.search_config()
    set_up_logging()
    binaries.choose_kernels(config.dataset)
    # TensorFlow takes seconds to import; flags were checked before that.
    with quiet_native_output():
        from nse_tf.ranking import kept_ranks, read_table
        from nse_tf.runs.shrink_run import run_shrinking

    known = None
    if table_flags.TABLE.value is not None:
        path = pathlib.Path(table_flags.TABLE.value)
        if not path.exists():
            raise FileNotFoundError(2, "No such file or directory", str(path))
        known = read_table(path)
    try:
        space, path = run_shrinking(config)
    except SearchError as error:
        binaries.fail(error)
    for block, indices in zip(space.blocks, space.active, strict=True):
        names = ", ".join(block.candidates[index].name for index in indices)
        say(f"{block.name}: {names}")
    say(f"{space.size} networks remain.")
    if known is not None:
        ranks = kept_ranks(known, space, table_flags.TRUTH.value)
        say(f"Kept, by true rank of operators: {', '.join(map(str, ranks))}")
    say(f"Space: {path}")


def run() -> NoReturn:
    """Runs the binary `nse_shrink`; see `binaries.run`."""
    binaries.run(main, resumes=True)


if __name__ == "__main__":
    run()
