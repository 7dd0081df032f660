"""Describes a search space or a network, and what it costs.

  nse_describe --network=spos_abs
  nse_describe --space=spos --image_size=32 --num_classes=10
  nse_describe --space=spos --genotype="2 2 -1 0 0 -1 -1 0 5 ..."
  nse_describe --space=runs/c10/space_001.json --format=json
  nse_describe --network=darts_abs
  nse_describe --network=nsenet --squeeze_excite
  nse_describe --space=spos_tiny --image_size=8 --micro
  nse_describe --network=nsenet_gpu --latency_table=nse_lut.csv
  nse_describe --space=nb201 --genotype="|nor_conv_3x3~0|+|none~0|..."

MACs are multiply-accumulates of convolutions and the classifier, and nothing
else; parameters are the trainable ones. With --format=json the output is one
JSON object.
"""

import dataclasses
import json
import pathlib
from collections.abc import Sequence
from typing import Any, NoReturn

from absl import flags

from nse_tf.costs import (
    DeviceTables,
    NetworkDescription,
    SpaceDescription,
    describe_network,
    describe_space,
)
from nse_tf.costs.published_tables import published_table
from nse_tf.costs.scaling import scaled_to_macs
from nse_tf.costs.tables import CostTable
from nse_tf.flags import (
    binaries,
    image_flags,
    output_flags,
    space_flags,
    table_flags,
)
from nse_tf.flags.description_text import network_text, space_text
from nse_tf.flags.paths import define_path
from nse_tf.spaces import (
    PRESETS,
    PUBLISHED,
    Genotype,
    SearchSpace,
    load_genotype,
    parse_genotype,
    published_network,
)
from nse_tf.terminal import say

flags.adopt_module_key_flags(space_flags)
flags.declare_key_flag(table_flags.LATENCY_TABLE.name)
flags.adopt_module_key_flags(image_flags)
flags.adopt_module_key_flags(output_flags)
GENOTYPE = define_path(
    "genotype",
    None,
    "A network of the space: one word for each choice block (an op's name or "
    "index, -1 for the identity, active branches joined by +), an arch string "
    "of cells, or a .json file.",
)
NETWORK = define_path(
    "network", None, f"A published network: one of {', '.join(PUBLISHED)}."
)


MICRO = flags.DEFINE_bool(
    "micro",
    False,
    "Predict what the int8 file needs on a microcontroller: RAM, which is the "
    "tensor arena of TensorFlow Lite Micro, and flash.",
)
SCALE_TO_MACS_M = flags.DEFINE_float(
    "scale_to_macs_m",
    None,
    "Widen the network, of a chain, to so many million MACs.",
    lower_bound=0,
)


def describe() -> SpaceDescription | NetworkDescription:
    """Returns the description that the flags ask for.

    Raises:
        ValueError: If flags contradict each other or name nothing known.
        FileNotFoundError: If a file is not there.
    """
    adapted = space_flags.adaptation()
    for flag in (image_flags.IMAGE_CHANNELS, image_flags.NUM_CLASSES):
        if flag.value is not None:
            adapted[flag.name] = flag.value
    if NETWORK.value is not None:
        return _describe_published(NETWORK.value, adapted)
    name = space_flags.SPACE.value
    if name is None:
        raise ValueError(
            f"Say what to describe: --space={'|'.join(PRESETS)}|FILE.json or "
            f"--network={'|'.join(PUBLISHED)}; see --help."
        )
    space = space_flags.read_space(name, adapted)
    source = PRESETS[name].summary if name in PRESETS else name
    if GENOTYPE.value is None:
        return describe_space(
            space, name=name, source=source, counts_memory=MICRO.value
        )
    space, genotype = _scaled(space, _read_genotype(space, GENOTYPE.value))
    return describe_network(
        space,
        genotype,
        name=GENOTYPE.value,
        source=source,
        table=_read_table(space),
        counts_memory=MICRO.value,
    )


def _describe_published(
    name: str, adapted: dict[str, Any]
) -> NetworkDescription:
    names = [flag.name for flag in space_flags.OPTIONS]
    options = {key: adapted.pop(key) for key in names if key in adapted}
    space, genotype = published_network(name, **options)
    if space_flags.SPACE.value or GENOTYPE.value or adapted:
        raise ValueError(
            "`--network` describes a network as it was published and takes no "
            f"other flag but {' and '.join(f'--{key}' for key in names)}. To "
            f"change it, use --space={space.name} with its --genotype, and "
            "--image_size and the like."
        )
    space, genotype = _scaled(space, genotype)
    return describe_network(
        space,
        genotype,
        kind="network",
        name=name,
        source=PUBLISHED[name].source,
        table=_read_table(space),
        counts_memory=MICRO.value,
    )


def _scaled(
    space: SearchSpace, genotype: Genotype
) -> tuple[SearchSpace, Genotype]:
    """Returns the network as wide as a flag allows, if it is given."""
    if SCALE_TO_MACS_M.value is None:
        return space, genotype
    macs = SCALE_TO_MACS_M.value * 1e6
    wider, same, _ = scaled_to_macs(space, genotype, macs)
    return wider, same


def _read_table(space: SearchSpace) -> CostTable | DeviceTables | None:
    """Returns the latency table that a flag names, or the tables, if any.

    Raises:
        FileNotFoundError: If a file is not there.
        ValueError: If it is no table, or has no rows for the space; if two are
            of one device.
    """
    if table_flags.LATENCY_TABLE.value is None:
        return None
    tables = [
        _table_of(pathlib.Path(word).expanduser(), space)
        for word in table_flags.LATENCY_TABLE.value.split(",")
    ]
    return tables[0] if len(tables) == 1 else DeviceTables.of(tables)


def _table_of(path: pathlib.Path, space: SearchSpace) -> CostTable:
    if path.suffix != ".csv":
        return CostTable.load(path)
    return published_table(path, space)


def _read_genotype(space: SearchSpace, text: str) -> Genotype:
    if text.endswith(".json"):
        return load_genotype(space, pathlib.Path(text))
    return parse_genotype(space, text)


def main(argv: Sequence[str]) -> None:
    """Prints the description."""
    del argv
    description = describe()
    if output_flags.FORMAT.value == "json":
        print(json.dumps(dataclasses.asdict(description), indent=1))
    elif isinstance(description, SpaceDescription):
        say(space_text(description))
    else:
        say(network_text(description))


def run() -> NoReturn:
    """Runs the binary `nse_describe`."""
    binaries.run(main)


if __name__ == "__main__":
    run()
