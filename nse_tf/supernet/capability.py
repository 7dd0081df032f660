"""What some supernets can do and others cannot."""

import enum


class Capability(enum.Enum):
    """What some supernets can do and others cannot.

    Attributes:
        MIXES: Runs all candidates at once; see `MixingSupernet`.
        TWO_PATHS: Compares two candidates of a block; see `TwoPathSupernet`.
        TRAINS_MIXED: Mixes so that the mixture may train weights: its gradient
            names the rows of what is active, each once, so that all others
            stay, and no scale after a candidate competes with its mixing
            weight.
        SEATS_CELLS: Has slots, whose cells a job names; see `SeatingSupernet`.
        TWO_SUBSETS: Compares two subsets of a cell; see `TwoSubsetSupernet`.
        SEVERAL_OPEN: Opens several branches of a block at once.
        RUNS_PARTS: Runs its parts one by one; see `SupernetOfParts`.
        DEEPENS: Can begin with fewer cells and get the others one by one; see
            `Networks.with_fewer_cells`.
    """

    MIXES = "mix its candidates"
    TWO_PATHS = "compare two candidates of a block"
    TRAINS_MIXED = "train its weights through a mixture of all candidates"
    SEATS_CELLS = "give its slots to cells that a job names"
    TWO_SUBSETS = "compare two subsets of candidates"
    SEVERAL_OPEN = "open several branches of a block"
    RUNS_PARTS = "run its parts one by one"
    DEEPENS = "grow by cells"
