"""The places that a followed sample finds, in small networks whose answer is known."""

import pytest
import torch
from torch import nn

from whatwhere.blocks.follow import follow
from whatwhere.blocks.places import find_places
from whatwhere.errors import UsageError
from whatwhere.models import create_resnet


class Residual(nn.Module):
    """Two convolutions and a shortcut; without one where the shape changes."""

    def __init__(self, before, after, stride=1):
        super().__init__()
        self.first = nn.Conv2d(before, after, 3, stride, 1)
        self.second = nn.Conv2d(after, after, 3, 1, 1)
        self.norm = nn.BatchNorm2d(after)
        self.is_residual = before == after and stride == 1

    def forward(self, x):
        branch = self.norm(self.second(torch.relu(self.first(x))))
        return branch + x if self.is_residual else branch


class InPlace(Residual):
    """The same, its sum and its ReLU written over the branch."""

    def __init__(self, before, after):
        super().__init__(before, after)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        branch = self.norm(self.second(self.first(x)))
        branch += x
        return self.relu(branch)


class Projected(nn.Module):
    """The shortcut is a convolution that is called after the branch."""

    def __init__(self, before, after):
        super().__init__()
        self.branch = nn.Sequential(nn.Conv2d(before, 6, 1), nn.Conv2d(6, after, 3, 2, 1))
        self.shortcut = nn.Conv2d(before, after, 1, 2)

    def forward(self, x):
        branch = self.branch(x)
        return branch + self.shortcut(x)


class Wide(nn.Module):
    """Two paths whose channels are concatenated."""

    def __init__(self, before):
        super().__init__()
        self.small = nn.Conv2d(before, 5, 1)
        self.large = nn.Conv2d(before, 7, 3, 1, 1)

    def forward(self, x):
        return torch.cat([self.small(x), self.large(x)], dim=1)


class Scaled(Residual):
    """The branch is scaled after its last module."""

    def forward(self, x):
        return 0.2 * self.norm(self.second(self.first(x))) + x


class Slotted(Residual):
    """Keeps a place free."""

    def __init__(self, channels):
        super().__init__(channels, channels)
        self.attention = nn.Identity()

    def forward(self, x):
        return self.attention(self.norm(self.second(self.first(x)))) + x


class Tokens(nn.Module):
    """Adds maps whose channels come last, as transformers do."""

    def __init__(self):
        super().__init__()
        self.cut = nn.Conv2d(3, 11, 4, 4)
        self.layers = nn.ModuleList(nn.Linear(11, 11) for _ in range(12))

    def forward(self, x):
        x = self.cut(x).permute(0, 2, 3, 1)
        for layer in self.layers:
            x = layer(x) + x
        return x


def network(*blocks, classes=4):
    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Conv2d(3, 4, 3, 1, 1)
            self.body = nn.Sequential(*blocks)
            self.head = nn.LazyLinear(classes)

        def forward(self, x):
            return self.head(self.body(self.stem(x)).mean((2, 3)))

    built = Network()
    built(torch.zeros(1, 3, 32, 32))
    return built


def names(model, where, sample=None):
    sample = torch.zeros(1, 3, 32, 32) if sample is None else sample
    return {
        place.name: place.channels for place in find_places(model, follow(model, sample), where)
    }


def test_a_branch_ends_before_its_sum_and_siblings_follow():
    model = network(Residual(4, 4), Residual(4, 6, 2), Residual(6, 6))
    assert names(model, "branch") == {"body.0.norm": 4, "body.1.norm": 6, "body.2.norm": 6}
    assert names(model, "block") == {"body.0": 4, "body.1": 6, "body.2": 6}
    assert names(model, "stage") == {"body.0": 4, "body.2": 6}


def test_values_that_are_changed_in_place_are_told_apart():
    model = network(InPlace(4, 4), InPlace(4, 4))
    assert names(model, "branch") == {"body.0.norm": 4, "body.1.norm": 4}
    assert names(model, "block") == {"body.0": 4, "body.1": 4}


def test_the_branch_is_the_longer_way_not_the_later_one():
    assert names(network(Projected(4, 9)), "branch") == {"body.0.branch": 9}


def test_concatenating_modules_are_blocks_without_branches():
    model = network(Wide(4), nn.MaxPool2d(2), Wide(12))
    assert names(model, "block") == {"body.0": 12, "body.2": 12}
    assert names(model, "stage") == {"body.0": 12, "body.2": 12}
    with pytest.raises(UsageError, match=r"no residual branch .*what works: where='block'"):
        names(model, "branch")


def test_a_scaled_branch_is_refused_with_what_works():
    model = network(Scaled(4, 4))
    with pytest.raises(UsageError, match=r"Network has no residual branch .*where='block'"):
        names(model, "branch")
    assert names(model, "block") == {"body.0": 4}


def test_a_slot_that_is_kept_free_is_the_branch_end():
    assert names(network(Slotted(4)), "branch") == {"body.0.attention": 4}


def test_plain_networks_have_stages_at_the_last_layer_of_every_resolution():
    model = nn.Sequential(
        nn.Conv2d(3, 5, 3, 1, 1),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Conv2d(5, 7, 3, 1, 1),
        nn.BatchNorm2d(7),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.AvgPool2d(3, 1, 1),
        nn.Flatten(),
        nn.LazyLinear(3),
    )
    model(torch.zeros(1, 3, 32, 32))
    assert names(model, "stage") == {"1": 5, "5": 7}
    with pytest.raises(UsageError, match=r"no modules that add or concatenate maps.*'stage'"):
        names(model, "block")


def test_our_residual_networks_have_what_they_always_had():
    model = create_resnet("resnet14", num_classes=5, in_channels=1)
    sample = torch.zeros(1, 1, 32, 32)
    branch = names(model, "branch", sample)
    assert list(branch) == [f"stages.{s}.{b}.attention" for s in range(3) for b in range(2)]
    assert list(branch.values()) == [16, 16, 32, 32, 64, 64]
    assert names(model, "stage", sample) == {"stages.0.1": 16, "stages.1.1": 32, "stages.2.1": 64}


def test_patterns_go_by_the_parts_of_names():
    model = network(Residual(4, 4), Residual(4, 6, 2))
    assert names(model, "body.*.second") == {"body.0.second": 4, "body.1.second": 6}
    assert names(model, "**.norm") == {"body.0.norm": 4, "body.1.norm": 6}
    assert names(model, "stem") == {"stem": 4}
    assert names(model, "body.[1-9]") == {"body.1": 6}


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("stam", r"where='stam' is no module of Network; did you mean 'stem'\?"),
        ("brunch", r"did you mean 'branch'\?"),
        ("head", "head returns no map, so attention cannot stand after it"),
    ],
)
def test_patterns_that_cannot_be_are_refused(where, message):
    with pytest.raises(UsageError, match=message):
        names(network(Residual(4, 4)), where)


def test_a_module_that_is_called_twice_is_refused():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 3, 1, 1)

        def forward(self, x):
            return self.conv(self.conv(x))

    with pytest.raises(UsageError, match="conv is called more than once"):
        names(Twice(), "conv")


def test_transformers_are_no_convolutional_networks():
    for where in ("branch", "block", "stage"):
        with pytest.raises(UsageError, match=r"has 1 convolution\(s\) beside 12 matrix products"):
            names(Tokens(), where)
    with pytest.raises(UsageError, match="Linear has no convolution"):
        follow(nn.Linear(3, 4))


def test_following_leaves_the_network_as_it_was():
    model = network(Residual(4, 4))
    model.train()
    model.body[0].norm.eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    follow(model, torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)))
    assert torch.equal(torch.rand(2), expected)
    assert model.training
    assert not model.body[0].norm.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_a_sample_of_the_right_size_is_found():
    class Fixed(nn.Module):
        def __init__(self, side):
            super().__init__()
            self.conv1 = nn.Conv2d(2, 5, 3, 1, 1)
            self.conv2 = nn.Conv2d(5, 5, 3, 2, 1)
            self.head = nn.Linear(5 * (side // 2) ** 2, 3)

        def forward(self, x):
            return self.head(self.conv2(self.conv1(x)).flatten(1))

    assert follow(Fixed(28)).sample.shape == (1, 2, 28, 28)
    assert follow(Fixed(32)).sample.shape == (1, 2, 32, 32)
    with pytest.raises(UsageError, match=r"Fixed does not run .*pass sample=torch.zeros"):
        follow(Fixed(20))
    assert follow(Fixed(20), torch.zeros(2, 2, 20, 20)).num_convolutions == 2
