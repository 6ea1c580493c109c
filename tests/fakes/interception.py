"""A client in whose calls a test steps, and the usual ways in which a call fails."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

Send = Callable[..., Any]
"""Sends a call to the client; its arguments replace those of the request."""
Hook = Callable[[Send], Any]
"""Answers a call in the client's place; it may send it, once or more often."""


class InterceptedClient:
    """A client whose calls are recorded, and answered by a hook of their operation or by `every`."""

    def __init__(self, client: Any = None, *, every: Hook | None = None, **hooks: Hook) -> None:
        self._client = client
        self._every = every
        self._hooks = hooks
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.scanned_rows = 0
        """How many rows the queries and scans have read."""

    @property
    def operations(self) -> list[str]:
        """The operations that were called, in their order."""
        return [operation for operation, _ in self.calls]

    def requests(self, operation: str) -> list[dict[str, Any]]:
        """The requests of an operation, in their order."""
        return [request for name, request in self.calls if name == operation]

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            def send(**changes: Any) -> Any:
                return getattr(self._client, operation)(**request | changes)

            self.calls.append((operation, request))
            hook = self._hooks.get(operation, self._every)
            response = send() if hook is None else hook(send)
            if isinstance(response, dict):
                self.scanned_rows += response.get("ScannedCount", 0)
            return response

        return call


def server_error(operation: str = "TransactWriteItems") -> ClientError:
    return ClientError({"Error": {"Code": "InternalServerError", "Message": "no"}}, operation)


def lose_response(send: Send) -> Any:
    """Take effect, and lose the response."""
    send()
    raise ReadTimeoutError(endpoint_url="https://dynamodb.invalid")


def fail_after_effect(send: Send) -> Any:
    send()
    raise server_error()


def never_send(_: Send) -> Any:
    raise ConnectTimeoutError(endpoint_url="https://dynamodb.invalid")


def send_twice(send: Send) -> Any:
    """What botocore does when the first response is lost."""
    send()
    return send()


def refuse(_: Send) -> Any:
    raise server_error()


def raising(error: Exception) -> Hook:
    """Fail with this error."""

    def hook(_: Send) -> Any:
        raise error

    return hook


def nth(number: int, hook: Hook) -> Hook:
    """Step into one call, counted from 1, and send all others."""
    left = iter(range(number - 1, -1, -1))

    def choose(send: Send) -> Any:
        return hook(send) if next(left, None) == 0 else send()

    return choose


def after(act: Callable[[], object]) -> Hook:
    """Let something happen before the first call is sent."""

    def hook(send: Send) -> Any:
        act()
        return send()

    return nth(1, hook)
