"""The filters of lists and searches: each is a field of `Filters`, and `ROW_FILTERS` says how rows are compared.

A new filter also needs its parameter in the query schema, its option in the command line, its control in the console
and, if rows hold its attribute, a place in the projection of the index `by_owner`. Tests compare all of them with this
module. CloudFormation cannot change the projection of a deployed index, and rows that are stored already lack the
attribute: docs/decisions/finding.md, "List filters are declared once", says what a deployed store needs.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import Enum, auto
from typing import Any

from image_store.domain.images.details import Details
from image_store.domain.images.image import ImageRecord, Kind, Visibility


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """When images were made: `since` is inclusive and `until` is not."""

    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no image can be in it."""
        return self.since is not None and self.until is not None and self.since >= self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters(Period):
    """Which images of an owner a list or a search shows.

    Query parameters have the names of the fields, but for `from` (`since`) and `to` (`until`).
    """

    kind: Kind | None = None
    visibility: Visibility | None = None
    tag: str | None = None
    group: str | None = None
    """`type:id`; images in the trash belong to no group."""
    model: str | None = None
    provider: str | None = None
    category: str | None = None
    trashed: bool = False

    @property
    def is_filtered(self) -> bool:
        """Whether some images of the owner are left out; the trash is a list of its own and not a filter."""
        return any(getattr(self, name) is not None for name in FILTER_NAMES if name != "trashed")

    def filter_binding(self, first: tuple[str, ...]) -> tuple[str | None, ...]:
        """The part of a cursor's binding that follows from filters.

        Cursors outlive a deployment, so the filters of the first release stay in the order `first`. A later filter is
        bound by name and value if it is set; if it is not, cursors stay as they were.
        """
        later = (name for name in FILTER_NAMES if name not in first and getattr(self, name) is not None)
        return (
            *(_text(getattr(self, name)) for name in first),
            *(text for name in later for text in (name, _text(getattr(self, name)))),
        )


FILTER_NAMES = tuple(field.name for field in fields(Filters))

type AttributeValue = str | int | bool | tuple[str, ...]


class Comparison(Enum):
    """How a filter compares an attribute of a row with its own value."""

    EQUALS = auto()
    AT_LEAST = auto()
    BEGINS_WITH = auto()
    CONTAINS = auto()


_HOLDS: Mapping[Comparison, Callable[[Any, Any], bool]] = {
    Comparison.EQUALS: operator.eq,
    Comparison.AT_LEAST: operator.ge,
    Comparison.BEGINS_WITH: str.startswith,
    Comparison.CONTAINS: operator.contains,
}


@dataclass(frozen=True, slots=True)
class RowFilter:
    """A filter that compares an attribute of rows."""

    attribute: str
    value_of: Callable[[ImageRecord, Details], AttributeValue | None]
    """The attribute of an image; rows do not hold an empty one."""
    comparison: Comparison = Comparison.EQUALS
    only_in_list_rows: bool = False
    """Whether only list rows hold it: rows of groups, tags, categories and models. Others are the index and terms."""


ROW_FILTERS: Mapping[str, RowFilter] = {
    "kind": RowFilter("kind", lambda record, details: record.kind.value),
    "visibility": RowFilter("visibility", lambda record, details: record.visibility.value),
    "category": RowFilter("category", lambda record, details: record.category),
    "model": RowFilter("model", lambda record, details: (details.generation or {}).get("model")),
    "provider": RowFilter("provider", lambda record, details: (details.generation or {}).get("provider")),
    "tag": RowFilter(
        "tags", lambda record, details: details.tags, Comparison.CONTAINS, only_in_list_rows=True
    ),
}
"""How rows are compared, by the name of the filter."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What a filter of a query requires of the attributes of a row."""

    filter: str
    attribute: str
    comparison: Comparison
    value: AttributeValue

    def holds(self, attributes: Mapping[str, AttributeValue]) -> bool:
        """Whether a row meets it; a row without the attribute does not."""
        value = attributes.get(self.attribute)
        return value is not None and _HOLDS[self.comparison](value, self.value)


def row_attributes(record: ImageRecord, details: Details, *, in_list_row: bool) -> dict[str, AttributeValue]:
    """The attributes of an image that filters compare, by name, without empty ones.

    Those of a list row, otherwise those of a row of the index or of a term.
    """
    attributes = {
        row_filter.attribute: row_filter.value_of(record, details)
        for row_filter in ROW_FILTERS.values()
        if in_list_row or not row_filter.only_in_list_rows
    }
    return {name: value for name, value in attributes.items() if value not in (None, "", ())}


def conditions_of(filters: Filters, *, on_list_rows: bool) -> list[Condition]:
    """What the filters that are set require of list rows, otherwise of rows of terms."""
    return [
        Condition(name, row_filter.attribute, row_filter.comparison, getattr(filters, name))
        for name, row_filter in ROW_FILTERS.items()
        if getattr(filters, name) is not None and (on_list_rows or not row_filter.only_in_list_rows)
    ]


def _text(value: object) -> str | None:
    if isinstance(value, datetime):
        return value.isoformat()
    return None if value is None else str(value)
