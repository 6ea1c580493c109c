"""The filters of lists and searches: each is a field of `Filters`, and `ROW_ATTRIBUTES` names those that rows hold.

A new filter also needs its parameter in the query schema, its option in the command line, its control in the console
and, if rows hold it, its place in the projection of the index `by_owner`. Tests compare all of them with this module.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime

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
        """Whether some images of the owner are left out; the trash is a shelf of its own and no filter."""
        return any(getattr(self, name) is not None for name in FILTER_NAMES if name != "trashed")

    def filter_binding(self, first: tuple[str, ...]) -> tuple[str | None, ...]:
        """The part of a cursor's binding that follows from filters.

        Cursors outlive a deployment, so the filters of the first release stay in the order `first`. Any other one is
        bound by name and value where it is set, and changes no cursor where it is not.
        """
        later = (name for name in FILTER_NAMES if name not in first and getattr(self, name))
        return (
            *(_text(getattr(self, name)) for name in first),
            *(text for name in later for text in (name, _text(getattr(self, name)))),
        )


FILTER_NAMES = tuple(field.name for field in fields(Filters))

ROW_ATTRIBUTES: Mapping[str, Callable[[ImageRecord, Details], str | None]] = {
    "kind": lambda record, details: record.kind.value,
    "visibility": lambda record, details: record.visibility.value,
    "category": lambda record, details: record.category,
    "model": lambda record, details: (details.generation or {}).get("model"),
    "provider": lambda record, details: (details.generation or {}).get("provider"),
}
"""What rows of lists and searches hold beside the card, under the name of the filter that compares it."""


def row_attributes(record: ImageRecord, details: Details) -> dict[str, str]:
    """The attributes of an image that filters compare; those that it does not have are left out."""
    values = {name: value_of(record, details) for name, value_of in ROW_ATTRIBUTES.items()}
    return {name: value for name, value in values.items() if value}


def compared_values(filters: Filters) -> dict[str, str]:
    """What the attributes of a row have to be, by name; filters that rows do not hold are left out."""
    values = {name: getattr(filters, name) for name in ROW_ATTRIBUTES}
    return {name: str(value) for name, value in values.items() if value is not None}


def _text(value: object) -> str | None:
    if isinstance(value, datetime):
        return value.isoformat()
    return None if value is None else str(value)
