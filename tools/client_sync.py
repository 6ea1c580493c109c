"""Write the synchronous half of the Python client from the asynchronous one: `python -m tools.client_sync`.

Each public method of `aio` gets a method that runs it to its end. Signatures and docstrings are copied, so editors show
them, and the two cannot differ.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "clients/python/image_store_client"
MODULES = ("images", "generation", "administration", "webhooks", "operations")
RUFF = [sys.executable, "-m", "ruff"]


def source(module: str) -> str:
    """The synchronous module, in the code's standard form."""
    tree = ast.parse((PACKAGE / "aio" / f"{module}.py").read_text("utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name.startswith("Async")]
    body = "\n\n".join(_class(node) for node in classes)
    names = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    here = [
        node.name
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name in names | {each.name for each in classes}
    ]
    text = "\n".join(
        [
            '"""' + (ast.get_docstring(tree) or "") + '"""',
            "",
            "from __future__ import annotations",
            "from typing import TYPE_CHECKING",
            "from image_store_client.http.runtime import steps",
            "from image_store_client.paging import Pages",
            *_constants(tree, names, module),
            "if TYPE_CHECKING:",
            f"    from image_store_client.aio.{module} import {', '.join(here)}",
            "    from image_store_client.http.runtime import Run",
            "    from collections.abc import Iterator",
            *(f"    {line}" for line in _imports(tree, names)),
            "",
            body,
            "",
        ]
    )
    return _in_standard_form(text, PACKAGE / "sync" / f"{module}.py")


def _imports(tree: ast.Module, names: set[str]) -> list[str]:
    """The imports of the names that signatures use."""
    return [
        f"from {node.module} import {alias.name}"
        if isinstance(node, ast.ImportFrom)
        else f"import {alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
        if alias.name in names
    ]


def _constants(tree: ast.Module, names: set[str], module: str) -> list[str]:
    """The imports of the constants that are defaults of parameters."""
    constants = [
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id in names
    ]
    return [f"from image_store_client.aio.{module} import {name}" for name in constants]


def _class(node: ast.ClassDef) -> str:
    parts = [
        f"class {_renamed(node.name)}:",
        f'    """{ast.get_docstring(node)}"""',
        f"    def __init__(self, core: {node.name}, run: Run) -> None:",
        "        self._core = core",
        "        self._run = run",
    ]
    for each in node.body:
        if isinstance(each, ast.AnnAssign):
            name, kind = ast.unparse(each.target), _renamed(ast.unparse(each.annotation))
            parts.append(f"        self.{name} = {kind}(core.{name}, run)")
    parts += [_method(each) for each in node.body if _is_public(each)]
    return "\n".join(parts)


def _is_public(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_")


def _method(node: ast.stmt) -> str:
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)  # noqa: S101 - for the type checker
    returns = _renamed(ast.unparse(node.returns) if node.returns else "None")
    arguments = [each.arg for each in node.args.args[1:]]
    arguments += [f"{each.arg}={each.arg}" for each in node.args.kwonlyargs]
    arguments += [f"**{node.args.kwarg.arg}"] if node.args.kwarg else []
    call = f"self._core.{node.name}({', '.join(arguments)})"
    if returns.startswith("Pages["):
        call = f"return Pages({call}, self._run)"
    elif returns.startswith("Iterator["):
        call = f"return steps({call}, self._run)"
    else:
        call = f"{'' if returns == 'None' else 'return '}self._run({call})"
    doc = (ast.get_docstring(node) or "").replace("\n", "\n        ").replace("\n        \n", "\n\n")
    closing = '\n        """' if "\n" in doc else '"""'
    return (
        f"\n    def {node.name}({ast.unparse(node.args)}) -> {returns}:\n"
        f'        """{doc}{closing}\n        {call}'
    )


def _renamed(text: str) -> str:
    return text.replace("Async", "")


def _in_standard_form(text: str, path: Path) -> str:
    for words in (["check", "--fix-only", "--quiet", "--select", "F401,I,TC"], ["format", "--quiet"]):
        command = [*RUFF, *words, "--stdin-filename", str(path), "-"]
        text = subprocess.run(
            command, input=text, capture_output=True, text=True, check=True, cwd=ROOT
        ).stdout
    return text


if __name__ == "__main__":
    for name in MODULES:
        (PACKAGE / "sync" / f"{name}.py").write_text(source(name), "utf-8")
