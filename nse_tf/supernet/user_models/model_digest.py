"""Tells a user's model from another one, whatever Keras calls its layers."""

import hashlib
import json
from typing import Any

import keras

from nse_tf.supernet.user_models.choice import is_auto_name

_REFERENCES = ("keras_history", "input_layers", "output_layers")


def digest_of(model: keras.layers.Layer) -> str:
    """Returns a digest of the configuration of a model, or of a layer.

    Keras counts the layers of a process in the names that it makes up, so that
    the same code gives other names the second time; those are left out. How the
    model is compiled does not count.
    """
    config = keras.saving.serialize_keras_object(model)
    config.pop("compile_config", None)
    config["config"].pop("name", None)
    numbers: dict[str, str] = {}
    # Before anything is renamed, so that references find their numbers.
    _number(config, numbers)
    text = json.dumps(_renamed(config, numbers), sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _number(value: Any, numbers: dict[str, str]) -> None:
    """Numbers the names that Keras made up, in the order they stand."""
    if isinstance(value, dict):
        name = _made_up(value)
        if name is not None:
            numbers.setdefault(name, f"layer {len(numbers)}")
        for each in value.values():
            _number(each, numbers)
    elif isinstance(value, list | tuple):
        for each in value:
            _number(each, numbers)


def _made_up(value: dict[str, Any]) -> str | None:
    config = value.get("config")
    name = config.get("name") if isinstance(config, dict) else None
    if not isinstance(name, str):
        return None
    return name if is_auto_name(name, str(value.get("class_name"))) else None


def _renamed(value: Any, numbers: dict[str, str]) -> Any:
    """Returns a configuration with numbers in place of made-up names."""
    if isinstance(value, list | tuple):
        return [_renamed(each, numbers) for each in value]
    if not isinstance(value, dict):
        return value
    renamed = {key: _renamed(each, numbers) for key, each in value.items()}
    name = _made_up(value)
    if name is not None:
        renamed["config"]["name"] = numbers[name]
        if "name" in renamed:
            renamed["name"] = numbers[name]
    for key in _REFERENCES:
        if key in renamed:
            renamed[key] = _dereferenced(renamed[key], numbers)
    return renamed


def _dereferenced(value: Any, numbers: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_dereferenced(each, numbers) for each in value]
    return numbers.get(value, value) if isinstance(value, str) else value
