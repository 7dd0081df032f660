"""A kit of made-up files, and what a device may say of them."""

import pathlib

from nse_tf.export import TablePlan
from nse_tf.export.table_kit import TableKit, kit_file, write_kit
from nse_tf.export.table_maker import EMPTY

ROWS = {EMPTY: 100, "conv/4": 300, "conv/8": 700}
NETWORKS = [("fit", n) for n in (1, 2, 3)] + [("check", n) for n in range(4, 9)]


def make_kit(folder: pathlib.Path) -> TableKit:
    """Writes a kit of three rows and of networks that cost their sums."""
    purposes: list[tuple[str, tuple[str, ...], int]] = [
        *(("row", (key,), size) for key, size in ROWS.items())
    ]
    purposes += [
        (purpose, ("conv/4",) * n + ("conv/8",), 100 + 200 * n + 600)
        for purpose, n in NETWORKS
    ]
    contents, files = {}, []
    for number, (purpose, keys, size) in enumerate(purposes):
        content = bytes([number]) * size
        file = kit_file(number, purpose, keys, content)
        files.append(file)
        contents[file.name] = content
    plan = TablePlan(rounds=3, num_threads=2)
    kit = TableKit(space="small", plan=plan, files=tuple(files))
    write_kit(folder, kit, contents)
    return kit


def as_csv(kit: TableKit, scale: float, slower: float | None = None) -> str:
    """Returns results as a CSV; `slower` is by how much in each later round."""
    turns = [0] if slower is None else [0, 1, 2]
    rows = [
        f"{file.name},{scale * (1 + turn * (slower or 0)) * file.size_bytes}"
        + (f",{turn}" if slower is not None else "")
        for turn in turns
        for file in kit.files
    ]
    header = "name,ms" if slower is None else "name,ms,round"
    return "\n".join([header, *rows])
