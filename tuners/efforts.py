"""How much a search does: from minutes on a laptop to the paper's numbers."""

import dataclasses

from nse_tf.evolution import ExplorerConfig
from nse_tf.methods import OneShotConfig, SpaceEvolutionConfig
from nse_tf.shrinking import ShrinkSchedule
from nse_tf.training import ChildRecipe, SupernetRecipe


@dataclasses.dataclass(frozen=True)
class Effort:
    """All numbers of a search that say how long it takes.

    Attributes:
        summary: One line that says for what it is.
        search: Of the method.
        supernet: Of the training of shared weights.
        child: Of the training of a child alone.
        evolution: Of the method whose space evolves.
    """

    summary: str
    search: OneShotConfig
    supernet: SupernetRecipe
    child: ChildRecipe
    evolution: SpaceEvolutionConfig


EFFORTS = {
    "quick": Effort(
        "a few thousand small images: minutes on two cores",
        OneShotConfig(
            exploring=ExplorerConfig(num_children=300, population=50),
            shrinking=ShrinkSchedule(
                stop_size=100_000,
                first_epochs=25,
                other_epochs=4,
                total_epochs=50,
            ),
            search_epochs=45,
            learning_rates=(0.1, 0.001),
            calibration_images=512,
            child_epochs=100,
            num_rank_checks=8,
            rank_check_epochs=12,
        ),
        SupernetRecipe(batch_size=32, label_smoothing=0.0),
        ChildRecipe(batch_size=32, learning_rate=0.05, weight_decay=3e-4),
        SpaceEvolutionConfig(
            num_active=5,
            round_epochs=20,
            learning_rates=(0.02, 0.1),
            warmup_epochs=1.0,
            architecture_rate=0.02,
            num_proposals=100,
            num_extra=10,
            calibration_images=512,
            child_epochs=100,
            num_rank_checks=8,
            rank_check_epochs=12,
        ),
    ),
    "laptop": Effort(
        "some ten thousand images of 32 to 96 pixels: hours on two cores",
        OneShotConfig(
            exploring=ExplorerConfig(num_children=200, population=50),
            shrinking=ShrinkSchedule(
                first_epochs=8, other_epochs=1, total_epochs=16
            ),
            search_epochs=10,
            learning_rates=(0.1, 0.001),
            calibration_images=2_000,
            child_epochs=40,
            num_rank_checks=8,
            rank_check_epochs=8,
        ),
        SupernetRecipe(batch_size=128, label_smoothing=0.0),
        ChildRecipe(batch_size=128, learning_rate=0.2, weight_decay=1e-4),
        SpaceEvolutionConfig(
            num_active=5,
            round_epochs=4,
            learning_rates=(0.02, 0.1),
            warmup_epochs=0.5,
            architecture_rate=0.01,
            num_proposals=60,
            num_extra=6,
            calibration_images=2_000,
            child_epochs=40,
            num_rank_checks=8,
            rank_check_epochs=8,
        ),
    ),
    "paper": Effort(
        "SPOS after ABS as published for ImageNet: many GPUs",
        OneShotConfig(),
        SupernetRecipe(batch_size=512, nesterov=False),
        ChildRecipe(
            batch_size=1024,
            learning_rate=0.5,
            warmup_epochs=0.0,
            nesterov=False,
            weight_decay=4e-5,
            dropout=0.2,
        ),
        SpaceEvolutionConfig(),
    ),
}


def effort_for(num_images: int, image_size: tuple[int, int]) -> str:
    """Returns the name of the effort that suits a data set."""
    return (
        "quick"
        if num_images * image_size[0] * image_size[1] < 2e6
        else "laptop"
    )
