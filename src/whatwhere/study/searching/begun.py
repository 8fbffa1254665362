"""What a search keeps from its first command on: space, recipe, data, number format."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from whatwhere.config import fingerprint, read_toml, to_toml
from whatwhere.errors import MismatchError, UsageError
from whatwhere.records import write_atomically
from whatwhere.study.display import Display
from whatwhere.study.plan import duration
from whatwhere.study.preparing.measure import resolve_numerics, trial_data
from whatwhere.study.searching.space import Space
from whatwhere.study.searching.trials import Bench
from whatwhere.study.searching.wanted import Wanted
from whatwhere.training import Protocol
from whatwhere.version import __version__

FILE = "search.toml"
FORMAT = 1


def refuse_other_search(folder: Path, wanted: Wanted, space: Space) -> None:
    """Refuse a folder that holds another search, before any image is read.

    Args:
        folder: Of the search; need not exist.
        wanted: What is asked for now.
        space: The space as it is now.

    Raises:
        UsageError: If something differs that a search keeps.
    """
    if not (folder / FILE).is_file():
        return
    begun = read_toml(folder / FILE)
    before, now = begun["recipe"], wanted.recipe()
    names = sorted(name for name in {**before, **now} if before.get(name) != now.get(name))
    if names:
        listed = ", ".join(
            f"{name} was {before.get(name, 'not given')} and is {now.get(name, 'not given')}"
            for name in names
        )
        raise UsageError(
            f"{folder} was started as another search: {listed}. A search keeps its recipe; its"
            " trials, seeds and finalists may grow. Choose another -o"
        )
    if begun["space_hash"] != fingerprint(space):
        raise UsageError(
            f"the space {wanted.space} has changed since {folder} was started; its trials would"
            " not belong together. Choose another -o"
        )


def begin(bench: Bench, wanted: Wanted, space: Space, display: Display) -> Bench:
    """Settle the number format, once per search, and write down what it keeps.

    The folder's lock must be held. The format is measured on the space's default.

    Args:
        bench: Data, recipe, device.
        wanted: What is asked for.
        space: What is searched.
        display: Is told how long a trial takes, the first time.

    Returns:
        The bench with number format and layout settled.

    Raises:
        MismatchError: If the data is not that of the first command.
    """
    path, prepared = bench.folder / FILE, bench.prepared
    hashes = {
        "data_hash": prepared.source.content_hash,
        "split_fingerprint": prepared.split_fingerprint,
    }
    if path.is_file():
        begun = read_toml(path)
        for name, value in hashes.items():
            if begun[name] != value:
                raise MismatchError(
                    f"{prepared.name} has changed since {bench.folder} was started ({name}"
                    " differs): restore the data, or start a new search with another -o"
                )
        return _settled(bench, begun["precision"], begun["layout"])
    protocol, milliseconds = _numerics(bench, space)
    if milliseconds:
        seconds = protocol.steps * min(milliseconds.values()) / 1000
        display.note(
            f"a trial of the default has {protocol.steps:,} steps and takes about"
            f" {duration(seconds)} here; --steps shortens every trial"
        )
    content: dict[str, Any] = {
        "format": FORMAT,
        "command": wanted.command(bench.folder),
        "data": wanted.data,
        "recipe": wanted.recipe(),
        "space_hash": fingerprint(space),
        "space": asdict(space),
        **hashes,
        "precision": protocol.precision,
        "layout": protocol.layout,
        "version": __version__,
    }
    write_atomically(path, to_toml(content).encode())
    return _settled(bench, protocol.precision, protocol.layout)


def _settled(bench: Bench, precision: str, layout: str) -> Bench:
    return replace(bench, request=replace(bench.request, precision=precision, layout=layout))


def _numerics(bench: Bench, space: Space) -> tuple[Protocol, dict[str, float]]:
    default = space.fill(space.defaults)
    _, spec, protocol = bench.resolve(default)
    size = max(bench.prepared.subsets)
    data = trial_data(bench.prepared, size=size, images_path=bench.images_path)
    return resolve_numerics(protocol, spec, data, bench.device)
