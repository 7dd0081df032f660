from typing import Any

import hypothesis
import numpy as np
import pytest

from nse_tf.spaces import Genotype, SearchSpace
from tests.spaces.strategies import spaces_and_genotypes


@hypothesis.given(spaces_and_genotypes())
def test_json_round_trip(drawn: tuple[SearchSpace, Genotype]) -> None:
    _, genotype = drawn
    assert Genotype.from_json(genotype.to_json()) == genotype


def test_equal_genotypes_are_one_key() -> None:
    pair = [Genotype(((0, 2), (1,)), "f") for _ in range(2)]
    assert len(set(pair)) == 1
    assert Genotype(((0, 2), (1,)), "g") not in set(pair)


def test_open_branches_are_the_genes_as_booleans() -> None:
    is_open = Genotype(((0, 2), (1,)), "f").open_branches(3)
    np.testing.assert_array_equal(is_open, [[1, 0, 1], [0, 1, 0]])
    assert is_open.dtype == bool


def test_a_single_path_is_one_index_a_block() -> None:
    assert Genotype(((3,), (0,)), "f").path == (3, 0)


def test_several_branches_are_no_path() -> None:
    genotype = Genotype(((3,), (0, 1)), "f")
    assert not genotype.is_path
    with pytest.raises(ValueError, match="opens no or several branches"):
        _ = genotype.path


@pytest.mark.parametrize("gene", [(1, 0), (1, 1), (-1, 2)])
def test_a_gene_out_of_order_is_refused(gene: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="Gene 1 is"):
        Genotype(((0,), gene), "f")


def test_a_block_that_is_skipped_is_no_path() -> None:
    genotype = Genotype(((3,), ()), "f")
    assert not genotype.is_path
    assert Genotype.from_json(genotype.to_json()) == genotype
    with pytest.raises(ValueError, match="opens no or several branches"):
        _ = genotype.path


SCHEMA = "nse_tf.genotype/1"


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "text",
        {"genes": [[0]], "fingerprint": "f"},
        {"schema": "nse_tf.space/1", "genes": [[0]], "fingerprint": "f"},
        {"schema": SCHEMA, "genes": [[0]]},
        {"schema": SCHEMA, "fingerprint": "f"},
        {"schema": SCHEMA, "genes": [0], "fingerprint": "f"},
        {"schema": SCHEMA, "genes": [["0"]], "fingerprint": "f"},
        {"schema": SCHEMA, "genes": [[0.5]], "fingerprint": "f"},
        {"schema": SCHEMA, "genes": None, "fingerprint": "f"},
    ],
)
def test_json_that_is_no_genotype_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"enotype|Gene"):
        Genotype.from_json(value)
