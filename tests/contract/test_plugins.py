"""Packages that add designs: how they join, how they are refused, and what the guide shows."""

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from whatwhere.blocks import DesignCard, attention, default_designs, named_or_typed, registry
from whatwhere.errors import UnknownNameError, UsageError
from whatwhere.testing import CHECKS

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "tests" / "plugin"
GUIDE = (ROOT / "docs" / "plugins.md").read_text()
CARD = {
    "number": 507,
    "name": "twice",
    "family": "doubling",
    "title": "two times the map",
    "kind": "block",
    "equation": "2 x",
    "source": "tests",
    "fidelity": "ours",
    "parameters_at_64": 0,
}
MODULE = """
from functools import partial
from whatwhere.blocks import DesignCard, WiringAttention
CARD = {card!r}
def pair(**changes):
    return DesignCard(**{{**CARD, **changes}}), partial(WiringAttention, wiring="2 * x")
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put a package on the path as an installer would; the registry is made anew."""
    monkeypatch.syspath_prepend(tmp_path)
    modules = []

    def put(code, *, name="acme", version="1.0"):
        module = f"plugin_{name}_{version.replace('.', '_')}"
        modules.append(module)
        (tmp_path / f"{module}.py").write_text(MODULE.format(card=CARD) + code)
        for old in tmp_path.glob(f"{name}-*.dist-info"):
            shutil.rmtree(old)
        facts = tmp_path / f"{name}-{version}.dist-info"
        facts.mkdir()
        (facts / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        text = f"[whatwhere.designs]\ndoubling = {module}:VALUE\n"
        (facts / "entry_points.txt").write_text(text)
        importlib.invalidate_caches()
        registry.cache_clear()

    yield put
    for module in modules:
        sys.modules.pop(module, None)
    registry.cache_clear()


def test_a_pair_joins_as_a_design_like_any_other(install):
    ours = list(registry())
    install("VALUE = pair()\n")
    known = registry()
    assert list(known) == [*ours, "twice"]
    assert known.match("doubling") == ["twice"]
    assert known.match("tw*e") == ["twice"]
    assert attention("twice", channels=3).wiring.text == "2 * x"
    assert "twice" not in default_designs()


def test_a_function_may_return_several_pairs_and_numbers_fix_the_order(install):
    install("def VALUE():\n    yield pair()\n    yield pair(name='double', number=503)\n")
    install("VALUE = pair(name='first', number=505, family='other')\n", name="zebra")
    assert list(registry())[-3:] == ["double", "first", "twice"]


def test_another_version_is_another_design(install):
    install("VALUE = pair()\n")
    before = named_or_typed("twice").identity
    assert before == named_or_typed("twice").identity == "twice/acme 1.0"
    install("VALUE = pair()\n", version="1.1")
    assert named_or_typed("twice").identity == "twice/acme 1.1"
    assert named_or_typed("se").identity == "se/1"
    assert named_or_typed("csa").identity == "S(C(x))"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import nowhere_at_all\n", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("raise SystemExit(3)\n", "SystemExit: 3"),
        ("", "AttributeError: module 'plugin_acme_1_0' has no attribute 'VALUE'"),
        ("VALUE = 'twice'\n", "its value 'twice' is not a pair (DesignCard, factory)"),
        ("VALUE = pair()[::-1]\n", "is not a pair (DesignCard, factory)"),
        ("def VALUE():\n    return 3\n", "its function returned 3, not pairs"),
        ("def VALUE():\n    return [pair()[0]]\n", "is not a pair (DesignCard, factory)"),
        ("def VALUE():\n    raise OSError('no disk')\n", "OSError: no disk"),
        ("VALUE = (pair()[0], 'factory')\n", "the factory of 'twice' is 'factory', not callable"),
        ("VALUE = pair(name='csa')\n", "the name 'csa' is taken; choose another one"),
        ("VALUE = pair(name='CSA')\n", "the name 'CSA' is taken; choose another one"),
        ("def VALUE():\n    return [pair(), pair(number=508)]\n", "the name 'twice' is taken"),
        ("VALUE = pair(family='parallel')\n", "'parallel' is a family of whatwhere's own"),
        ("VALUE = pair(name='typed')\n", "'typed' is a family of whatwhere's own"),
        ("VALUE = pair(number=3)\n", "'twice' has number 3; expected 500 to 999"),
        ("VALUE = pair(wiring='2 * x', kind='wiring')\n", "has kind 'wiring' and wiring '2 * x'"),
        ("VALUE = pair(kind='blok')\n", "card 'twice': kind='blok': expected one of"),
        ("from whatwhere.blocks import registry\nregistry()\n", "cannot look up designs while"),
    ],
)
def test_what_cannot_join_is_refused_with_its_reason(install, code, reason):
    install(code)
    package = "the plug-in 'doubling' of package acme 1.0 is refused: "
    with pytest.warns(UserWarning, match=re.escape(package)) as caught:
        known = registry()
    assert len(caught) == 1
    assert reason in str(caught[0].message)
    assert "twice" not in known
    with pytest.raises(UnknownNameError, match=re.escape(package)) as asked:
        known.match("doubling")
    assert reason in str(asked.value)
    assert attention("csa", channels=3).wiring.text == "S(C(x))"


def test_a_refused_design_says_so_when_its_name_is_asked_for(install):
    install("def VALUE():\n    return [pair(), pair(name='none')]\n")
    with pytest.warns(UserWarning, match="the name 'none' is taken"):
        registry()
    with pytest.raises(UsageError, match=r"unknown design 'twice': the plug-in 'doubling' of pack"):
        named_or_typed("twice")
    with pytest.raises(UsageError, match=r"unknown design 'twise' \(known|did you mean"):
        named_or_typed("twise")
    assert named_or_typed("none").factory is None


def test_of_two_packages_with_one_name_the_first_in_order_joins(install):
    install("VALUE = pair()\n", name="aardvark")
    install("VALUE = pair(title='mine')\n", name="zebra")
    with pytest.warns(UserWarning, match=r"package zebra 1\.0 is refused: the name 'twice'"):
        assert registry().card("twice").title == "two times the map"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"kind": "contol"},
            r"kind='contol': .* block, control, user, network; did you mean 'control'\?",
        ),
        ({"fidelity": "exakt"}, r"fidelity='exakt': .* did you mean 'exact'\?"),
        ({"name": "../twice"}, r"name='../twice': expected letters, digits, '_', '\.' and '-'"),
        ({"name": "a,b"}, "expected letters, digits"),
        ({"name": None}, "card None: name=None: expected letters"),
        ({"number": "501"}, "number='501': expected a whole number from 0"),
        ({"number": True}, "number=True: expected a whole number from 0"),
        ({"parameters_at_64": -1}, "parameters_at_64=-1: expected a whole number from 0, or None"),
        ({"wiring": 3}, "wiring=3: expected a text, or None"),
        ({"source": None}, "source=None: expected a text"),
    ],
)
def test_a_card_refuses_values_that_it_cannot_have(change, message):
    with pytest.raises(UsageError, match=message):
        DesignCard(**{**CARD, **change})


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The package of tests/plugin, installed by pip into a folder of its own."""
    folder = tmp_path_factory.mktemp("plugin")
    shutil.copytree(PLUGIN, folder / "source")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    command += ["--no-build-isolation", "--disable-pip-version-check", "--no-warn-conflicts"]
    command += ["--target", str(folder / "site"), str(folder / "source")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "site"


@pytest.fixture
def python(installed, tmp_path):
    path = os.pathsep.join([str(installed), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path, "WHATWHERE_DATA": str(tmp_path / "cache")}

    def run(*words):
        return subprocess.run(
            [sys.executable, *words],
            cwd=tmp_path,
            text=True,
            capture_output=True,
            check=False,
            env=environment,
        )

    return run


def test_an_installed_package_is_listed_and_compared(python, tmp_path):
    listed = python("-m", "whatwhere", "list", "designs", "--json")
    last = json.loads(listed.stdout)[-1]
    assert (last["name"], last["family"], last["number"]) == ("tiny_gate", "tiny", 500)
    words = ["--seeds", "1", "--steps", "2", "--workers", "1", "-o", "run", "--json"]
    done = python("-m", "whatwhere", "compare", "-d", "tiny", *words)
    assert done.returncode == 0, done.stderr
    records = [json.loads(path.read_text()) for path in (tmp_path / "run").rglob("record.json")]
    states = {record["design"]["name"]: record["state"] for record in records}
    assert states["tiny_gate"] == "finished"
    assert set(states) == {"none", "widened", "gain_0.25", "tiny_gate"}


def code_blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, flags=re.DOTALL)


def test_the_guide_shows_the_package_that_is_tested():
    assert code_blocks("python")[0] == (PLUGIN / "whatwhere_tiny.py").read_text()
    assert code_blocks("toml") == [(PLUGIN / "pyproject.toml").read_text()]


def test_the_tests_of_the_guide_pass(python, tmp_path):
    (tmp_path / "test_tiny.py").write_text(code_blocks("python")[1])
    done = python("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "test_tiny.py")
    assert done.returncode == 0, done.stdout + done.stderr
    num_checks = len(CHECKS) - len(("equation", "mask"))  # for which it gives no argument
    assert f"{num_checks} passed" in done.stdout
