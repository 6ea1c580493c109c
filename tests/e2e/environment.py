"""Functions of a running stack that are told something else for a while, as an operator can."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.conftest import Stack


def function_name(stack: Stack, folder: str) -> str:
    """Answer the name of the function in `functions/{folder}`."""
    names = [function["FunctionName"] for function in stack.client("lambda").list_functions()["Functions"]]
    [name] = [name for name in names if f"-{folder}function" in name.lower()]
    return str(name)


@contextmanager
def changed_environment(stack: Stack, folder: str, **variables: str) -> Iterator[None]:
    """Let a function run with other variables of its environment inside the block."""
    functions, name = stack.client("lambda"), function_name(stack, folder)
    before = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": before | variables})
    try:
        yield
    finally:
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": before})
