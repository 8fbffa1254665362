"""Weights on disk: the same tensors from every kind of file, and nothing else from any."""

import os
import pickle
import zipfile

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from whatwhere.errors import UnsafeError, UsageError
from whatwhere.models.weights import hash_of, read_weights


def state():
    torch.manual_seed(3)
    return {
        "conv.weight": torch.randn(5, 3, 3, 3),
        "bn.running_mean": torch.randn(5),
        "bn.num_batches_tracked": torch.tensor(17),
    }


def equal(first, second):
    return sorted(first) == sorted(second) and all(
        torch.equal(first[name], second[name]) and first[name].dtype == second[name].dtype
        for name in first
    )


@pytest.mark.parametrize(
    "wrap",
    [
        lambda weights: weights,
        lambda weights: {"state_dict": weights, "epoch": 7},
        lambda weights: {"model": weights},
        lambda weights: {f"module.{name}": value for name, value in weights.items()},
        lambda weights: {"state_dict": {f"module.{n}": v for n, v in weights.items()}},
        lambda weights: {
            name: nn.Parameter(v, v.is_floating_point()) for name, v in weights.items()
        },
    ],
)
@pytest.mark.parametrize("suffix", [".pth", ".pt"])
def test_a_state_dict_of_torch_is_read_whatever_is_around_it(tmp_path, wrap, suffix):
    path = tmp_path / f"weights{suffix}"
    torch.save(wrap(state()), path)
    assert equal(read_weights(path), state())


def test_safetensors_are_read_and_the_file_does_not_matter_to_the_hash(tmp_path):
    save_file(state(), tmp_path / "weights.safetensors")
    torch.save(dict(reversed(state().items())), tmp_path / "weights.pth")
    read = read_weights(tmp_path / "weights.safetensors")
    assert equal(read, state())
    assert hash_of(read) == hash_of(read_weights(tmp_path / "weights.pth")) == hash_of(state())
    assert len(hash_of(read)) == 64


def test_the_hash_is_of_names_types_shapes_and_values():
    known = {hash_of(state())}
    for change in (
        {"bn.num_batches_tracked": torch.tensor(18)},
        {"bn.running_mean": state()["bn.running_mean"].double()},
        {"bn.running_mean": state()["bn.running_mean"].view(5, 1)},
        {"bn.other": torch.zeros(0)},
        {"conv.weight": state()["conv.weight"].transpose(2, 3)},
    ):
        known.add(hash_of({**state(), **change}))
    assert len(known) == 6
    last = state()["conv.weight"].to(memory_format=torch.channels_last)
    assert hash_of({**state(), "conv.weight": last}) in known


class Hostile:
    """Makes a folder when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("legacy", [False, True])
def test_a_file_that_would_run_code_is_refused_and_the_code_does_not_run(tmp_path, legacy):
    path = tmp_path / "weights.pth"
    content = {"state_dict": state(), "extra": Hostile(tmp_path / "canary")}
    torch.save(content, path, _use_new_zipfile_serialization=not legacy)
    with pytest.raises(
        UnsafeError, match=r"weights.pth is refused: it is no file of plain weights"
    ):
        read_weights(path)
    path.write_bytes(pickle.dumps(content["extra"]))
    with pytest.raises(UnsafeError, match="is refused"):
        read_weights(path)
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".safetensors"])
@pytest.mark.parametrize("content", [b"", b"hello, these are no weights", bytes(range(256)) * 40])
def test_a_file_of_something_else_is_refused(tmp_path, suffix, content):
    path = tmp_path / f"weights{suffix}"
    path.write_bytes(content)
    with pytest.raises(UnsafeError, match="is refused: it is no file of plain weights"):
        read_weights(path)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_torn_file_is_refused(tmp_path, suffix):
    path = tmp_path / f"weights{suffix}"
    save_file(state(), path) if suffix == ".safetensors" else torch.save(state(), path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(UnsafeError, match="is refused"):
        read_weights(path)


def test_an_archive_with_compressed_members_is_refused(tmp_path):
    torch.save(state(), tmp_path / "plain.pth")
    with (
        zipfile.ZipFile(tmp_path / "plain.pth") as plain,
        zipfile.ZipFile(tmp_path / "packed.pth", "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for name in plain.namelist():
            packed.writestr(name, plain.read(name))
    with pytest.raises(UnsafeError, match=r"is compressed, which torch.save never does"):
        read_weights(tmp_path / "packed.pth")


@pytest.mark.filterwarnings("ignore:Validating sparse tensor")
@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1, 2], "holds no state dict"),
        ({}, "holds no state dict"),
        ({"epoch": 3}, "holds no state dict"),
        ({3: torch.zeros(2)}, "holds no state dict"),
        ({"a": torch.eye(3).to_sparse()}, "holds no state dict"),
        ({"a": torch.zeros(2), "b": torch.tensor([1.0, float("nan")])}, "not finite, in b"),
    ],
)
def test_what_is_no_state_dict_is_refused(tmp_path, content, message):
    torch.save(content, tmp_path / "weights.pth")
    with pytest.raises(UsageError, match=message):
        read_weights(tmp_path / "weights.pth")


def test_other_names_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"there is no file .*nowhere.pth"):
        read_weights(tmp_path / "nowhere.pth")
    (tmp_path / "weights.h5").write_bytes(b"")
    with pytest.raises(
        UsageError, match=r"weights are not read from .*weights.h5 \(expected a file"
    ):
        read_weights(tmp_path / "weights.h5")
