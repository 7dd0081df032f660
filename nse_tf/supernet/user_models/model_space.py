"""The search space of a functional model with `Choice` layers."""

from typing import Any

import keras

from nse_tf.costs.parts import Part
from nse_tf.spaces import LayerOp, ModelSkeleton, SearchSpace, layer_block
from nse_tf.supernet.user_models.choice import Choice, is_auto_named
from nse_tf.supernet.user_models.copying import Call, Shape, copied, plain_copy
from nse_tf.supernet.user_models.layer_costs import calls_part, layer_part
from nse_tf.supernet.user_models.model_digest import digest_of


def choices_of(model: keras.Model) -> list[Choice]:
    """Returns the choices of a model, input to output.

    Raises:
        ValueError: If there is none, one is out of reach, one is called several
            times, or the model is not functional.
    """
    found: list[Choice] = []
    calls: list[Call] = []

    def leaf(layer: Any) -> Any:
        if isinstance(layer, Choice):
            found.append(layer)
        return plain_copy(layer)

    copied(model, leaf, calls)
    counted = [each.layer for each in calls if isinstance(each.layer, Choice)]
    hidden = [
        layer.name
        for layer in model._flatten_layers()
        if isinstance(layer, Choice) and layer not in found
    ]
    if hidden:
        raise ValueError(
            f"Choice {hidden[0]!r} lies inside a layer of model "
            f"{model.name!r} that is no functional model, where it cannot be "
            "exchanged. Call it in the functional model itself."
        )
    for choice in counted:
        if counted.count(choice) > 1:
            raise ValueError(
                f"Choice {choice.name!r} is called {counted.count(choice)} "
                "times. Each block needs a choice of its own."
            )
    if not found:
        raise ValueError(
            f"Model {model.name!r} has no `nse_tf.Choice`, so there is nothing "
            "to search."
        )
    return found


def block_names(choices: list[Choice]) -> list[str]:
    """Returns the name of each block; those without one are numbered."""
    return [
        f"choice_{index}" if is_auto_named(choice) else choice.name
        for index, choice in enumerate(choices)
    ]


def space_of(model: keras.Model) -> SearchSpace:
    """Returns the space of a functional model with `Choice` layers.

    Args:
        model: From images `(height, width, channels)` to `(num_classes,)`
            scores of classes: logits, or a softmax of them at the end.

    Raises:
        ValueError: If the model is no such model, or its costs are unknown.
    """
    image_shape, num_classes = _ends(model)
    choices = choices_of(model)
    calls: list[Call] = []
    copied(model, plain_copy, calls)
    shared = calls_part(
        "shared", (c for c in calls if not isinstance(c.layer, Choice))
    )
    # In the order of `choices_of`: both follow the graph.
    shapes = [c[1:] for c in calls if isinstance(c.layer, Choice)]
    blocks = tuple(
        layer_block(
            name,
            tuple(
                _op(label, layer_part(label, layer, in_shape, out_shape))
                for label, layer in zip(
                    choice.labels, choice.layers, strict=True
                )
            ),
            _whole(choice, in_shape),
            _whole(choice, out_shape),
        )
        for name, choice, (in_shape, out_shape) in zip(
            block_names(choices), choices, shapes, strict=True
        )
    )
    skeleton = ModelSkeleton(
        image_size=image_shape[:2],
        image_channels=image_shape[2],
        num_classes=num_classes,
        model_digest=digest_of(model),
        macs=shared.macs,
        params=shared.params,
        kernel_params=shared.kernel_params,
        num_convs=shared.num_convs,
    )
    active = tuple(tuple(range(len(each.candidates))) for each in blocks)
    return SearchSpace(
        name=model.name, skeleton=skeleton, blocks=blocks, active=active
    )


def _op(label: str, part: Part) -> LayerOp:
    return LayerOp(
        label=label,
        macs=part.macs,
        params=part.params,
        kernel_params=part.kernel_params,
        num_convs=part.num_convs,
    )


def _ends(model: keras.Model) -> tuple[tuple[int, int, int], int]:
    """Returns the shape of an image, and the number of classes."""
    shapes = [
        tuple(tensor.shape[1:])
        for tensor in (*(model.inputs or ()), *(model.outputs or ()))
    ]
    is_classifier = len(shapes) == 2 and (len(shapes[0]), len(shapes[1])) == (
        3,
        1,
    )
    if not is_classifier or None in shapes[0] + shapes[1]:
        raise ValueError(
            f"Model {model.name!r} must take images (height, width, channels) "
            "of a whole shape and give one score for each class, "
            f"(num_classes,). Its inputs and outputs are {shapes}."
        )
    height, width, channels = shapes[0]
    return (height, width, channels), shapes[1][0]


def _whole(choice: Choice, shape: Shape) -> tuple[int, ...]:
    sides = tuple(side for side in shape[1:] if side is not None)
    if len(sides) < len(shape) - 1:
        raise ValueError(
            f"Choice {choice.name!r} works on tensors of shape {shape[1:]}, "
            "which is not known whole: give keras.Input a whole shape."
        )
    return sides
