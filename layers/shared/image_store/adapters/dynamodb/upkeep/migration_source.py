"""Reads the records of a migration from a table that the deployment names; no other code reads foreign tables.

A position is the primary key of a record, or of the last row of a page, as JSON. A migration reads the whole table
twice, once to count and once to move the records. A request for one record reads only that record.
"""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from image_store.domain.errors import InvalidRequest, SourceUnreadable, StorageUnavailable
from image_store.domain.upkeep.migration import (
    CountedRecords,
    FieldNames,
    RecordError,
    SourceRecord,
    SourceStep,
    Table,
    record_of,
)
from image_store.ports.upkeep import MigrationSource

REFERENCE_SUFFIX = "_image_id"
_RECORDS_A_PAGE = 50
"""A step moves few records, and the next step reads again: pages of 1 MB would be paid for many times."""
_FINAL = frozenset({"ResourceNotFoundException", "AccessDeniedException", "ValidationException"})
_END = "end"
"""The position of a count that is complete."""


class TableSource(MigrationSource):
    """MigrationSource on one attribute of a table; creates its client at the first call."""

    def __init__(self, table: Table, fields: FieldNames, *, client: Callable[[], Any]) -> None:
        self._table = table
        self._fields = fields
        self._client = client

    def count(self, after: str | None) -> Iterator[CountedRecords]:
        if after == _END:
            return
        for page in self._pages(after, Select="COUNT"):
            last = page.get("LastEvaluatedKey")
            yield CountedRecords(_END if last is None else _text(last), page["Count"])

    def steps(self, after: str | None) -> Iterator[SourceStep]:
        for page in self._pages(after, ConsistentRead=True, Limit=_RECORDS_A_PAGE):
            for item in page["Items"]:
                yield SourceStep(_text(self._key_of(item)), self._record(item))
            if "LastEvaluatedKey" in page:
                yield SourceStep(_text(page["LastEvaluatedKey"]), None)

    def find(self, record_id: str) -> SourceRecord | None:
        key = self._key_named(record_id)
        if key is None:
            return None
        item = self._call("get_item", Key=key, ConsistentRead=True).get("Item")
        if item is None or self._table.attribute not in item:
            return None
        record = self._record(item)
        if isinstance(record, RecordError):
            raise InvalidRequest(record.detail)
        return record

    def write_back(self, position: str, image: bytes | str, image_id: str) -> bool:
        value = {"B": image} if isinstance(image, bytes) else {"S": image}
        try:
            self._call(
                "update_item",
                Key=_key(position),
                UpdateExpression="SET #reference = :id",
                ConditionExpression="#image = :image",
                ExpressionAttributeNames={
                    "#reference": f"{self._table.attribute}{REFERENCE_SUFFIX}",
                    "#image": self._table.attribute,
                },
                ExpressionAttributeValues={":id": {"S": image_id}, ":image": value},
            )
        except _Changed:
            return False
        return True

    @cached_property
    def _description(self) -> dict[str, Any]:
        description: dict[str, Any] = self._call("describe_table")["Table"]
        return description

    @cached_property
    def _key_names(self) -> tuple[str, ...]:
        """The attributes of the primary key, the partition's first."""
        by_type = {part["KeyType"]: part["AttributeName"] for part in self._description["KeySchema"]}
        return tuple(by_type[kind] for kind in ("HASH", "RANGE") if kind in by_type)

    def _key_of(self, item: dict[str, Any]) -> dict[str, Any]:
        return {name: item[name] for name in self._key_names}

    def _key_named(self, record_id: str) -> dict[str, Any] | None:
        """The primary key in a record id; None for any other text."""
        names = self._key_names
        if self._table.id_attribute is not None and (self._table.id_attribute,) != names:
            raise InvalidRequest(
                "A record of this table cannot be found by its id: id_attribute is not its primary key."
            )
        definitions = self._description["AttributeDefinitions"]
        types = {part["AttributeName"]: part["AttributeType"] for part in definitions}
        try:
            values = [record_id] if len(names) == 1 else json.loads(record_id)
            return {name: _typed(types[name], value) for name, value in zip(names, values, strict=True)}
        except (ValueError, TypeError, ArithmeticError, RecursionError):
            return None

    def _record(self, item: dict[str, Any]) -> SourceRecord | RecordError:
        record_id = self._id_of(item)
        names = FieldNames(
            image=self._table.attribute,
            id=self._table.id_attribute or "primary key",
            owner=self._fields.owner,
            attributes=self._fields.attributes,
        )
        try:
            value = {
                name: _plain(item[name])
                for name in (names.image, names.owner, names.attributes)
                if name in item
            }
        except ValueError:
            return RecordError.of(record_id, "invalid_request", "The attributes hold what JSON cannot.")
        return record_of(value | {names.id: record_id}, names, place=record_id)

    def _id_of(self, item: dict[str, Any]) -> str:
        if self._table.id_attribute is not None:
            return _name(item.get(self._table.id_attribute, {"S": ""}))
        values = [_name(item[name]) for name in self._key_names]
        return values[0] if len(values) == 1 else json.dumps(values, ensure_ascii=False)

    def _pages(self, after: str | None, **request: Any) -> Iterator[dict[str, Any]]:
        start = {"ExclusiveStartKey": _key(after)} if after else {}
        while True:
            page = self._call(
                "scan",
                FilterExpression="attribute_exists(#image)",
                ExpressionAttributeNames={"#image": self._table.attribute},
                **start,
                **request,
            )
            yield page
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _call(self, operation: str, **request: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self._client(), operation)(TableName=self._table.name, **request)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "ConditionalCheckFailedException":
                raise _Changed from error
            if code in _FINAL:
                raise SourceUnreadable(
                    "The table is not there, or may not be read or written in this way."
                ) from error
            raise _unavailable() from error
        except BotoCoreError as error:
            raise _unavailable() from error
        return answer


class _Changed(Exception):
    """The picture of a record has changed."""


def _plain(value: dict[str, Any]) -> Any:
    """A value of DynamoDB as a JSON value, or bytes; ValueError for sets."""
    ((kind, content),) = value.items()
    match kind:
        case "S" | "BOOL" | "B":
            return content
        case "N":
            return int(content) if content.lstrip("-").isdecimal() else float(content)
        case "NULL":
            return None
        case "M":
            return {name: _plain(each) for name, each in content.items()}
        case "L":
            return [_plain(each) for each in content]
    raise ValueError(kind)


def _name(value: dict[str, Any]) -> str:
    """A value as text of a record's id; empty if it cannot be an id."""
    ((kind, content),) = value.items()
    if kind == "B":
        return base64.b64encode(content).decode("ascii")
    return str(content) if kind in {"S", "N"} else ""


def _text(key: dict[str, Any]) -> str:
    texts = {
        name: {kind: base64.b64encode(content).decode("ascii") if kind == "B" else content}
        for name, value in key.items()
        for kind, content in value.items()
    }
    return json.dumps(texts)


def _key(position: str) -> dict[str, Any]:
    return {
        name: {kind: base64.b64decode(content) if kind == "B" else content}
        for name, value in json.loads(position).items()
        for kind, content in value.items()
    }


def _typed(kind: str, text: Any) -> dict[str, Any]:
    """A part of a primary key from its text; ValueError or TypeError if the text does not fit the type."""
    if not isinstance(text, str):
        raise TypeError
    if kind == "B":
        return {kind: base64.b64decode(text, validate=True)}
    if kind == "N" and not Decimal(text).is_finite():
        raise ValueError(text)
    return {kind: text}


def _unavailable() -> StorageUnavailable:
    return StorageUnavailable(
        "The table did not answer as it should; try again.", retry_after=timedelta(seconds=1)
    )
