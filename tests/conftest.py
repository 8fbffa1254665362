"""What several test folders share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# One thread each, as a study's workers have it: the threads of several test processes would wait
# for each other's cores, at four times the processor time. It counts only before torch is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets beside the project; tests that need it skip without it."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the shared real data is not on this machine (../shared/data)")
    return SHARED_DATA


@pytest.fixture
def two_threads() -> Iterator[None]:
    """Two threads, as a user's process has them, for tests that the number changes no result."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)
