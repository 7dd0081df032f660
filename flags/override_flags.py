"""Flags of `nse_search` that each replace a single number of an effort."""

from absl import flags

from nse_tf.flags import autospace_flags, proxylessnas_flags

# Single numbers of an effort, by flag name.
OVERRIDES = (
    [
        flags.DEFINE_integer(name, None, text, lower_bound=least)
        for name, text, least in (
            (
                "shrink_warmup_epochs",
                "DARTS cells: the supernet starts with three cells and gets "
                "another one after so many epochs, until it has all; 0 starts "
                "with all.",
                0,
            ),
            (
                "shrink_first_epochs",
                "Epochs before the first drop of operators.",
                1,
            ),
            ("shrink_epochs", "Epochs before each later drop.", 1),
            ("drop_per_stage", "Operators that are dropped at a time.", 1),
            ("stop_size", "Number of networks at which shrinking stops.", 1),
            ("max_stages", "Most stages of shrinking.", 1),
            (
                "supernet_epochs",
                "Epochs of the supernet that is explored; pdarts: of each "
                "stage.",
                1,
            ),
            (
                "max_trainings",
                "spos, fairnas: how often at most the supernet is trained on "
                "while its children do no better than guessing.",
                1,
            ),
            (
                "children_per_operator",
                "Children that an operator is scored by.",
                1,
            ),
            (
                "score_calibration_images",
                "Images that calibrate the batch norm of a child whose "
                "accuracy scores operators; 0 takes the supernet's statistics.",
                0,
            ),
            ("num_children", "Children evaluated with inherited weights.", 1),
            ("population", "Children of a generation.", 1),
            ("calibration_images", "Images that calibrate batch norm.", 1),
            (
                "num_finalists",
                "Children trained alone, the best of which wins.",
                1,
            ),
            ("child_epochs", "Epochs of a child trained alone.", 1),
            (
                "probe_epochs",
                "--image_size=auto: epochs of each network whose short "
                "training decides; 0 decides by costs alone. Default: a fifth "
                "of the run's for all of them.",
                0,
            ),
            (
                "final_cells",
                "Spaces of cells: cells of a child trained alone, to which all "
                "limits then apply. Default: those of the space.",
                1,
            ),
            (
                "final_channels",
                "Spaces of cells: channels of its first cells. Default: those "
                "of the space.",
                1,
            ),
            (
                "num_rank_checks",
                "Children trained alone to test the ranking.",
                0,
            ),
            ("rank_check_epochs", "Epochs of a child of --num_rank_checks.", 1),
            (
                "patience",
                "End the training of a child alone after so many epochs that "
                "were no better on the validation part, and keep the best "
                "weights; the winner is then not trained on that part.",
                1,
            ),
            (
                "random_paths",
                "Random networks of a step of --paths=sandwich. Default: 2.",
                0,
            ),
            ("batch_size", "Images a step.", 1),
            (
                "rand_augment",
                "Random changes of each batch of a child trained alone, on top "
                "of --augmentation.",
                0,
            ),
            ("max_skips", "pdarts: most skip connections in a normal cell.", 0),
            (
                "stage_weights_epochs",
                "pdarts: epochs at the start of each stage that train the "
                "weights only. Default: as large a share as in the effort.",
                0,
            ),
            ("num_active", "nse: ops of a cell that are searched at once.", 1),
            ("max_rounds", "nse, autospace: most rounds.", 1),
            ("round_epochs", "nse, autospace: epochs of a round.", 1),
            (
                "architecture_every",
                "nse, proxylessnas: steps of the weights to one of the "
                "architecture parameters.",
                1,
            ),
            ("num_proposals", "nse: networks evaluated each round.", 1),
            ("num_extra", "nse: networks evaluated below the window.", 0),
        )
    ]
    + [
        flags.DEFINE_float(name, None, text, lower_bound=0)
        for name, text in (
            ("supernet_learning_rate", "First learning rate of the supernet."),
            ("child_learning_rate", "Highest learning rate of a child."),
            (
                "drop_path",
                "DARTS cells: probability, at the end, of an edge to be "
                "dropped for an image while a child is trained alone.",
            ),
            (
                "auxiliary_weight",
                "DARTS cells: factor on the loss of an auxiliary classifier, "
                "which only the training of a child has.",
            ),
            (
                "cutout",
                "Side of a square that is painted over in the images of a "
                "child trained alone, as a share of the side.",
            ),
            (
                "mixup",
                "Mix images and labels of a child trained alone by shares of "
                "a Beta distribution with this parameter, up to 1.",
            ),
            (
                "cutmix",
                "The same by pasting rectangles; with --mixup, each batch "
                "takes either one.",
            ),
            (
                "weight_average",
                "Decay of moving averages of a child's weights that its "
                "training hands over, such as 0.998.",
            ),
            (
                "classifier_rate",
                "Factor on the learning rate of the classifier, where the "
                "other layers are trained or inherited. Default: 1.",
            ),
            (
                "teacher_weight",
                "Share of --teacher in the loss of a child trained alone, up "
                "to 1. Default: 0.9.",
            ),
            (
                "teacher_temperature",
                "What logits of --teacher and child are divided by before they "
                "are compared. Default: 4.",
            ),
            (
                "target_m",
                "nse, proxylessnas, autospace: target of the expected cost, in "
                "millions.",
            ),
            (
                "penalty",
                "nse, autospace: loss at twice the target; proxylessnas: "
                "coefficient of --penalty_form.",
            ),
            (
                "window",
                "nse: half the width of the window of proposals' costs, as a "
                "share of the target.",
            ),
            (
                "window_shift",
                "nse: how far the window's middle lies above the target, as a "
                "share of it.",
            ),
            (
                "extra_window",
                "nse: how far below the window extra proposals reach, as a "
                "share of the target.",
            ),
            ("warmup_epochs", "nse: epochs of learning rate warm-up."),
            (
                "architecture_rate",
                "nse, proxylessnas, darts, pdarts, autospace: learning rate of "
                "the architecture parameters.",
            ),
            ("open_rate", "nse: probability of an op to be active in a step."),
            (
                "locked_rate",
                "nse: share of steps in which locked ops are active together.",
            ),
        )
    ]
    + [
        flags.DEFINE_float(
            "drop_below",
            None,
            "nse: ops whose architecture parameter is lower are dropped.",
        )
    ]
    + [
        flags.DEFINE_bool(name, None, text)
        for name, text in (
            ("preserve_locked", "nse: never drop inherited ops."),
            (
                "other_moves_statistics",
                "nse: batch norm's statistics also follow the subset that only "
                "runs forward.",
            ),
        )
    ]
    + proxylessnas_flags.OVERRIDES
    + autospace_flags.OVERRIDES
)
