"""Flags of the programs that time a supernet's step, whatever its family."""

import time
from collections.abc import Callable

from absl import flags

BATCH = flags.DEFINE_integer(
    "batch", 128, "Images of 32x32x3 in a step.", lower_bound=1
)
PATHS = flags.DEFINE_integer(
    "paths", 10, "Random genotypes, each timed on its own.", lower_bound=1
)
REPEATS = flags.DEFINE_integer(
    "repeats", 5, "Timed steps of each genotype.", lower_bound=1
)
SEED = flags.DEFINE_integer(
    "seed", 0, "Seed of genotypes and images.", lower_bound=0
)
CPU_TIME = flags.DEFINE_bool(
    "cpu_time",
    False,
    "Whether to count the seconds of all processors, which other programs "
    "disturb less, instead of wall time.",
)


def clock() -> Callable[[], float]:
    """Returns the clock that the flags ask for."""
    return time.process_time if CPU_TIME.value else time.perf_counter


def clock_name() -> str:
    """Returns what that clock measures, for a line of output."""
    return "processor time" if CPU_TIME.value else "wall time"
