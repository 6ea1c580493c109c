"""Answers messages of all versions that the server speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_store_mcp.protocol.failures import Code, ProtocolError
from image_store_mcp.protocol.legacy import LegacyMethods
from image_store_mcp.protocol.messages import id_of, message_of
from image_store_mcp.protocol.modern import ModernMethods
from image_store_mcp.protocol.versions import is_modern

if TYPE_CHECKING:
    from collections.abc import Callable

    from image_store_mcp.protocol.context import RequestContext
    from image_store_mcp.protocol.features import ServerFeatures

INTERNAL = "Something went wrong on our side."


class Server:
    """A server of the protocol; it keeps nothing between messages. `report` gets errors that nobody expected."""

    def __init__(self, features: ServerFeatures, *, report: Callable[[Exception], object]) -> None:
        self._modern = ModernMethods(features)
        self._legacy = LegacyMethods(features)
        self._report = report

    def answer(self, value: object, context: RequestContext) -> dict[str, Any] | None:
        """The answer to a message; None for a notification or a response, which have none. It never raises."""
        try:
            message = message_of(value)
            if message is None or message.id is None:
                return None
            methods = self._modern if is_modern(message, context.headers or {}) else self._legacy
            return {"jsonrpc": "2.0", "id": message.id, "result": methods.result(message, context)}
        except ProtocolError as error:
            return error_answer(id_of(value), error)
        except Exception as error:  # the other end waits for an answer, whatever happens
            self._report(error)
            return error_answer(id_of(value), ProtocolError(Code.INTERNAL_ERROR, INTERNAL))


def error_answer(identifier: str | int | None, error: ProtocolError) -> dict[str, Any]:
    """The answer with an error."""
    return {"jsonrpc": "2.0", "id": identifier, "error": error.body()}
