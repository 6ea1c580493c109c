"""Tables in moto or in memory."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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
