"""How well RAM and flash of a space's networks are predicted."""

import dataclasses

import numpy as np

from nse_tf.costs.micro import micro_costs
from nse_tf.export import measure_memory, require_tflite_micro
from nse_tf.runs.measuring import random_network
from nse_tf.spaces import SearchSpace, format_genotype
from nse_tf.supernet import build_child


@dataclasses.dataclass(frozen=True, kw_only=True)
class MemoryCheck:
    """What one network takes of a microcontroller, in bytes.

    Attributes:
        genotype: As text.
        ram_bytes: Tensor arena of its int8 file as TensorFlow Lite Micro
            measured it.
        predicted_ram_bytes: The same as a search predicts it.
        flash_bytes: Size of the int8 file.
        predicted_flash_bytes: The same as a search predicts it.
    """

    genotype: str
    ram_bytes: int
    predicted_ram_bytes: int
    flash_bytes: int
    predicted_flash_bytes: int


def check_memory(
    space: SearchSpace, count: int, seed: int
) -> list[MemoryCheck]:
    """Returns predictions and measurements of random networks of a space.

    Args:
        space: The space.
        count: How many networks are drawn.
        seed: Seed of the draw.

    Raises:
        ValueError: If TensorFlow Lite Micro is not installed or cannot run
            one of the networks.
    """
    require_tflite_micro()
    rng = np.random.default_rng([seed, 3])
    genotypes = [random_network(space, rng) for _ in range(count)]
    networks = [build_child(space, each, fast=False) for each in genotypes]
    names = [str(index) for index in range(networks[0].output_shape[-1])]
    arenas, sizes = measure_memory(networks, names)
    predicted = [micro_costs(space).of(each) for each in genotypes]
    return [
        MemoryCheck(
            genotype=format_genotype(space, genotype),
            ram_bytes=arena,
            predicted_ram_bytes=round(costs["ram_bytes"]),
            flash_bytes=size,
            predicted_flash_bytes=round(costs["flash_bytes"]),
        )
        for genotype, arena, size, costs in zip(
            genotypes, arenas, sizes, predicted, strict=True
        )
    ]


def memory_lines(checks: list[MemoryCheck]) -> list[str]:
    """Returns how far predictions are off, as lines for people."""
    lines = []
    for name, measured, predicted in (
        (
            "RAM",
            [each.ram_bytes for each in checks],
            [each.predicted_ram_bytes for each in checks],
        ),
        (
            "flash",
            [each.flash_bytes for each in checks],
            [each.predicted_flash_bytes for each in checks],
        ),
    ):
        errors = np.abs(np.array(predicted) / np.array(measured) - 1)
        lines.append(
            f"{name}: {min(measured):,} to {max(measured):,} bytes as "
            f"measured, predicted within {errors.max():.2%} (median "
            f"{np.median(errors):.2%}), {len(checks)} networks"
        )
    return lines
