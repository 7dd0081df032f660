import dataclasses
import json
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest
from absl import flags
from PIL import Image

from nse_tf.datasets import load
from nse_tf.flags import override_flags
from nse_tf.runs.run_folder import RunFolder
from nse_tf.runs.search_config import SearchConfig
from nse_tf.spaces import make_preset, save_space

ONE = f"""
import sys
sys.path.insert(0, {str(pathlib.Path.cwd())!r})
sys.argv[0] = "nse_search"
from nse_tf.flags.search import run
"""
# Several command lines in one process, since TensorFlow's import takes seconds.
SEVERAL = f"""
{ONE}
import contextlib, io, json
from absl import flags
from absl.testing import flagsaver
ends = []
lines = json.load(sys.stdin)
for line in lines:
    sys.argv[1:] = line
    stderr = io.StringIO()
    with flagsaver.flagsaver(), contextlib.redirect_stderr(stderr):
        try:
            run()
        except SystemExit as end:
            ends.append([end.code, stderr.getvalue()])
json.dump(ends, sys.stdout)
"""


def run(*argv: str, cwd: pathlib.Path) -> subprocess.CompletedProcess[str]:
    """Runs the binary as a user does, far from the checkout."""
    program = (
        f"{ONE}\ntry:\n    run()\nfinally:\n"
        "    assert 'tensorflow' not in sys.modules or '--max_macs_m=0.001' in "
        "sys.argv"
    )
    return subprocess.run(
        [sys.executable, "-c", program, *argv],
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
    )


@dataclasses.dataclass(frozen=True)
class Bad:
    """A command line that is refused, and what parts of the one line."""

    flags: str
    parts: tuple[str, ...]


BAD = {
    "budget": Bad(
        "--max_macs_m=0.001 --run_dir=new",
        ("at most 1,000 MACs", "the cheapest costs", "the most expensive"),
    ),
    "budget_between": Bad(
        "--min_macs_m=900 --run_dir=new", ("the most expensive", "MACs")
    ),
    "budget_of_several": Bad(
        "--max_latency_ms=5 --max_params_m=0.0001 --run_dir=new",
        ("at most 100 parameters", "the cheapest costs"),
    ),
    "zero_budget": Bad(
        "--max_macs_m=0 --run_dir=new", ("`macs`", "must be positive")
    ),
    "dataset": Bad(
        "--dataset=cifar11 --data_dir=tfds --run_dir=new",
        ("'cifar11'", "cifar10"),
    ),
    "unprepared": Bad(
        "--dataset=cifar10 --data_dir=tfds --run_dir=new",
        ("'cifar10'", "not prepared"),
    ),
    "space": Bad("--space=spos_tinny --run_dir=new", ("spos_tiny",)),
    "space_file": Bad("--space=nowhere.json --run_dir=new", ("nowhere.json",)),
    "space_of_other_images": Bad(
        "--space=large.json --run_dir=new",
        ("large.json", "(32, 32, 3, 5)", "(8, 8, 1, 10)"),
    ),
    "resized_space_file": Bad(
        "--space=large.json --width=0.5 --run_dir=new",
        ("large.json", "leave out --width"),
    ),
    "width": Bad("--width=-1 --run_dir=new", ("`width`", "positive")),
    "no_data_dir": Bad(
        "--data_dir=nowhere --run_dir=new", ("'nowhere'", "not a folder")
    ),
    "empty_data_dir": Bad("--data_dir=empty --run_dir=new", ("empty",)),
    "class_of_one_image": Bad(
        "--data_dir=photos --run_dir=new", ("'lone'", "1 readable image")
    ),
    "image_size": Bad("--image_size=2 --run_dir=new", ("2", "at least 4")),
    "oblong": Bad("--image_size=8x9 --run_dir=new", ("8x9", "one side")),
    "scale_without_limit": Bad(
        "--image_size=auto --run_dir=new",
        ("there is no limit", "--max_macs_m", "--image_size in pixels"),
    ),
    "scale_out_of_reach": Bad(
        "--space=auto --max_macs_m=0.001 --run_dir=new",
        ("at most 1,000 MACs", "lowest costs", "8 pixels"),
    ),
    "scale_below_the_strides": Bad(
        "--space=auto --image_size=3 --max_macs_m=1 --run_dir=new",
        ("3x3", "at least 4"),
    ),
    "scale_of_a_file": Bad(
        "--image_size=auto --space=large.json --max_macs_m=1 --run_dir=new",
        ("'auto'", "large.json has its own sizes"),
    ),
    "augmentation": Bad("--augmentation=wild --run_dir=new", ("'wild'",)),
    "other_settings": Bad(
        "--seed=1 --run_dir=begun",
        ("other settings", "seed was 0 and is 1", "--run_dir"),
    ),
    "folder_of_another_kind": Bad(
        "--run_dir=thesis", ("thesis is not empty", "nothing was overwritten")
    ),
    "mixture_of_a_chain": Bad(
        "--method=darts --space=spos_tiny --run_dir=new",
        ("DARTS needs a space of cells", "'spos_tiny'", "spos or proxylessnas"),
    ),
    "stages_of_branches": Bad(
        "--method=pdarts --space=nse_tiny --run_dir=new",
        ("P-DARTS needs a space of cells", "'branches'"),
    ),
    "fair_branches": Bad(
        "--method=fairnas --space=nse_tiny --run_dir=new",
        ("FairNAS opens", "'nse_tiny'", "--method=nse or spos"),
    ),
    "gates_of_branches": Bad(
        "--method=proxylessnas --space=nse_tiny --gates=full --run_dir=new",
        ("`gates` is 'full'", "two or reinforce"),
    ),
    "penalty_of_rewards": Bad(
        "--method=proxylessnas --gates=reinforce --penalty=0.2 --run_dir=new",
        ("`penalty` is 0.2", "leave it at None"),
    ),
    "target": Bad(
        "--method=proxylessnas --target_m=900 --run_dir=new",
        ("`target` is 9e+08 macs", "reach from"),
    ),
    "target_of_an_evolution": Bad(
        "--method=nse --target_m=900 --run_dir=new",
        ("within 9e+08", "Choose another target"),
    ),
    "run_dir_is_a_file": Bad("--run_dir=thesis/thesis.txt", ("thesis.txt",)),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A folder with all kinds of things that do not fit."""
    folder = tmp_path_factory.mktemp("work")
    for name in ("empty", "tfds", "thesis", "photos/lone", "photos/many"):
        (folder / name).mkdir(parents=True)
    (folder / "thesis" / "thesis.txt").write_text("all of it")
    image = Image.fromarray(np.zeros((16, 16), np.uint8))
    for name in ("lone/a", "many/a", "many/b", "many/c", "many/d"):
        image.save(folder / "photos" / f"{name}.png")
    space = make_preset("spos_tiny", image_size=(32, 32), num_classes=5)
    save_space(space, folder / "large.json")
    config = SearchConfig(run_dir=pathlib.Path("begun"))
    RunFolder(folder / "begun").begin(config.settings(), load("digits"), space)
    return folder


@pytest.fixture(scope="module")
def refusals(folder: pathlib.Path) -> dict[str, tuple[int, str]]:
    """Exit code and stderr of every bad command line; nothing was written."""
    before = snapshot(folder)
    lines = [
        [*bad.flags.split(), f"--cache_dir={folder / 'cache'}"]
        for bad in BAD.values()
    ]
    done = subprocess.run(
        [sys.executable, "-c", SEVERAL],
        input=json.dumps(lines),
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    after = snapshot(folder)
    assert {
        name: content
        for name, content in after.items()
        if not name.startswith("cache/")
    } == before
    return dict(zip(BAD, json.loads(done.stdout), strict=True))


def snapshot(folder: pathlib.Path) -> dict[str, bytes]:
    """Returns all files of a folder, by path."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("name", BAD)
def test_bad_input_ends_with_one_line_and_2(
    refusals: dict[str, tuple[int, str]], name: str
) -> None:
    code, stderr = refusals[name]
    lines = [
        line for line in stderr.splitlines() if "photos" not in line
    ] or stderr.splitlines()
    assert code == 2, stderr
    assert "Traceback" not in stderr
    assert lines[-1].startswith("nse_search: ")
    assert len(lines) == 1
    for part in BAD[name].parts:
        assert part in lines[-1]


def test_a_budget_out_of_reach_is_all_that_is_said(
    folder: pathlib.Path,
) -> None:
    """As a user sees it: what TensorFlow itself says at its start is kept."""
    done = run("--max_macs_m=0.001", cwd=folder)
    assert done.returncode == 2
    assert done.stdout == ""
    assert re.fullmatch(r"nse_search: No network .* MACs.*\n", done.stderr)
    assert not (folder / "runs").exists()


@pytest.mark.parametrize(
    ("flag", "part"),
    [
        ("--explorer=hill_climbing", "regularized_evolution"),
        ("--method=random", "spos"),
        ("--effort=some", "quick"),
        ("--seed=-1", "seed"),
        ("--seed=one", "seed"),
        ("--precision=fp8", "int8"),
        ("--num_children=0", "num_children"),
        ("--no_such_flag", "no_such_flag"),
    ],
)
def test_bad_flags_are_refused_before_tensorflow_is_loaded(
    tmp_path: pathlib.Path, flag: str, part: str
) -> None:
    done = run(flag, cwd=tmp_path)
    assert done.returncode == 2
    assert re.fullmatch(r"nse_search: .*\n", done.stderr)
    assert part in done.stderr
    assert not any(tmp_path.iterdir())


def test_help_lists_the_flags_without_tensorflow(
    tmp_path: pathlib.Path,
) -> None:
    done = run("--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    for name in (
        *("--dataset", "--data_dir", "--space", "--image_size", "--run_dir"),
        *("--max_macs_m", "--max_params_m", "--max_latency_ms"),
        *("--max_size_kb", "--[no]shrink", "--method", "--explorer"),
        *("--effort", "--seed"),
        *(
            f"--[no]{flag.name}" if flag.boolean else f"--{flag.name}"
            for flag in (
                flags.FLAGS[each.name] for each in override_flags.OVERRIDES
            )
        ),
    ):
        assert name in done.stdout
    assert "demo|quick|laptop|paper" in done.stdout
