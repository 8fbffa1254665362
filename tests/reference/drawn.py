"""Weights, statistics and maps drawn for comparing blocks, and how far two results are apart."""

import torch


def randomise(module, seed=0):
    """Draw every parameter and every running statistic."""
    source = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=source) * 0.5)
        for name, value in module.named_buffers():
            if name.endswith("running_mean"):
                value.copy_(torch.randn(value.shape, generator=source) * 0.3)
            if name.endswith("running_var"):
                value.copy_(torch.rand(value.shape, generator=source) + 0.5)
    return module


def maps(channels, size, seed=1, batch=3):
    source = torch.Generator().manual_seed(seed)
    return torch.randn(batch, channels, *size, generator=source, dtype=torch.float64)


def gap(found, expected):
    return float((torch.as_tensor(found) - torch.as_tensor(expected)).detach().abs().max())
