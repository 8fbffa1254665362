"""The rules of the house: who imports whom, how long files and functions are, what is public."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "whatwhere"
FILES = sorted(SOURCE.rglob("*.py"))
LAYERS = tomllib.loads((ROOT / "tests" / "layers.toml").read_text())
MAX_FILE_LINES = 320
MAX_BODY_LINES = 60
MAX_FILES = 24


def room_of(path):
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return parts[0]


def imported_modules(path):
    """Modules of whatwhere that a file imports, as parts, wherever in the file it does so."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
            if node.module == "whatwhere":
                names = [f"whatwhere.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "whatwhere" and len(parts) > 1:
                yield parts[1:]


def imported_chambers(room, chamber):
    """Folders of a room that the files of another of its folders import."""
    for path in (SOURCE / room / chamber).rglob("*.py"):
        for parts in imported_modules(path):
            if parts[0] == room and len(parts) > 1 and (SOURCE / room / parts[1]).is_dir():
                yield parts[1]


def upward_order(needs):
    """Names in an order in which each needs only those before it."""
    order, left = [], dict(needs)
    while left:
        free = [name for name, wanted in left.items() if set(wanted) <= {name, *order}]
        assert free, f"a cycle among {sorted(left)}"
        order += free
        for name in free:
            del left[name]
    return order


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_run_downward_only(path):
    room = room_of(path)
    if room in ("__init__", "__main__"):
        return
    assert room in LAYERS["rooms"], f"room {room} has no entry in tests/layers.toml"
    allowed = {room, *LAYERS["rooms"][room]}
    assert {parts[0] for parts in imported_modules(path)} <= allowed


def test_layers_have_no_cycle():
    assert len(upward_order(LAYERS["rooms"])) == len(LAYERS["rooms"])


@pytest.mark.parametrize("room", sorted(path.name for path in SOURCE.iterdir() if path.is_dir()))
def test_the_chambers_of_a_room_have_no_cycle_and_are_not_crowded(room):
    chambers = [path.parent.name for path in (SOURCE / room).glob("*/__init__.py")]
    upward_order({chamber: set(imported_chambers(room, chamber)) for chamber in chambers})
    for folder in (SOURCE / room, *(SOURCE / room / chamber for chamber in chambers)):
        assert len(list(folder.glob("*.py"))) <= MAX_FILES


def test_reports_are_made_without_torch():
    rooms = " ".join(f"import whatwhere.{room};" for room in LAYERS["without_torch"]["rooms"])
    code = f"{rooms} import whatwhere.report.build, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_files_and_functions_are_short(path):
    text = path.read_text()
    assert text.count("\n") <= MAX_FILE_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            length = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            assert length <= MAX_BODY_LINES, f"{node.name} has {length} lines"


def test_the_median_function_is_short():
    lengths = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                lengths.append(body[-1].end_lineno - body[0].lineno + 1 if body else 0)
    lengths.sort()
    assert lengths[len(lengths) // 2] <= 8
    assert lengths[len(lengths) * 9 // 10] <= 25


def test_public_names():
    import whatwhere

    assert whatwhere.__all__ == [
        "Comparison",
        "Wiring",
        "__version__",
        "attach",
        "attention",
        "compare",
        "create_model",
        "detach",
        "evaluate_model",
        "predict",
        "reproduce",
        "search",
        "train",
    ]
    for name in whatwhere.__all__:
        assert getattr(whatwhere, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'atention'"):
        whatwhere.atention  # noqa: B018


def test_public_functions_take_keywords_after_the_first_argument():
    for path in FILES:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                assert node.args.kwarg is None, f"{path.name}: {node.name} takes **kwargs"


OPTIONS = {
    "compare": {
        "--design",
        "--seeds",
        "--sizes",
        "--budget",
        "--metric",
        "--controls",
        "--confirm",
        "--confirm-seeds",
        "--protocol",
        "--steps",
        "--epochs",
        "--batch",
        "--lr",
        "--backbone",
        "--pretrained",
        "--where",
        "--image-size",
        "--value-range",
        "--device",
        "--precision",
        "--layout",
        "--skip-bad",
        "--frame",
        "--allow-missing-class",
        "--dedup",
        "--strict",
        "--class-weights",
        "--folds",
        "--dry-run",
        "--pilot",
        "--no-wait",
        "--exact",
        "--workers",
        "--output",
        "--json",
        "--quiet",
        "--debug",
    },
    "train": {
        "--design",
        "--protocol",
        "--steps",
        "--epochs",
        "--batch",
        "--lr",
        "--backbone",
        "--pretrained",
        "--where",
        "--image-size",
        "--value-range",
        "--device",
        "--precision",
        "--layout",
        "--skip-bad",
        "--frame",
        "--allow-missing-class",
        "--dedup",
        "--strict",
        "--class-weights",
        "--seed",
        "--output",
        "--json",
        "--quiet",
        "--debug",
    },
    "predict": {"--value-range", "--output", "--json", "--quiet", "--debug"},
    "eval": {
        "--value-range",
        "--skip-bad",
        "--frame",
        "--device",
        "--output",
        "--json",
        "--quiet",
        "--debug",
    },
    "reproduce": {
        "--seeds",
        "--steps",
        "--data",
        "--row",
        "--device",
        "--precision",
        "--layout",
        "--workers",
        "--output",
        "--json",
        "--quiet",
        "--debug",
    },
    "search": {
        "--space",
        "--trials",
        "--budget",
        "--objective",
        "--max-parameters",
        "--protocol",
        "--steps",
        "--batch",
        "--seed",
        "--seeds",
        "--finalists",
        "--image-size",
        "--value-range",
        "--device",
        "--skip-bad",
        "--frame",
        "--allow-missing-class",
        "--dedup",
        "--workers",
        "--output",
        "--json",
        "--quiet",
        "--debug",
    },
    "report": {"--published", "--json", "--quiet", "--debug"},
    "list": {"--json", "--quiet", "--debug"},
}


def test_verbs_and_options():
    import typer.main

    from whatwhere.cli.verbs import app

    commands = typer.main.get_command(app).commands
    found = {
        verb: {
            option
            for parameter in command.params
            for option in parameter.opts
            if option.startswith("--")
        }
        for verb, command in commands.items()
    }
    assert found == OPTIONS


def test_no_names_of_this_workplace():
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    own = str(Path(__file__).relative_to(ROOT))
    for name in tracked:
        path = ROOT / name
        if name == own or not path.is_file() or path.suffix in (".png", ".json"):
            continue
        text = path.read_text(errors="replace")
        for word in ("/" + "work/", "/" + "root/", "pypi" + ".org", "download.pytorch" + ".org"):
            assert word not in text, f"{name} names {word}"
