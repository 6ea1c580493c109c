"""The rules of the code that a machine can check; CONTRIBUTING.md says why they are there."""

from __future__ import annotations

import ast
from collections import defaultdict
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT / "layers/shared"
MAX_SOURCE_LINES = 400
MAX_TEST_LINES = 600
MAX_MODULES_IN_A_FOLDER = 15
SOURCES = ("layers", "functions", "cli", "clients/python", "local", "tools")
"""Folders of the checkout that hold code and nothing that is built."""


SCHEMAS = ROOT / "clients/python/image_store_client/schemas.py"
"""It is generated from the API document, as long as that is and with its names."""
FILES = sorted(path for folder in SOURCES for path in (ROOT / folder).rglob("*.py") if path != SCHEMAS)
TEST_FILES = sorted((ROOT / "tests").rglob("*.py"))


def name_of(path: Path) -> str:
    """A file as test ids and messages name it."""
    return path.relative_to(ROOT).as_posix()


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """All of a file's syntax; the rules ask several times."""
    return tuple(ast.walk(ast.parse(path.read_text())))


def imported_at_once(path: Path, modules: set[str]) -> set[str]:
    """The modules of the package that are imported when this one is, and not only for its types."""
    names: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names & modules


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_source_file_is_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MAX_SOURCE_LINES


@pytest.mark.parametrize("path", TEST_FILES, ids=name_of)
def test_a_test_file_is_short_and_its_support_code_as_short_as_sources(path: Path) -> None:
    limit = MAX_TEST_LINES if path.name.startswith("test_") else MAX_SOURCE_LINES

    assert len(path.read_text().splitlines()) <= limit


def test_a_folder_holds_few_modules() -> None:
    folders: dict[Path, int] = defaultdict(int)
    for path in FILES:
        if path.is_relative_to(SHARED) and path.name != "__init__.py":
            folders[path.parent] += 1

    assert {name_of(folder): n for folder, n in folders.items() if n > MAX_MODULES_IN_A_FOLDER} == {}


def test_modules_do_not_import_each_other_in_circles() -> None:
    modules = {
        ".".join(path.relative_to(SHARED).with_suffix("").parts).removesuffix(".__init__"): path
        for path in FILES
        if path.is_relative_to(SHARED)
    }
    graph = {name: imported_at_once(path, set(modules)) - {name} for name, path in modules.items()}
    # A package is imported with each of its modules; that is no circle of its own.
    graph = {
        name: {each for each in needs if not name.startswith(f"{each}.")} for name, needs in graph.items()
    }

    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))
    assert len(order) == len(modules)


@pytest.mark.parametrize("folders", [("layers", "functions", "local", "tools"), ("cli", "clients")])
def test_a_class_has_a_name_of_its_own(folders: tuple[str, ...]) -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in (path for path in FILES if path.relative_to(ROOT).parts[0] in folders):
        for node in nodes_of(path):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(name_of(path))

    assert {name: where for name, where in places.items() if len(where) > 1} == {}


BARE_PARTICIPLES = frozenset(
    {"asked", "found", "held", "kept", "listed", "made", "said", "taken", "told", "wanted"}
)
"""They say what happened to a thing, and not what it is."""


def test_nothing_public_is_named_by_a_bare_participle() -> None:
    named = {
        f"{name_of(path)}:{node.name}"
        for path in FILES
        for node in nodes_of(path)
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name.lower() in BARE_PARTICIPLES
    }

    assert named == set()


def local_names(path: Path) -> Iterator[tuple[int, str]]:
    """The parameters and variables of the functions of a file, with their lines."""
    for function in nodes_of(path):
        if isinstance(function, ast.FunctionDef | ast.Lambda):
            for node in ast.walk(function):
                if isinstance(node, ast.arg):
                    yield node.lineno, node.arg
                elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    yield node.lineno, node.id


@pytest.mark.parametrize("path", FILES + TEST_FILES, ids=name_of)
def test_no_variable_is_named_by_a_bare_participle(path: Path) -> None:
    assert [f"line {line}: {name}" for line, name in local_names(path) if name in BARE_PARTICIPLES] == []
