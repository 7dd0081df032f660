import json
import pathlib
import re
import subprocess
import sys
from typing import Any

import pytest
from absl.testing import flagsaver

from nse_tf.flags import describe
from nse_tf.spaces import (
    format_genotype,
    make_preset,
    published_network,
    save_space,
)
from nse_tf.spaces.files import write_json
from tests.flags.described import BEST_CELL, print_of, value_of
from tests.shared_data import FOLDER

NSE_LUT = FOLDER / "latency" / "nse_lut.csv"
SPOS_ABS = "2 2 -1 0 0 -1 -1 0 5 -1 4 4 0 0 4 2 3 4 4 4 3"


def run(*argv: str, cwd: pathlib.Path) -> subprocess.CompletedProcess[str]:
    """Runs the binary as a user does, far from the checkout."""
    program = f"import sys; sys.path.insert(0, {str(pathlib.Path.cwd())!r})\n"
    program += "sys.argv[0] = 'nse_describe'\n"
    program += "from nse_tf.flags.describe import run\nrun()"
    return subprocess.run(
        [sys.executable, "-c", program, *argv],
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
    )


# JSON.


@pytest.mark.parametrize(
    ("name", "macs", "published", "params"),
    [
        ("spos_abs", 470_792_064, 472_519_064, 5_936_776),
        ("proxyless_abs", 468_966_912, 470_693_912, 5_955_808),
        ("fairnas_abs", 310_944_320, 325_068_376, 3_774_992),
    ],
)
def test_a_published_network(
    capsys: pytest.CaptureFixture[str],
    name: str,
    macs: int,
    published: int,
    params: int,
) -> None:
    value = value_of(capsys, network=name)
    assert (value["kind"], value["name"]) == ("network", name)
    assert value["macs"] == sum(each["macs"] for each in value["blocks"])
    assert value["params"] == sum(each["params"] for each in value["blocks"])
    assert (value["macs"], value["params"]) == (macs, params)
    assert value["published_macs"] == published
    assert "2004.13431" in value["source"]


def test_a_genotype_is_the_same_as_numbers_names_and_file(
    capsys: pytest.CaptureFixture[str], tmp_path: pathlib.Path
) -> None:
    space, genotype = published_network("spos_abs")
    path = tmp_path / "genotype.json"
    write_json(path, genotype.to_json())
    published = value_of(capsys, network="spos_abs")
    for text in (SPOS_ABS, format_genotype(space, genotype), str(path)):
        value = value_of(capsys, space="spos", genotype=text)
        assert (value["kind"], value["name"]) == ("genotype", text)
        for key in ("macs", "published_macs", "params", "genotype", "blocks"):
            assert value[key] == published[key]


def test_a_space_has_an_exact_size_for_any_json_reader(
    capsys: pytest.CaptureFixture[str],
) -> None:
    # 42 blocks, of which 6 change shape.
    text = print_of(capsys, space="spos", depth=2.0, format="json")
    value = json.loads(text)
    assert value["size"] == int(value["size_text"]) == 6**6 * 7**36
    # What a reader of doubles would make of it.
    rounded = json.loads(text, parse_int=float)
    assert int(rounded["size"]) != int(rounded["size_text"])


def test_the_published_space(capsys: pytest.CaptureFixture[str]) -> None:
    value = value_of(capsys, space="spos")
    assert (value["kind"], value["name"]) == ("space", "spos")
    assert value["size"] == 221_502_229_807_900_608
    assert (value["num_blocks"], value["num_operators"]) == (21, 141)
    assert value["macs_range"]["lowest"] == 182_479_200
    assert value["params_range"]["highest"] == 8_382_408


def test_a_space_is_adapted_by_flags(
    capsys: pytest.CaptureFixture[str],
) -> None:
    value = value_of(
        capsys,
        space="fairnas",
        image_size="300x200",
        image_channels=1,
        num_classes=7,
        width=0.5,
        depth=0.5,
    )
    assert value["backbone"][0]["in_shape"] == [300, 200, 1]
    assert value["backbone"][-1]["out_shape"] == [7]
    assert value["num_blocks"] == 10
    assert value["backbone"][-2]["out_shape"][-1] == 640


def test_a_space_file_describes_the_shrunk_space(
    capsys: pytest.CaptureFixture[str], tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "space.json"
    save_space(make_preset("fairnas").without([(0, 0)]), path)
    value = value_of(capsys, space=str(path))
    assert value["size"] == 5 * 6**18
    assert value["space"] == "fairnas"


# Text.


def test_the_table_of_a_network_is_aligned_and_totals(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = print_of(capsys, network="spos_abs").splitlines()
    table = lines[3 : lines.index("", 3)]
    assert table[0].split() == ["part", "ops", "in", "out", "MACs", "params"]
    assert table[3].split() == [
        "stage0_block0",
        "mbconv_k5_e3",
        "112x112x24",
        "56x56x32",
        "34,546,176",
        "6,184",
    ]
    assert table[-2].split() == ["total", "470,792,064", "5,936,776"]
    assert table[-1].split() == ["as", "published", "472,519,064"]
    assert {len(line) for line in table[:-1]} == {len(table[0])}


def test_the_table_of_a_space_is_the_published_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = print_of(capsys, space="spos")
    assert "networks   221,502,229,807,900,608\n" in text
    row = next(line for line in text.splitlines() if "stage0_block1" in line)
    assert row.split()[3:] == [
        "21.9771",
        "43.9542",
        "26.7940",
        "53.5880",
        "34.0193",
        "68.0387",
        "0.0000",
    ]


# Bad input.


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "Say what to describe: --space=spos|"),
        ({"space": "spoz"}, "'spoz'. Did you mean 'spos'"),
        ({"network": "spos"}, "'spos'. Did you mean 'spos_abs'"),
        ({"network": "spos_abs", "width": 2.0}, "takes no other flag"),
        ({"network": "spos_abs", "space": "spos"}, "takes no other flag"),
        ({"space": "spos", "genotype": "1 2"}, "has 21 words"),
        ({"space": "spos", "genotype": "9 " * 21}, "'9' is not a candidate"),
        (
            {"space": "nb201", "genotype": BEST_CELL.replace("skip_", "")},
            "'connect' is not a candidate of edge 'cell_0_3'",
        ),
        ({"space": "nb201", "genotype": "|none~0|"}, "has 3 inner nodes"),
        ({"space": "spos", "image_size": "big"}, "`--image_size` is 'big'"),
        (
            {"space": "spos", "image_size": "auto"},
            "`--image_size` is 'auto', which nse_search chooses",
        ),
        ({"space": "auto"}, "`--space` is 'auto', which nse_search chooses"),
        ({"space": "spos", "image_size": "0"}, "`image_size` 0x0"),
        ({"space": "spos", "width": 0.0}, "must be positive, not 0.0"),
        ({"genotype": SPOS_ABS}, "Say what to describe"),
        ({"space": "x.json", "image_size": "32"}, "leave out --image_size"),
    ],
)
def test_bad_flags_are_refused_with_the_way_out(
    given: dict[str, Any], message: str
) -> None:
    with (
        flagsaver.flagsaver(**given),
        pytest.raises(ValueError, match=re.escape(message)),
    ):
        describe.main(["nse_describe"])


def test_a_genotype_file_of_another_space_is_refused(
    tmp_path: pathlib.Path,
) -> None:
    path = tmp_path / "genotype.json"
    write_json(path, published_network("fairnas_abs")[1].to_json())
    with (
        flagsaver.flagsaver(space="spos", genotype=str(path)),
        pytest.raises(ValueError, match=r"genotype.json: .*fingerprint"),
    ):
        describe.main(["nse_describe"])


# As a user runs it.


def test_the_binary_loads_no_framework(tmp_path: pathlib.Path) -> None:
    program = (
        "import atexit, sys\n"
        "atexit.register(lambda: print(*sorted(sys.modules), "
        "file=sys.stderr))\n"
        f"sys.path.insert(0, {str(pathlib.Path.cwd())!r})\n"
        "from nse_tf.flags.describe import run\nrun()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "--network=spos_abs", "--format=json"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    loaded = set(done.stderr.split())
    assert "nse_tf.flags.describe" in loaded
    assert not {"tensorflow", "keras", "keras_tuner", "scipy"} & loaded
    assert json.loads(done.stdout)["macs"] == 470_792_064


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--space=nowhere.json"], "No such file or directory: nowhere.json"),
        (["--space=text.json"], "text.json is not JSON: "),
        (["--space=genotype.json"], "genotype.json: Not a search space of "),
        (["--space=edited.json"], "edited.json: The search space says finger"),
        (["--space=folder.json"], "Is a directory: folder.json"),
        (["--spcae=spos"], "Unknown command line flag 'spcae'. Did you mean:"),
        (["--format=xml", "--space=spos"], "flag --format=xml: "),
        (["--num_classes=1"], "flag --num_classes=1: "),
        (["spos"], "'spos' is no flag; flags look like --name=value."),
    ],
)
def test_bad_input_ends_with_one_line_and_exit_code_2(
    argv: list[str], message: str, tmp_path: pathlib.Path
) -> None:
    space, genotype = published_network("spos_abs")
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "text.json").write_text("spos")
    write_json(tmp_path / "genotype.json", genotype.to_json())
    save_space(space, tmp_path / "edited.json")
    text = (tmp_path / "edited.json").read_text()
    (tmp_path / "edited.json").write_text(text.replace("1728", "1729"))
    done = run(*argv, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"nse_describe: {message}")
    assert done.stderr.count("\n") == 1


def test_help_lists_the_flags_and_ends_well(tmp_path: pathlib.Path) -> None:
    done = run("--help", cwd=tmp_path)
    assert done.returncode == 0
    for name in ("space", "genotype", "network", "image_size", "format"):
        assert f"--{name}" in done.stdout
    assert "nse_describe --network=spos_abs" in done.stdout


@pytest.mark.parametrize(
    ("given", "macs", "params"),
    [
        ({}, 326_326_224, 4_570_464),
        ({"squeeze_excite": True}, 328_335_632, 6_588_572),
        ({"squeeze_excite": True, "activation": "swish"}, 328_335_632, None),
    ],
)
def test_nsenet_27_is_described_as_published(
    capsys: pytest.CaptureFixture[str],
    given: dict[str, Any],
    macs: int,
    params: int | None,
) -> None:
    found = value_of(capsys, network="nsenet_27", **given)
    assert found["published_macs"] == macs
    assert found["macs"] == macs - 1024
    assert params in (None, found["params"])
    assert found["latency"] is None


@pytest.mark.skipif(not NSE_LUT.exists(), reason="the table is not there")
def test_a_table_gives_the_latency_of_a_network(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = value_of(capsys, network="nsenet_gpu", latency_table=str(NSE_LUT))
    assert found["latency"] == pytest.approx(66.7705)


def test_options_are_for_networks_that_have_them() -> None:
    with (
        flagsaver.flagsaver(network="spos_abs", squeeze_excite=True),
        pytest.raises(ValueError, match="options of multi-branch cells"),
    ):
        describe.main(["nse_describe"])


def test_what_a_microcontroller_needs_is_predicted_if_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = {"space": "spos_tiny", "image_size": "8"}
    assert value_of(capsys, **given)["ram_range"] is None
    asked = {**given, "micro": True}
    space = value_of(capsys, **asked)
    low, high = (space["ram_range"][each] for each in ("lowest", "highest"))
    assert low < high < space["flash_range"]["highest"]
    assert f"{low:,} to {high:,} bytes" in print_of(capsys, **asked)
    asked["genotype"] = space["ram_range"]["cheapest"]
    network = value_of(capsys, **asked)
    assert network["ram_bytes"] == low
    text = print_of(capsys, **asked)
    assert f"RAM {low:,} bytes, flash {network['flash_bytes']:,}" in text


def test_widths_of_stages_are_described(
    capsys: pytest.CaptureFixture[str],
) -> None:
    given: dict[str, Any] = {
        "space": "spos_tiny",
        "image_size": "8",
        "depth": 0.25,
        "stage_widths": ["0.5", "1"],
    }
    space = value_of(capsys, **given)
    assert space["space"] == "spos_tiny of stage widths 0.5, 1"
    assert space["blocks"][0]["name"] == "stage0_width"
    text = space["macs_range"]["cheapest"]
    assert text.startswith("width_0.5 mbconv_")
    page = print_of(capsys, **given, genotype=text)
    assert "width_0.5 mbconv_" in page
    network = value_of(capsys, **given, genotype=text)
    assert network["macs"] == space["macs_range"]["lowest"]
    first = next(part for part in network["blocks"] if part["is_choice"])
    widest = space["blocks"][1]
    assert first["name"] == widest["name"]
    assert 2 * first["out_shape"][-1] == widest["out_shape"][-1]


def test_a_width_that_is_no_number_is_refused() -> None:
    with (
        flagsaver.flagsaver(space="spos", stage_widths=["half", "1"]),
        pytest.raises(ValueError, match="`--stage_widths` is 'half,1'; give"),
    ):
        describe.describe()
