"""The same job from Python, with a class that is defined right here."""

import pytest
import torch
from torch import nn

import whatwhere


class Doubler(nn.Module):
    """A block of a user's own."""

    def __init__(self, channels):
        super().__init__()
        self.scale = nn.Parameter(torch.full((1, channels, 1, 1), 2.0))

    def forward(self, x):
        return x * self.scale


@pytest.mark.parametrize("num_workers", [0, 2])
def test_compare_with_a_class(tmp_path, num_workers, monkeypatch, two_threads):
    monkeypatch.setenv("WHATWHERE_DATA", str(tmp_path / "cache"))
    result = whatwhere.compare(
        designs=["csa", Doubler],
        seeds=2,
        steps=3,
        output=tmp_path / "run",
        num_workers=num_workers,
        quiet=True,
    )
    assert torch.get_num_threads() == 2
    names = {row["design"] for row in result.leaderboard}
    assert names == {"none", "csa", "Doubler", "widened", "gain_0.25"}
    means = [row["mean"] for row in result.leaderboard]
    assert means == sorted(means, reverse=True)
    assert "Screening only" in result.recommendation
    assert result.recommendation.split()[0] in repr(result)
    assert "<table>" in result._repr_html_()
    model = result.model("Doubler", seed=1)
    assert not model.training
    assert model(torch.zeros(1, 1, 12, 12)).shape == (1, 10)
    with pytest.raises(LookupError, match=r"unknown design of this comparison 'csb'; did you mean"):
        result.model("csb")


def test_processes_and_one_process_compute_the_same(tmp_path, monkeypatch, two_threads):
    monkeypatch.setenv("WHATWHERE_DATA", str(tmp_path / "cache"))
    models = []
    for workers in (0, 1):
        run = whatwhere.compare(
            designs=["csa"],
            seeds=1,
            steps=4,
            output=tmp_path / str(workers),
            precision="fp32",
            layout="nchw",
            num_workers=workers,
            quiet=True,
        )
        models.append(run.model("csa").state_dict())
    for first, second in zip(models[0].values(), models[1].values(), strict=True):
        assert torch.equal(first, second)
