"""Makes a thousand strange calls on the port of a chief that leads a search.

    python benchmarks/robustness/strangers.py

A chief and two workers, each a process of its own, over gRPC on loopback. Jobs
are answered by formulas; see `formula_search`. Three quarters of the calls come
from strangers, of the kinds in `strange_calls`, the others from a worker that
joined and sends what makes no sense beside its work. None may be answered, the
search must come to the answer of one worker, the chief's log must show no
traceback, and its memory must stay where it is.
"""

import collections
import functools
import json
import os
import pathlib
import tempfile
import threading
import time
from collections.abc import Sequence
from multiprocessing.context import ForkServerContext, ForkServerProcess

import small_search
from absl import app, flags
from formula_search import FormulaTrainer, use_formulas
from strange_calls import Stranger, misbehave, resident_mb

from nse_tf.distribute.roles import VARIABLES

CALLS = flags.DEFINE_integer("calls", 1000, "Number of calls.", 4)
SEED = flags.DEFINE_integer("seed", 0, "Seed of what is sent.", 0)
PAUSE = flags.DEFINE_float(
    "pause",
    25.0,
    "How much longer jobs take than in `formula_search`, so that the search "
    "lasts until all calls are made; the chief ends sooner otherwise.",
    1.0,
)
THREADS = 6
LONGEST_SECONDS = 600.0


def be_noticed(
    log: pathlib.Path, pause: float, then_misbehave: tuple[int, int]
) -> None:
    """Writes what a process prints to a file, and lets it work by formulas.

    Args:
        log: The file.
        pause: See the flag.
        then_misbehave: How many calls that make no sense it sends, and a seed.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    for stream in (1, 2):
        os.dup2(file, stream)
    use_formulas()
    FormulaTrainer.pause = pause
    if then_misbehave[0]:
        misbehave(log.with_suffix(""), *then_misbehave)


def start_all(
    forks: ForkServerContext, folder: pathlib.Path, num_nonsense: int
) -> tuple[str, ForkServerProcess, list[ForkServerProcess]]:
    """Starts a chief and two workers; returns the address and them."""
    port = str(small_search.free_port())
    processes = [
        small_search.start(
            forks,
            folder,
            functools.partial(
                be_noticed,
                folder.with_suffix(".log" if name == "chief" else ".workers"),
                PAUSE.value,
                (num_nonsense if name == "worker-1" else 0, SEED.value),
            ),
            dict(zip(VARIABLES, (name, "127.0.0.1", port), strict=True)),
        )
        for name in ("chief", "worker-0", "worker-1")
    ]
    return f"127.0.0.1:{port}", processes[0], processes[1:]


class Crowd:
    """Strangers that call all at once.

    Args:
        address: The chief's.
        folder: The run's folder.
        count: How many calls they make together.
    """

    def __init__(self, address: str, folder: pathlib.Path, count: int) -> None:
        self.outcomes: dict[str, collections.Counter[str]] = (
            collections.defaultdict(collections.Counter)
        )
        self._strangers = [
            Stranger(address, folder, seed) for seed in range(THREADS)
        ]
        self._lock = threading.Lock()
        self._left = count
        self._threads = [
            threading.Thread(target=self._call, args=(each,), daemon=True)
            for each in self._strangers
        ]
        for thread in self._threads:
            thread.start()

    def _call(self, stranger: Stranger) -> None:
        kinds = list(stranger.kinds)
        while True:
            with self._lock:
                if not self._left:
                    return
                self._left -= 1
                kind = kinds[self._left % len(kinds)]
            outcome = stranger.kinds[kind]()
            with self._lock:
                self.outcomes[kind][outcome] += 1

    @property
    def is_calling(self) -> bool:
        """Whether calls are left to be made."""
        return any(thread.is_alive() for thread in self._threads)

    @property
    def num_made(self) -> int:
        """How many calls were made."""
        with self._lock:
            return sum(sum(each.values()) for each in self.outcomes.values())

    def close(self) -> None:
        """Ends the calls, then all connections."""
        with self._lock:
            self._left = 0
        for thread in self._threads:
            thread.join()
        for stranger in self._strangers:
            stranger.close()


def search(
    forks: ForkServerContext, folder: pathlib.Path, num_calls: int
) -> None:
    """Does a search among strangers, or without any; prints what it took."""
    started = time.monotonic()
    address, chief, workers = start_all(forks, folder, num_calls // 4)
    while not (folder / "chief.json").exists():
        time.sleep(0.1)
    time.sleep(2.0)  # Until the workers have joined.
    pid = chief.pid or 0
    memory_mb = [resident_mb(pid)]
    num_strange = num_calls - num_calls // 4
    crowd = Crowd(address, folder, num_strange)
    most = memory_mb[0]
    while chief.is_alive():
        if time.monotonic() - started > LONGEST_SECONDS:
            raise TimeoutError(f"The search in {folder} does not end.")
        found = resident_mb(pid)
        most = max(most, found)
        # After each quarter of the calls, and until the end.
        if len(memory_mb) <= 4 * crowd.num_made // max(1, num_strange):
            memory_mb.append(found)
        time.sleep(0.2)
    is_whole = crowd.num_made == num_strange
    crowd.close()
    for process in (chief, *workers):
        process.join(20.0)
    quarters = ", ".join(f"{each:.0f}" for each in memory_mb)
    print(
        f"search: {time.monotonic() - started:.0f} s, exit codes "
        f"{[process.exitcode for process in (chief, *workers)]}; memory of "
        f"the chief: {quarters} MB after each quarter of the calls, {most:.0f} "
        "at most"
        + ("" if is_whole else "; IT ENDED BEFORE ALL CALLS WERE MADE")
    )
    for kind, outcomes in crowd.outcomes.items():
        print(f"  {kind}: {dict(outcomes)}")
    nonsense = folder / "misbehaved.txt"
    if nonsense.exists():
        counted = collections.Counter(nonsense.read_text().split("\n"))
        print(f"  nonsense of a worker: {dict(counted)}")


def main(argv: Sequence[str]) -> None:
    """Prints what strangers got, and what the search came to."""
    del argv
    forks = small_search.context()
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        small_search.start(forks, root / "one", use_formulas).join()
        wanted = json.loads((root / "one" / "outcome.json").read_text())
        del wanted["trials"]  # Several workers have trials of their own.
        children = small_search.evaluated(root / "one")
        for folder, num_calls in (
            (root / "undisturbed", 0),
            (root / "disturbed", CALLS.value),
        ):
            print(f"{folder.name}:", flush=True)
            search(forks, folder, num_calls)
            found = small_search.differing(folder, wanted)
            if small_search.evaluated(folder) != children:
                found.append("children lost or evaluated twice")
            log = folder.with_suffix(".log").read_text()
            print(
                ("the same" if not found else f"DIFFERENT: {found}")
                + f"; tracebacks: {log.count('Traceback')}, leases lost: "
                f"{log.count('was silent')}, lines of the log: "
                f"{len(log.splitlines())}",
                flush=True,
            )


if __name__ == "__main__":
    app.run(main)
