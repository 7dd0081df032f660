"""Whether the same seeds still give the same bits, from version to version.

    python benchmarks/robustness/bit_digests.py --write=before.json
    python benchmarks/robustness/bit_digests.py --compare=before.json

Runs reproducible searches, each in a process of its own, and prints digests of
what they came to: the chosen genotype, the candidates of every space, and all
arrays of all weights (of supernets with their momenta and the bases of angles,
and of children). With `--compare` it prints what differs from another version's
file and ends with exit code 1 if anything does.

    digits     the main job, minutes
    nse        neural search-space evolution of `nse_tiny`, minutes
    rank       one training of the ranking study, minutes; needs --table and
               --data_dir, and is skipped without them
    warm_up    shrinking of DARTS's space with a warm-up of its depth
    choice     a search of a user's model of `Choice` layers

`--only=NAME` picks some. The searches are those of the package that Python
finds, so `PYTHONPATH=DIR` in front searches with another checkout. Bits depend
on the machine and the number of threads: compare on one machine only.
"""

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence

from absl import app, flags
from array_digests import folder_digests

import nse_tf

Digests = dict[str, dict[str, str]]

HERE = pathlib.Path(__file__).resolve().parent
NUM_LOG_LINES = 20


@dataclasses.dataclass(frozen=True, kw_only=True)
class Search:
    """A reproducible search.

    Attributes:
        command: What Python runs, `--run_dir` aside.
        needs: Names of the flags of this program that are passed on to it.
    """

    command: tuple[str, ...]
    needs: tuple[str, ...] = ()


SEARCHES: Mapping[str, Search] = {
    "choice": Search(command=(str(HERE / "choice_search.py"),)),
    "warm_up": Search(
        command=(
            *("-m", "nse_tf.flags.shrink"),
            *("--space=darts_shrinking", "--image_size=32"),
            *("--width=0.1", "--depth=0.36", "--shrink_schedule=darts"),
            *("--shrink_warmup_epochs=1", "--shrink_first_epochs=2"),
            *("--shrink_epochs=1", "--max_stages=1"),
        )
    ),
    "rank": Search(
        command=(
            *("-m", "nse_tf.flags.rank"),
            *("--cells_per_stage=1", "--learning_rate=0.1", "--epochs=1"),
            *("--num_images=6400", "--sample_size=20", "--seeds=1"),
        ),
        needs=("table", "data_dir"),
    ),
    "digits": Search(command=("-m", "nse_tf.flags.search", "--seed=0")),
    "nse": Search(
        command=(
            *("-m", "nse_tf.flags.search"),
            *("--method=nse", "--space=nse_tiny"),
        )
    ),
}

ONLY = flags.DEFINE_multi_enum(
    "only", [], list(SEARCHES), "Searches to run; all if none is named."
)
SEARCH = flags.DEFINE_bool(
    "search",
    True,
    "Whether to search; if not, what --runs_dir holds is digested.",
)
RUNS_DIR = flags.DEFINE_string(
    "runs_dir",
    None,
    "Where the folders of the runs go, one named after each search. They are "
    "kept; without the flag they are deleted.",
)
TABLE = flags.DEFINE_string(
    "table", None, "CSV of the accuracies of all NAS-Bench-201 cells, for rank."
)
DATA_DIR = flags.DEFINE_string(
    "data_dir", None, "Where TensorFlow Datasets has CIFAR-10, for rank."
)
WRITE = flags.DEFINE_string("write", None, "JSON file to write digests to.")
COMPARE = flags.DEFINE_string("compare", None, "JSON file to compare with.")


def needed_flags(search: Search) -> list[str] | None:
    """Returns the flags that a search needs; None if one is not given."""
    found = []
    for name in search.needs:
        value = flags.FLAGS[name].value
        if value is None:
            return None
        found.append(f"--{name}={pathlib.Path(value).resolve()}")
    return found


def run(search: Search, more: Sequence[str], folder: pathlib.Path) -> None:
    """Runs a search in a process of its own; its output goes to a log.

    Args:
        search: What to run.
        more: Further flags.
        folder: The run's folder; the log lies beside it.

    Raises:
        FileExistsError: If the folder is there: what another version left in
            it would pass for what this one computes.
        RuntimeError: If the search failed.
    """
    if folder.exists():
        raise FileExistsError(
            f"{folder} exists: name another --runs_dir, or digest what is "
            "there by --nosearch."
        )
    checkout = pathlib.Path(nse_tf.__file__).resolve().parent.parent
    log_path = folder.with_name(f"{folder.name}.log")
    with log_path.open("w") as log:
        code = subprocess.call(
            [sys.executable, *search.command, *more, f"--run_dir={folder}"],
            # Not the present folder, which may hold another checkout.
            cwd=folder.parent,
            env={**os.environ, "PYTHONPATH": str(checkout)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    if code:
        lines = log_path.read_text().splitlines()[-NUM_LOG_LINES:]
        raise RuntimeError(
            "\n".join([f"{folder.name} ended with exit code {code}:", *lines])
        )


def all_digests(names: Sequence[str], root: pathlib.Path) -> Digests:
    """Returns the digests of searches, and prints each as soon as it is over.

    Args:
        names: Which searches.
        root: Holds the runs' folders.

    Raises:
        FileNotFoundError: If there is no run to digest.
    """
    found: Digests = {}
    for name in names:
        more = needed_flags(SEARCHES[name])
        folder = root / name
        started = time.monotonic()
        if not SEARCH.value:
            if not folder.is_dir():
                raise FileNotFoundError(2, "No such run", str(folder))
        elif more is None:
            needs = " and ".join(f"--{each}" for each in SEARCHES[name].needs)
            print(f"{name}: skipped, needs {needs}", flush=True)
            continue
        else:
            run(SEARCHES[name], more, folder)
        found[name] = folder_digests(folder)
        print(f"{name}: {time.monotonic() - started:.0f} s")
        for what, digest in found[name].items():
            print(f"  {what}: {digest}", flush=True)
    return found


def differences(found: Digests, wanted: Digests) -> list[str]:
    """Returns a line for each digest that is not as wanted."""
    lines = []
    for name, digests in found.items():
        others = wanted.get(name, {})
        for what in sorted(digests | others):
            one = others.get(what, "nothing")
            other = digests.get(what, "nothing")
            if one != other:
                lines.append(f"{name}, {what}: was {one}, is {other}")
    return lines


def main(argv: Sequence[str]) -> None:
    """Searches, prints digests, writes and compares them."""
    del argv
    if not SEARCH.value and RUNS_DIR.value is None:
        raise app.UsageError("--nosearch needs --runs_dir.")
    wanted: Digests | None = None
    if COMPARE.value is not None:  # Read first: searches take minutes.
        wanted = json.loads(pathlib.Path(COMPARE.value).read_text())
    names = ONLY.value or list(SEARCHES)
    if RUNS_DIR.value is None:
        with tempfile.TemporaryDirectory() as root:
            found = all_digests(names, pathlib.Path(root))
    else:
        root_path = pathlib.Path(RUNS_DIR.value).resolve()
        root_path.mkdir(parents=True, exist_ok=True)
        found = all_digests(names, root_path)
    if WRITE.value is not None:
        text = json.dumps(found, indent=2) + "\n"
        pathlib.Path(WRITE.value).write_text(text)
    if wanted is not None:
        lines = differences(found, wanted)
        print("\n".join(lines) if lines else "no digest differs")
        if lines:
            sys.exit(1)


if __name__ == "__main__":
    app.run(main)
