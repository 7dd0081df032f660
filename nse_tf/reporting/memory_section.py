"""The part of a page on the memory that a winner needs, kernel by kernel."""

from collections.abc import Sequence

from nse_tf.costs.micro import LayerMemory, live_memory
from nse_tf.reporting.answer import limits, winner_genotype
from nse_tf.reporting.drawing import (
    FRONT,
    LIMIT,
    WINNER,
    Drawing,
    Key,
    canvas,
    to_svg,
)
from nse_tf.reporting.markup import figure, joined, tag
from nse_tf.reporting.plots import few_ticks
from nse_tf.reporting.run_files import MicroFacts
from nse_tf.reporting.run_record import RunRecord
from nse_tf.reporting.units import counted, shape_text, short_size


def memory_section(record: RunRecord) -> str:
    """Returns where the winner's RAM goes; empty where it was not measured."""
    found = winner_genotype(record)
    if record.micro is None or found is None:
        return ""
    layers = live_memory(*found)
    limit = limits(record).get("ram_bytes")
    return joined(
        [
            tag("h2", "Memory on a microcontroller"),
            tag("p", memory_text(record.micro, layers)),
            tag("div", figure(plot_memory(layers, limit)), class_="figures"),
        ]
    )


def memory_text(micro: MicroFacts, layers: Sequence[LayerMemory]) -> str:
    """Returns what the RAM is made of, and what decides it."""
    peak = max(layers, key=lambda layer: layer.live_bytes)
    place = layers.index(peak) + 1
    decides = (
        "image size, stem and first stage decide it"
        if 2 * place <= len(layers)
        else "the width of the last stages decides it"
    )
    rest = "The rest is what kernels keep."
    if 2 * peak.live_bytes < micro.arena_bytes:
        rest = (
            "The rest, which is more, is what kernels keep: it grows with the "
            "channels of all layers."
        )
    return (
        f"The int8 file used an arena of {micro.arena_bytes:,} bytes under "
        "TensorFlow Lite Micro, as measured on a 64-bit machine; its scores "
        f"are at most {counted(micro.steps, 'step')} of 8 bits from LiteRT's "
        f"on {micro.num_images:,} test images. Of the arena tensors take up to "
        f"{peak.live_bytes:,} bytes at once, in kernel {place} of "
        f"{len(layers)} ({peak.name}, {shape_text(peak.shape)}): {decides}. "
        + rest
    )


def plot_memory(layers: Sequence[LayerMemory], limit: float | None) -> Drawing:
    """Draws the bytes that are alive while each kernel computes.

    Args:
        layers: The kernels, in order; at least one.
        limit: The limit on RAM, if there is one.
    """
    live = [layer.live_bytes / 1e3 for layer in layers]
    peak = max(range(len(live)), key=live.__getitem__)
    with canvas("memory", 260) as (drawn, (axes,)):
        places = range(1, len(live) + 1)
        axes.fill_between(places, live, step="mid", color=FRONT, alpha=0.3)
        axes.step(places, live, where="mid", color=FRONT, linewidth=1.5)
        axes.plot([peak + 1], [live[peak]], "o", color=WINNER)
        keys = [
            Key("━", FRONT, "tensors alive"),
            Key("●", WINNER, "the most"),
        ]
        if limit is not None:
            axes.axhline(limit / 1e3, color=LIMIT, linestyle="--")
            keys.append(Key("╌", LIMIT, "limit on the whole arena"))
        axes.set_xlabel("kernel, input to output")
        axes.set_ylabel("kB")
        few_ticks(axes, integer=True)
        axes.set_ylim(bottom=0)
        text = (
            f"Memory alive in each of {len(layers)} kernels, at most "
            f"{short_size(layers[peak].live_bytes)} in kernel {peak + 1}, "
            f"{layers[peak].name}."
        )
        return Drawing(
            "memory",
            "Live memory, kernel by kernel",
            to_svg(drawn, text),
            tuple(keys),
        )
