"""The file that a supernet's training goes on from."""

import dataclasses
import hashlib
import pathlib

import numpy as np
import pytest

from nse_tf.spaces.sealed_files import DamagedError
from nse_tf.training.checkpoints import MARK, Checkpoint


def _checkpoint() -> Checkpoint:
    rng = np.random.default_rng(0)

    def values(count: int) -> list[np.ndarray]:
        return [
            rng.normal(size=(2, index % 3 + 1)).astype(np.float32)
            for index in range(count)
        ]

    losses = (1 / 3, 0.1)
    return Checkpoint(
        job_id="00001_job",
        config_digest="digest",
        losses=losses,
        weights=values(12),
        momenta=values(11),
        base=values(3),
        fingerprint="ab",
        architecture=values(4),
        course=values(3),
        active=[(0, 2), ()],
    )


def _is_same(one: Checkpoint, other: Checkpoint) -> bool:
    return all(
        all(map(np.array_equal, value, getattr(other, name)))
        and len(value) == len(getattr(other, name))
        if isinstance(value, list)
        else value == getattr(other, name)
        for name, value in vars(one).items()
    )


def test_a_checkpoint_comes_back_to_the_bit(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "new" / "folder" / "checkpoint.npz"
    _checkpoint().save(path)
    assert _is_same(Checkpoint.load(path), _checkpoint())
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "content", [b"", b"no archive", b"PK\x03\x04", b"\x93NUMPY\x01\x00v\x00{"]
)
def test_another_file_is_no_checkpoint(
    tmp_path: pathlib.Path, content: bytes
) -> None:
    path = tmp_path / "checkpoint.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"checkpoint\.npz is no checkpoint"):
        Checkpoint.load(path)


def test_another_archive_is_no_checkpoint(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "checkpoint.npz"
    about = np.frombuffer(b'{"schema": "other/1"}', np.uint8)
    for arrays, said in (
        ({"about": about}, "'other/1'"),
        ({"weights": np.zeros(3)}, "Start anew in another folder"),
    ):
        np.savez(path, **arrays)
        with pytest.raises(DamagedError, match="its checksum is not"):
            Checkpoint.load(path)
        content = path.read_bytes()
        seal = hashlib.sha256(content).hexdigest()
        path.write_bytes(content + MARK + seal.encode())
        with pytest.raises(DamagedError, match=said):
            Checkpoint.load(path)


def test_no_damage_goes_unnoticed(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "checkpoint.npz"
    _checkpoint().save(path)
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    for number in range(400):
        damaged = bytearray(content)
        if number % 4 == 0:
            damaged = damaged[: rng.integers(len(damaged))]
        else:
            damaged[rng.integers(len(damaged))] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        with pytest.raises(DamagedError, match=r"checkpoint\.npz is no"):
            Checkpoint.load(path)


def test_the_digest_is_of_all_that_training_goes_on_from() -> None:
    one = _checkpoint()
    assert one.digest == _checkpoint().digest
    for changes in (
        {"job_id": "00002_job"},
        {"losses": (1 / 3,)},
        {"weights": [-value for value in one.weights]},
        {"momenta": one.momenta[:-1]},
        {"base": [value.reshape(-1) for value in one.base]},
    ):
        other = dataclasses.replace(one, **changes)
        assert other.digest != one.digest
