"""Which function does what a world does, so that its calls are held against that function's role."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Concatenate, Protocol

from tests.roles.comparison import IN_S3
from tests.roles.evaluation import Roles

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.roles.enforcement import Gate

TABLE = "images"
BUS = "image-store"
ROLES = Roles(
    IN_S3,  # so that the calls of the buckets are compared with the roles too
    {
        "Table": TABLE,
        "Bus": BUS,
        "IngestBucket": "ingest",
        "IngestQueue": "events",
        "DeadLetterQueue": "dead letters",
        "WorkQueue": "work",
        "GenerationQueue": "generation",
        "BackupQueue": "backup",
        "DeliveryQueue": "delivery",
    },
)
"""The roles of all worlds, by the names that their tables, queues and buckets have."""


class _Gated(Protocol):
    @property
    def gate(self) -> Gate: ...


def runs_as[Place: _Gated, **P, T](
    function: str,
) -> Callable[[Callable[Concatenate[Place, P], T]], Callable[Concatenate[Place, P], T]]:
    """Let a method's calls be those of a function of the template."""

    def decorated(method: Callable[Concatenate[Place, P], T]) -> Callable[Concatenate[Place, P], T]:
        @wraps(method)
        def at_work(place: Place, /, *args: P.args, **kwargs: P.kwargs) -> T:
            with place.gate.at_work(function):
                return method(place, *args, **kwargs)

        return at_work

    return decorated
