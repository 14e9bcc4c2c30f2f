"""The names that `canzona` promises, and that they cost nothing until they are used."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import canzona

LIGHT = ("numpy", "onnxruntime", "verovio", "soundfile", "click", "tqdm", "torch", "platformdirs")


def test_all_is_sorted_and_whole() -> None:
    assert canzona.__all__ == sorted(canzona.__all__)
    assert set(canzona.__all__) == set(canzona._HOMES)
    assert set(canzona.__all__) <= set(dir(canzona))


@pytest.mark.parametrize("name", canzona.__all__)
def test_every_name_is_there_and_says_what_it_is(name: str) -> None:
    value = getattr(canzona, name)
    assert value.__doc__
    assert getattr(canzona, name) is value


def test_no_public_name_is_hidden_by_a_module() -> None:
    """`import canzona.name` would put the module in the name's place."""
    for name in canzona.__all__:
        assert importlib.util.find_spec(f"canzona.{name}") is None, name


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'arrange'"):
        canzona.arrange  # noqa: B018


def test_importing_brings_nothing_heavy() -> None:
    script = f"import sys, canzona; print([name for name in {LIGHT} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_version_is_stated_once(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())
    assert project["project"]["dynamic"] == ["version"]
    assert f"## {canzona.__version__}" in (root / "CHANGELOG.md").read_text()


def test_every_requirement_is_pinned(root: Path) -> None:
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    lines = (root / "constraints.txt").read_text().splitlines()
    pins = {canonicalize_name(line.split("==")[0]): line.split("==")[1] for line in lines if "==" in line}
    wanted = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        wanted += extra
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), requirement
    assert pins["torch"] == "2.13.0"


def test_every_package_of_ours_may_import_no_torch(root: Path) -> None:
    """The list in the import contract names every package but the one for training."""
    contracts = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (heavy,) = [contract for contract in contracts if "torch" in contract.get("forbidden_modules", ())]
    found = {
        f"canzona.{path.stem}"
        for path in (root / "src" / "canzona").iterdir()
        if path.suffix == ".py" or any(path.glob("*.py"))
    }
    assert set(heavy["source_modules"]) == found - {"canzona.__init__", "canzona.train"}
