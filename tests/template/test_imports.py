"""Imports point inward: functions → entrypoints → services → domain; only bootstrap names the adapters."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT / "layers/shared"
MAX_HANDLER_LINES = 60
"""Of a module, without docstrings and what its routes say of themselves in their decorators."""
MAX_FUNCTION_LINES = 20
"""Of a function in it, without its docstring."""

# The parts of the package, and the parts that each may import besides itself.
MAY_IMPORT = {
    "domain": set(),
    "ports": {"domain"},
    "settings": {"domain"},
    "services": {"domain", "ports"},
    "adapters": {"domain", "ports"},
    "entrypoints": {"domain", "ports", "services", "settings"},
    "bootstrap": {"domain", "ports", "settings", "services", "adapters", "entrypoints"},
}
HANDLERS_MAY_IMPORT = {"domain", "services", "entrypoints", "bootstrap"}

MCP_ENDPOINT = SHARED / "image_store/entrypoints/callers/mcp_endpoint.py"
OWN_PACKAGES_OF = {ROOT / "functions/mcp/app.py": {"image_store_mcp"}, MCP_ENDPOINT: {"image_store_mcp"}}
"""Packages of this checkout that a function has in a layer of its own: of its handler and its endpoint."""

# The parts that may import packages which do not come with Python, and which.
THIRD_PARTIES = {
    "adapters": {"PIL", "boto3", "botocore", "cryptography", "google", "httpx2", "jwt", "openai", "urllib3"},
    "entrypoints": {"aws_lambda_powertools", "pydantic", "pydantic_core", "python_multipart"},
    "bootstrap": {"boto3", "botocore"},
}


def python_files(folder: Path) -> list[Path]:
    """Every module below a folder."""
    return sorted(folder.rglob("*.py"))


def imported(path: Path) -> set[str]:
    """The full names of all imports of a module, including local ones."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def length_of(*parts: ast.stmt | ast.expr) -> int:
    """How many lines parts of a module take."""
    return sum((part.end_lineno or part.lineno) - part.lineno + 1 for part in parts)


def docstring_of(function: ast.FunctionDef) -> list[ast.stmt]:
    """The docstring of a function, if it has one."""
    return function.body[:1] if ast.get_docstring(function) is not None else []


def parts_of(names: set[str]) -> set[str]:
    """The parts of our package among imported names."""
    return {name.split(".")[1] for name in names if name.startswith("image_store.")}


def third_parties_of(names: set[str]) -> set[str]:
    """The top-level packages among imported names that are neither ours nor Python's."""
    return {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"image_store"}


def part_of(path: Path) -> str:
    """The part of our package that a module belongs to."""
    return path.relative_to(SHARED / "image_store").parts[0].removesuffix(".py")


def ports_of(code: str) -> list[int]:
    """The lines of a handler that reach through the application to a port."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Attribute) and node.attr in {"ports", "_ports"}
    ]


MODULES = [path for path in python_files(SHARED) if part_of(path) != "__init__"]
HANDLERS = sorted((ROOT / "functions").glob("*/app.py"))


def name_of(path: Path) -> str:
    """Name a module in a test's id."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_a_module_imports_inward_only(module: Path) -> None:
    part = part_of(module)
    names = imported(module)

    assert parts_of(names) <= MAY_IMPORT[part] | {part}
    assert third_parties_of(names) <= THIRD_PARTIES.get(part, set()) | OWN_PACKAGES_OF.get(module, set())


def test_only_the_function_for_ai_clients_imports_what_only_it_has() -> None:
    endpoint = "image_store.entrypoints.callers.mcp_endpoint"

    importing = {
        path for path in [*MODULES, *HANDLERS] if any(name.startswith(endpoint) for name in imported(path))
    }

    assert importing == {ROOT / "functions/mcp/app.py"}


def test_every_function_has_a_handler() -> None:
    folders = {makefile.parent for makefile in ROOT.glob("functions/*/Makefile")}

    assert {handler.parent for handler in HANDLERS} == folders


@pytest.mark.parametrize("handler", HANDLERS, ids=name_of)
def test_a_handler_only_translates(handler: Path) -> None:
    names = imported(handler)
    code = ast.parse(handler.read_text())

    assert parts_of(names) <= HANDLERS_MAY_IMPORT
    assert third_parties_of(names) <= {"aws_lambda_powertools"} | OWN_PACKAGES_OF.get(handler, set())
    assert "os" not in {name.split(".")[0] for name in names}
    assert not [node for node in ast.walk(code) if isinstance(node, ast.Try | ast.TryStar)]


@pytest.mark.parametrize("handler", HANDLERS, ids=name_of)
def test_a_handler_is_short(handler: Path) -> None:
    code = ast.parse(handler.read_text())
    functions = [node for node in ast.walk(code) if isinstance(node, ast.FunctionDef)]
    declared = sum(
        length_of(*function.decorator_list) + length_of(*docstring_of(function)) for function in functions
    )

    assert len(handler.read_text().splitlines()) - declared <= MAX_HANDLER_LINES
    for function in functions:
        length = length_of(*function.body) - length_of(*docstring_of(function))
        assert length <= MAX_FUNCTION_LINES, function.name


@pytest.mark.parametrize("handler", HANDLERS, ids=name_of)
def test_a_handler_calls_services_and_never_a_port(handler: Path) -> None:
    assert ports_of(handler.read_text()) == []


def test_a_port_behind_a_handler_would_be_found() -> None:
    assert ports_of("def list_reports():\n    return application().ports.housekeeping.reports()\n") == [2]


def test_an_import_that_points_outward_would_be_found(tmp_path: Path) -> None:
    module = tmp_path / "sneaky.py"
    module.write_text(
        "def late() -> None:\n    from image_store.adapters import objects\n    import boto3.session\n"
    )

    names = imported(module)

    assert parts_of(names) == {"adapters"}
    assert third_parties_of(names) == {"boto3"}


def test_provider_sdks_are_imported_only_where_they_are_called() -> None:
    """No other function's cold start sees them."""
    for module in MODULES:
        at_once = [
            node for node in ast.parse(module.read_text()).body if not isinstance(node, ast.FunctionDef)
        ]
        names: set[str] = set()
        for node in at_once:
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(str(node.module).split(".")[0])

        assert (
            not names & {"cryptography", "google", "httpx2", "jwt", "openai"} or "tokens" in module.parts
        ), module


def test_the_command_line_uses_only_the_api_and_aws_in_one_module() -> None:
    modules = python_files(ROOT / "cli/image_store_cli")

    names = {path: {name.split(".")[0] for name in imported(path)} for path in modules}

    assert not any("image_store" in imported for imported in names.values())
    assert {path.name for path, imported in names.items() if imported & {"boto3", "botocore"}} == {"aws.py"}


def test_the_python_client_needs_httpx_alone() -> None:
    modules = python_files(ROOT / "clients/python/image_store_client")

    names = {name.split(".")[0] for path in modules for name in imported(path)}

    assert names - sys.stdlib_module_names == {"httpx", "image_store_client"}
