"""Tables in moto or in memory, and a client in whose calls a test puts its hand."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.callers.actor import Actor
from tests.fakes.dynamodb import all_items
from tests.fakes.rows import DynamoRows


@dataclass(frozen=True)
class Table:
    """A table, and the client to it."""

    client: Any
    name: str

    def rows(self) -> list[dict[str, Any]]:
        return all_items(self.client, self.name)


Tables = Callable[[str], Table]


ACTOR = Actor.function("generate", "8f5a1f6e-0000-4000-8000-000000000000")


def dynamo(table: Table, client: Any = None) -> DynamoRows:
    chosen = client or table.client
    return DynamoRows(DynamoTable(table.name, client=lambda: chosen), actor=lambda: ACTOR)


def carried_out(carry_out: Callable[[], Any]) -> Any:
    return carry_out()


class Interposed:
    """A client in whose calls a test puts its hand; `asked` holds every call."""

    def __init__(self, client: Any, **hands: Callable[[Callable[[], Any]], Any]) -> None:
        self._client = client
        self._hands = hands
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            self.asked.append((operation, request))
            hand = self._hands.get(operation, carried_out)
            return hand(lambda: getattr(self._client, operation)(**request))

        return call


def server_error(operation: str = "TransactWriteItems") -> ClientError:
    return ClientError({"Error": {"Code": "InternalServerError", "Message": "no"}}, operation)


def answer_lost(carry_out: Callable[[], Any]) -> Any:
    """Do it, and do not say so."""
    carry_out()
    raise ReadTimeoutError(endpoint_url="https://dynamodb.invalid")


def answer_garbled(carry_out: Callable[[], Any]) -> Any:
    carry_out()
    raise server_error()


def never_sent(_: Callable[[], Any]) -> Any:
    raise ConnectTimeoutError(endpoint_url="https://dynamodb.invalid")


def sent_twice(carry_out: Callable[[], Any]) -> Any:
    """What botocore does when the first answer is lost."""
    carry_out()
    return carry_out()


def refused(_: Callable[[], Any]) -> Any:
    raise server_error()
