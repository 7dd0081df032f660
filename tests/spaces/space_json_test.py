import copy
import json
import pathlib
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from nse_tf.spaces import (
    SearchSpace,
    load_space,
    make_preset,
    save_space,
    space_from_json,
    space_to_json,
)
from tests.spaces.strategies import small_spaces


@hypothesis.given(small_spaces())
def test_json_round_trip(space: SearchSpace) -> None:
    text = json.dumps(space_to_json(space))
    assert space_from_json(json.loads(text)) == space


@pytest.mark.parametrize("name", ["spos", "fairnas", "spos_tiny"])
def test_a_file_holds_a_shrunk_preset(
    name: str, tmp_path: pathlib.Path
) -> None:
    space = make_preset(name).without([(0, 1), (1, 2)])
    path = tmp_path / "new" / "space.json"
    save_space(space, path)
    assert load_space(path) == space


def test_an_edited_file_is_refused_until_it_gives_up_its_fingerprint(
    tmp_path: pathlib.Path,
) -> None:
    value = space_to_json(make_preset("fairnas"))
    value["skeleton"]["num_classes"] = 10
    path = tmp_path / "space.json"
    path.write_text(json.dumps(value))
    with pytest.raises(ValueError, match=r"space.json: .*it was edited"):
        load_space(path)
    del value["fingerprint"]
    value["convention"] = "plain"
    assert space_from_json(value) == make_preset("fairnas", num_classes=10)


def test_shrinking_by_hand_is_no_edit_of_the_space() -> None:
    value = space_to_json(make_preset("fairnas"))
    value["active"][0] = ["mbconv_k5_e3"]
    assert space_from_json(value).active[0] == (2,)


@pytest.mark.parametrize("value", [None, 3, [], {}, {"schema": "x/1"}])
def test_json_of_another_kind_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"schema 'nse_tf.space/1': it says"):
        space_from_json(value)


@pytest.mark.parametrize("text", ["", "{", "\x00", "[" * 100_000])
def test_a_file_that_is_not_json_is_refused_by_name(
    text: str, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "space.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"space.json is not JSON"):
        load_space(path)


def test_a_file_that_is_no_text_is_refused_by_name(
    tmp_path: pathlib.Path,
) -> None:
    path = tmp_path / "space.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"space.json is not JSON"):
        load_space(path)


def test_a_missing_file_is_missing(tmp_path: pathlib.Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_space(tmp_path / "space.json")


TINY = space_to_json(make_preset("spos_tiny", image_size=(8, 8)))


def _paths_of(value: Any, path: tuple[Any, ...] = ()) -> Iterator[Any]:
    """Yields the path of every node of a JSON value."""
    yield path
    if isinstance(value, (dict, list)):
        keys = value if isinstance(value, dict) else range(len(value))
        for key in keys:
            yield from _paths_of(value[key], (*path, key))


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-9, 2**70),
    st.floats(allow_nan=False),
    st.text(max_size=5),
    st.lists(st.integers(0, 9), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


@hypothesis.settings(max_examples=300)
@hypothesis.given(st.sampled_from(list(_paths_of(TINY))), JUNK)
def test_a_damaged_file_is_a_value_error_or_a_whole_space(
    path: tuple[Any, ...], junk: Any
) -> None:
    damaged = copy.deepcopy({**TINY, "junk": None})
    del damaged["fingerprint"]  # Which would catch it all.
    node: Any = damaged
    for key in path[:-1]:
        node = node[key]
    if path:
        node[path[-1]] = junk
    else:
        damaged = junk
    try:
        space = space_from_json(damaged)
    except ValueError:
        return
    assert space_from_json(space_to_json(space)) == space
