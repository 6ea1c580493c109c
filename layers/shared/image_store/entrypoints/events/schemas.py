"""Schemas of requests and responses about events."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from image_store.domain.events.event import EVENT_RETENTION, LOGGED_TYPES, EventType
from image_store.entrypoints.http.fields import Strict
from image_store.entrypoints.http.scalars import Moment, Whole
from image_store.entrypoints.operations.statistics_queries import StatsScope
from image_store.services.events.feed import LONGEST_WAIT

_MAX_CURSOR_CHARS = 3_000
_LONGEST_WAIT_SECONDS = int(LONGEST_WAIT.total_seconds())
_NAMES = tuple(each.value for each in LOGGED_TYPES)
_ONE = "|".join(name.replace(".", r"\.") for name in _NAMES)


def _types(text: object) -> frozenset[EventType]:
    names = text.split(",") if isinstance(text, str) else []
    if not names or not set(names) <= set(_NAMES):
        raise ValueError(f"must be some of {', '.join(_NAMES)}, separated by commas")
    return frozenset(map(EventType, names))


EventTypes = Annotated[
    frozenset[EventType],
    BeforeValidator(_types),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^({_ONE})(,({_ONE}))*$",
            "description": f"Only events of these types: some of {', '.join(_NAMES)}, separated by commas.",
            "examples": ["image.created,image.deleted"],
        }
    ),
]


class EventsQuery(Strict):
    """Which events to return, in the order in which they were recorded."""

    after: str | None = Field(
        None, min_length=1, max_length=_MAX_CURSOR_CHARS, description="The `next_cursor` of the page before."
    )
    since: Moment | None = Field(
        None,
        description="When to begin, without `after`; by default with the oldest event, "
        f"{EVENT_RETENTION.days} days ago.",
    )
    types: EventTypes | None = None
    limit: Whole = Field(50, ge=1, le=100)
    wait: Whole = Field(
        0,
        ge=0,
        le=_LONGEST_WAIT_SECONDS,
        description="How many seconds to wait for an event if there is none.",
    )
    scope: StatsScope = Field(StatsScope.OWN, description="`all` needs an admin.")

    @model_validator(mode="after")
    def _begins_once(self) -> Self:
        if self.after is not None and self.since is not None:
            raise ValueError("after and since exclude each other")
        return self

    @property
    def longest_wait(self) -> timedelta:
        """How long to wait for an event."""
        return timedelta(seconds=self.wait)
