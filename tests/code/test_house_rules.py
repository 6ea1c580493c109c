"""The rules of the code that a machine can check; CONTRIBUTING.md says why they are there."""

from __future__ import annotations

import ast
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT / "layers/shared"
MAX_SOURCE_LINES = 400
MAX_TEST_LINES = 600
MAX_MODULES_IN_A_FOLDER = 15
SOURCES = ("layers", "functions", "cli", "clients/python", "clients/mcp", "local", "tools")
"""Folders of the checkout that hold code and nothing that is built."""


SCHEMAS = ROOT / "clients/python/image_store_client/schemas.py"
"""It is generated from the API document, as long as that is and with its names."""
FILES = sorted(path for folder in SOURCES for path in (ROOT / folder).rglob("*.py") if path != SCHEMAS)
TEST_FILES = sorted((ROOT / "tests").rglob("*.py"))


def name_of(path: Path) -> str:
    """A file as test ids and messages name it."""
    return path.relative_to(ROOT).as_posix()


@dataclass(frozen=True, slots=True)
class Source:
    """What the rules ask of one file."""

    lines: int
    imports_at_once: frozenset[str]
    """The modules that are imported when this one is, and not only for its types."""
    texts: frozenset[str]
    classes: tuple[str, ...]
    functions: tuple[str, ...]
    local_names: frozenset[tuple[int, str]]
    """The parameters and variables of functions, with their lines."""


@cache
def source_of(path: Path) -> Source:
    """Read a file once for all rules; its syntax is not kept, for that of all files takes much memory."""
    text = path.read_text()
    tree = ast.parse(text)
    nodes = list(ast.walk(tree))
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.Lambda)]
    return Source(
        lines=len(text.splitlines()),
        imports_at_once=frozenset(imported_names(tree)),
        texts=frozenset(
            node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ),
        classes=tuple(node.name for node in nodes if isinstance(node, ast.ClassDef)),
        functions=tuple(node.name for node in functions if isinstance(node, ast.FunctionDef)),
        local_names=frozenset(name for function in functions for name in names_in(function)),
    )


def imported_names(tree: ast.Module) -> Iterator[str]:
    """The names that the statements of a module itself import."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def names_in(function: ast.AST) -> Iterator[tuple[int, str]]:
    """The parameters and variables of a function, with their lines."""
    for node in ast.walk(function):
        if isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id


def longer(paths: Iterable[Path], limit: int) -> dict[str, int]:
    """The files with more lines than they may have."""
    lines = {name_of(path): source_of(path).lines for path in paths}
    return {name: count for name, count in lines.items() if count > limit}


def test_source_files_are_short() -> None:
    assert longer(FILES, MAX_SOURCE_LINES) == {}


def test_test_files_are_short_and_their_support_code_as_short_as_sources() -> None:
    tests = [path for path in TEST_FILES if path.name.startswith("test_")]

    assert longer(tests, MAX_TEST_LINES) == {}
    assert longer(set(TEST_FILES) - set(tests), MAX_SOURCE_LINES) == {}


def test_the_command_line_calls_the_api_by_the_client_and_only_the_doctor_by_paths() -> None:
    paths = {
        name_of(path): routes
        for path in (ROOT / "cli").rglob("*.py")
        if path.parent.name != "doctor"
        and (routes := [text for text in source_of(path).texts if text.startswith("/v1/")])
    }

    assert paths == {}


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
    graph = {
        name: set(source_of(path).imports_at_once & modules.keys()) - {name} for name, path in modules.items()
    }
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
        for name in source_of(path).classes:
            if not name.startswith("_"):
                places[name].append(name_of(path))

    assert {name: where for name, where in places.items() if len(where) > 1} == {}


BARE_PARTICIPLES = frozenset(
    {"asked", "found", "held", "kept", "listed", "made", "said", "taken", "told", "wanted"}
)
"""They say what happened to a thing, and not what it is."""


def test_nothing_public_is_named_by_a_bare_participle() -> None:
    named = {
        f"{name_of(path)}:{name}"
        for path in FILES
        for name in (*source_of(path).classes, *source_of(path).functions)
        if name.lower() in BARE_PARTICIPLES
    }

    assert named == set()


def test_no_variable_is_named_by_a_bare_participle() -> None:
    variables = {
        f"{name_of(path)}:{line} {name}"
        for path in FILES + TEST_FILES
        for line, name in source_of(path).local_names
        if name in BARE_PARTICIPLES
    }

    assert variables == set()
