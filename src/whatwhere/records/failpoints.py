"""Places where a test may kill the process, so that every moment of a crash can be tried."""

import os

VARIABLE = "WHATWHERE_FAILPOINT"
EXIT_CODE = 137
_hits: dict[str, int] = {}


def failpoint(site: str) -> None:
    """End the process at once if the environment names this site.

    `WHATWHERE_FAILPOINT=SITE` ends it the first time the site is reached, `SITE@3` the third
    time. Nothing is flushed and no handler runs, as after `kill -9`.

    Args:
        site: The name of the place, for instance "record.json:before-replace".
    """
    wanted = os.environ.get(VARIABLE)
    if wanted is None:
        return
    name, _, count = wanted.partition("@")
    if name != site:
        return
    _hits[site] = _hits.get(site, 0) + 1
    if _hits[site] == int(count or 1):
        os._exit(EXIT_CODE)
