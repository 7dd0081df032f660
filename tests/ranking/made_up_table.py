"""A table whose true accuracies follow from MACs, with noise."""

import functools

import numpy as np

from nse_tf.costs import CostModel
from nse_tf.ranking import NB201Table
from nse_tf.spaces import format_genotype, in_table_order, make_preset


@functools.cache
def made_up_table() -> NB201Table:
    """Returns the table."""
    space = make_preset("nb201")
    paths = np.array(in_table_order(space))
    macs = CostModel(space).path_costs("macs", paths)
    noise = np.random.default_rng(0).normal(size=len(paths))
    return NB201Table(space, paths, {"truth": np.log(macs) + 0.3 * noise})


def as_csv() -> str:
    """Returns the table as the text of a CSV file."""
    table = made_up_table()
    lines = ["index,arch,truth"]
    for index, path in enumerate(table.paths.tolist()):
        arch = format_genotype(table.space, table.space.genotype(path))
        lines.append(f"{index},{arch},{table.columns['truth'][index]}")
    return "\n".join(lines)
