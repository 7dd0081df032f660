import pathlib

import hypothesis
import pytest

from nse_tf.spaces import (
    PUBLISHED,
    Genotype,
    SearchSpace,
    format_genotype,
    load_genotype,
    make_preset,
    parse_genotype,
    published_network,
)
from nse_tf.spaces.chains import chain_space
from nse_tf.spaces.files import write_json
from nse_tf.spaces.presets import MBCONVS
from nse_tf.spaces.published_skeletons import FAIRNAS_SKELETON
from tests.spaces.strategies import spaces_and_genotypes


@hypothesis.given(spaces_and_genotypes())
def test_text_round_trip(drawn: tuple[SearchSpace, Genotype]) -> None:
    space, genotype = drawn
    text = format_genotype(space, genotype)
    assert parse_genotype(space, text) == genotype


@hypothesis.given(spaces_and_genotypes())
def test_indices_and_commas_say_the_same_as_names(
    drawn: tuple[SearchSpace, Genotype],
) -> None:
    space, genotype = drawn
    text = ", ".join("+".join(map(str, gene)) for gene in genotype.genes)
    assert parse_genotype(space, f" {text}\n") == genotype


@pytest.mark.parametrize("name", PUBLISHED)
def test_integers_as_papers_print_them_are_the_published_network(
    name: str,
) -> None:
    space, genotype = published_network(name)
    text = " ".join(
        str(gene) if isinstance(gene, int) else "+".join(map(str, gene)) or "-"
        for gene in PUBLISHED[name].genes
    )
    assert parse_genotype(space, text) == genotype


def test_minus_one_is_the_identity() -> None:
    space = make_preset("spos")
    text = "5 -1 " + "0 " * 19
    assert format_genotype(space, parse_genotype(space, text)).startswith(
        "mbconv_k7_e6 identity mbconv_k3_e3"
    )


def test_minus_one_is_refused_where_identity_does_not_compete() -> None:
    with pytest.raises(
        ValueError, match=r"'identity' is not a .*'stage0_block0'"
    ):
        parse_genotype(make_preset("spos"), "-1 " * 21)


def test_open_branches_are_joined_by_a_plus() -> None:
    space = chain_space("multi", FAIRNAS_SKELETON, MBCONVS, max_open=2)
    genotype = parse_genotype(space, "mbconv_k3_e6+0 " + "5 " * 18)
    assert genotype.genes[0] == (0, 1)
    assert format_genotype(space, genotype).startswith(
        "mbconv_k3_e3+mbconv_k3_e6 mbconv_k7_e6"
    )


@pytest.mark.parametrize("count", [0, 18, 20])
def test_too_few_or_too_many_words_are_counted(count: int) -> None:
    with pytest.raises(ValueError, match=f"has 19 words.*not {count}"):
        parse_genotype(make_preset("fairnas"), "0 " * count)


@pytest.mark.parametrize("word", ["6", "-2", "mbconv_k9_e3", "0+", "1.0", "²"])
def test_a_word_that_is_no_candidate_is_refused_with_its_block(
    word: str,
) -> None:
    text = f"0 0 {word} " + "0 " * 16
    with pytest.raises(
        ValueError, match="not a candidate of block 'stage1_block0'"
    ):
        parse_genotype(make_preset("fairnas"), text)


def test_a_misspelled_op_is_offered_the_nearest() -> None:
    with pytest.raises(ValueError, match="Did you mean 'mbconv_k5_e3'"):
        parse_genotype(make_preset("fairnas"), "mbconv_k5_3 " + "0 " * 18)


def test_more_branches_than_may_be_open_are_refused() -> None:
    with pytest.raises(ValueError, match="must open 1 branches"):
        parse_genotype(make_preset("fairnas"), "0+1 " + "0 " * 18)


def test_an_inactive_candidate_is_refused() -> None:
    space = make_preset("fairnas").without([(0, 5)])
    with pytest.raises(ValueError, match="'stage0_block0' offers"):
        parse_genotype(space, "5 " * 19)


def test_a_genotype_of_another_space_is_not_formatted() -> None:
    genotype = make_preset("fairnas").genotype([0] * 19)
    with pytest.raises(ValueError, match="belongs to the space of fingerprint"):
        format_genotype(make_preset("spos"), genotype)


def test_a_file_is_read_and_checked_against_its_space(
    tmp_path: pathlib.Path,
) -> None:
    space, genotype = published_network("fairnas_abs")
    path = tmp_path / "genotype.json"
    write_json(path, genotype.to_json())
    assert load_genotype(space, path) == genotype
    with pytest.raises(ValueError, match=r"genotype.json: .*fingerprint"):
        load_genotype(make_preset("spos"), path)
