"""A client of Lambda in memory."""

import json
from collections.abc import Callable, Mapping
from typing import Any

type Function = Callable[[dict[str, Any]], dict[str, Any]]


class MemoryLambda:
    """A client of Lambda in memory: a function runs where it is invoked, and its caller hears that it failed."""

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self._functions = functions

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        try:
            self._functions[FunctionName](json.loads(Payload))
        except Exception:
            return {"StatusCode": 200, "FunctionError": "Unhandled"}
        return {"StatusCode": 200}
