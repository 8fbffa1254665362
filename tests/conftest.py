"""What several test folders share."""

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets beside the project; tests that need it skip without it."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the shared real data is not on this machine (../shared/data)")
    return SHARED_DATA
