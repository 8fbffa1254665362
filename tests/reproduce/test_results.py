"""Result files: extended by one process at a time, and never over what does not read."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest

from tests.reproduce.planted import point, right, scored, setting
from whatwhere.errors import MismatchError
from whatwhere.report.reproduction.told import tell
from whatwhere.report.reproduction.written import append_result, read_results
from whatwhere.settings import load_setting
from whatwhere.study.reproducing.reproduce import run_setting
from whatwhere.study.reproducing.runs import Wanted


def told(share):
    return tell(scored(setting("net"), point("net", right(share))), num_test=1, num_classes=2)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('[{"format": 2, "when"', "is damaged"),
        ('{"format": 2}', "is damaged"),
        ("[1]", "is damaged"),
        ('[{"format": 1}]', "is from another version of whatwhere"),
    ],
)
def test_a_file_that_does_not_read_is_told_before_anything_is_trained(tmp_path, content, why):
    path = tmp_path / "results" / "2026-01-01-samc2024_cifar10.json"
    path.parent.mkdir()
    path.write_text(content)
    with pytest.raises(MismatchError, match=f"samc2024_cifar10.json {why}, .* move the file aside"):
        run_setting(load_setting("samc2024_cifar10"), Wanted(seeds=1, steps=1), folder=tmp_path)
    assert [child.name for child in tmp_path.iterdir()] == ["results"]
    assert path.read_text() == content


def test_nothing_is_appended_to_a_file_that_was_cut_off(tmp_path):
    path = append_result(tmp_path, told(0.5))
    cut = path.read_bytes()[:-9]
    path.write_bytes(cut)
    with pytest.raises(MismatchError, match="is damaged, so no result can be appended"):
        append_result(tmp_path, told(0.6))
    assert path.read_bytes() == cut


def test_results_that_are_appended_at_the_same_time_are_all_kept(tmp_path):
    """Without a lock one writes over what the other has just appended."""
    results = [told(share) for share in np.linspace(0.1, 0.9, 12)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(partial(append_result, tmp_path), results))
    assert len(read_results(tmp_path)) == 12
