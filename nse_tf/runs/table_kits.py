"""Latency tables of devices out of reach: a kit goes out, results come back."""

import pathlib
import sys
from collections.abc import Iterator, Sequence

import numpy as np
import tqdm

from nse_tf.costs.tables import CostTable
from nse_tf.export.kit_results import KitResults, read_results, table_of_kit
from nse_tf.export.table_check import FEWEST_NETWORKS
from nse_tf.export.table_kit import (
    MANIFEST,
    TableKit,
    kit_file,
    require_free,
    write_kit,
)
from nse_tf.export.table_maker import convert_rows
from nse_tf.export.table_plan import TablePlan
from nse_tf.runs.measuring import table_builders, whole_networks
from nse_tf.spaces import SearchSpace

# As many as a fit needs.
FEWEST_FITTED = 3


def make_kit(
    folder: pathlib.Path,
    space: SearchSpace,
    plan: TablePlan,
    *,
    num_fitted: int,
    num_checked: int,
    seed: int,
) -> TableKit:
    """Writes the kit of a space's table, whole or not at all.

    Args:
        folder: Where; nothing may be there yet.
        space: The space whose ops are to be measured.
        plan: How.
        num_fitted: Random whole networks that rows will be fitted to; 0 leaves
            them as measured.
        num_checked: Other networks that the table will be compared with.
        seed: Seed of both draws.

    Raises:
        ValueError: If the folder is not empty, the space is no chain, or there
            are too few networks.
    """
    require_free(folder)
    for name, count, fewest in (
        ("fit", num_fitted, FEWEST_FITTED),
        ("validate", num_checked, FEWEST_NETWORKS),
    ):
        if 0 < count < fewest:
            raise ValueError(
                f"`{name}` is {count}, but takes {fewest} networks or more, or "
                "0 for none."
            )
    files, contents = [], {}
    total = 1 + len(table_builders(space)) + num_fitted + num_checked
    progress = tqdm.tqdm(
        _contents(space, plan, (num_fitted, num_checked), seed),
        desc="Files",
        total=total,
        disable=not sys.stderr.isatty(),
    )
    for number, (purpose, keys, content) in enumerate(progress):
        file = kit_file(number, purpose, keys, content)
        files.append(file)
        contents[file.name] = content
    kit = TableKit(space=space.name, plan=plan, files=tuple(files))
    write_kit(folder, kit, contents)
    return kit


def _contents(
    space: SearchSpace, plan: TablePlan, counts: tuple[int, int], seed: int
) -> Iterator[tuple[str, Sequence[str], bytes]]:
    """Yields purpose, keys and content of each file of a kit."""
    for key, content in convert_rows(table_builders(space), plan.precision):
        yield "row", (key,), content
    # The networks that a table measured here would have.
    rng = np.random.default_rng([seed, 3])
    for purpose, count in zip(("fit", "check"), counts, strict=True):
        for network in whole_networks(space, count, plan.precision, rng):
            yield purpose, network.keys, network.tflite


def read_kit(
    results: pathlib.Path,
    output: pathlib.Path,
    *,
    manifest: pathlib.Path | None = None,
    device: str | None = None,
) -> tuple[CostTable, KitResults]:
    """Writes the table of what came back, whole or not at all.

    Args:
        results: What `benchmark_model` printed, or a CSV.
        output: The table's file.
        manifest: The kit's manifest; None takes that beside the results.
        device: The device's name; None takes what it says of itself.

    Raises:
        ValueError: If results and manifest do not belong together, or are not
            complete; see `kit_results`.
        FileNotFoundError: If there is no such file.
    """
    kit = TableKit.load(manifest or results.with_name(MANIFEST))
    text = results.read_text(encoding="utf-8", errors="replace")
    try:
        found = read_results(text, kit)
        table = table_of_kit(kit, found, device)
    except ValueError as error:
        raise ValueError(f"{results}: {error}") from error
    table.save(output)
    return table, found
