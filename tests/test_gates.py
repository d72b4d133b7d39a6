"""What no checker knows of: the rules of this repository about its own files."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("bot", "handlers", "storage", "routing", "locales", "web", "tests", "benchmarks")
MADE_HERE = {
    ".git",
    ".venv",
    "data",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".import_linter_cache",
    ".hypothesis",
}
# Hosts that a tool may leave in a file it writes, in parts so that this file does not hold them.
REGISTRIES = ("pypi." + "org", "python" + "hosted", "registry.npm" + "js", "registry.yarn" + "pkg", "deb.deb" + "ian")


def kept_files() -> Iterator[Path]:
    """Yield every file of the checkout that is not made by running it."""
    for top in ROOT.iterdir():
        if top.is_file() and top.name != ".env":
            yield top
        elif top.is_dir() and top.name not in MADE_HERE:
            yield from (path for path in top.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


@pytest.mark.parametrize("lock", sorted(ROOT.glob("requirements/*.lock")), ids=lambda path: path.name)
def test_a_lock_names_no_host_and_pins_by_hash(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    pins = re.findall(r"^[\w.\[\],-]+==", text, re.MULTILINE)
    blocks = re.split(r"^(?=\w)", text, flags=re.MULTILINE)[1:]
    assert len(pins) == len(blocks) > 0
    assert all("--hash=sha256:" in block for block in blocks)


def test_what_runs_is_what_is_tested() -> None:
    def pins(name: str) -> dict[str, str]:
        return dict(re.findall(r"^([\w.\[\],-]+)==(\S+)", (ROOT / "requirements" / name).read_text(), re.MULTILINE))

    runtime, dev = pins("runtime.lock"), pins("dev.lock")
    assert runtime.items() <= dev.items()


def test_no_file_holds_the_address_of_a_registry() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {host}"
        for path in kept_files()
        for host in REGISTRIES
        if host.encode() in path.read_bytes()
    ]
    assert not found


def test_no_file_that_records_where_packages_came_from_is_kept() -> None:
    assert not {path.name for path in kept_files()} & {"uv.lock", "pylock.toml", "package-lock.json"}


def test_every_room_is_there_and_says_what_it_is_for() -> None:
    for room in ROOMS[:6]:
        tree = ast.parse((ROOT / room / "__init__.py").read_text())
        assert ast.get_docstring(tree), room


@pytest.mark.parametrize("room", ROOMS)
def test_every_module_begins_with_what_it_is(room: str) -> None:
    modules = [path for path in (ROOT / room).rglob("*.py") if "versions" not in path.parts]
    assert modules
    silent = [str(path.relative_to(ROOT)) for path in modules if not ast.get_docstring(ast.parse(path.read_text()))]
    assert not silent


def test_every_module_of_the_machine_has_its_layer() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = {name for row in settings["contracts"][0]["layers"] for name in re.split(r"\s*[|:]\s*", row)}
    modules = {f"bot.{path.stem}" for path in (ROOT / "bot").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert modules - {"bot.__init__", "bot.__pycache__"} <= layers


def test_every_command_that_the_readme_names_is_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^ *\$? ?)make ([a-z]+)", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert {"run", "test"} <= named <= targets
