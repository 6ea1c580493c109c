"""Where events are sent."""

from dataclasses import dataclass
from typing import Self

from image_store.settings.variables import Variables


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSettings:
    """The bus of events."""

    bus: str
    """The name of the EventBridge bus; empty if there is none."""
    deliveries_at_once: int
    """How many invocations send to webhooks at the same time."""

    @classmethod
    def from_env(cls, variables: Variables) -> Self:
        """Read the settings of events."""
        return cls(
            bus=variables.text("EVENT_BUS"),
            deliveries_at_once=variables.number("DELIVERY_CONCURRENCY", 5),
        )
