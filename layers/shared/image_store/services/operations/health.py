"""Checks every part that the store depends on."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from image_store.domain.errors import ImageStoreError
from image_store.domain.ids import uuid7
from image_store.ports.images import ImageRepository
from image_store.ports.objects import ObjectStore
from image_store.ports.queues import QueueDepth
from image_store.ports.system import Clock
from image_store.ports.upkeep import CleanupRows

LONG_OVERDUE = timedelta(hours=1)
"""Cleanup runs four times in an hour: if something is due for longer, cleanup did not run or failed."""
_ABSENT_KEY = "health/nothing"


class ComponentStatus(StrEnum):
    """How a part, or the whole, is; from best to overall_status."""

    NOT_CONFIGURED = "not_configured"
    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class ComponentHealth:
    """How a part is, and why."""

    status: ComponentStatus
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Asks every part exactly once."""

    repository: ImageRepository
    waiting: CleanupRows
    private: ObjectStore
    public: ObjectStore | None
    secret: Callable[[], object]
    queues: Mapping[str, QueueDepth]
    providers: Mapping[str, Callable[[], object]]
    """By provider of images: looks for the deployment's key, and returns None when there is none."""
    clock: Clock

    def check(self) -> dict[str, ComponentHealth]:
        """How each part is, by its name; nothing is raised and nothing is changed."""
        return dict(self._checks())

    def _checks(self) -> Iterator[tuple[str, ComponentHealth]]:
        absent_image = uuid7(self.clock.now(), 0)
        yield "table", _health_of(lambda: self.repository.get_record(absent_image))
        yield "cleanup", _health_of(self._overdue)
        yield "private_bucket", _health_of(lambda: self.private.head(_ABSENT_KEY))
        public = self.public
        if public is None:
            yield (
                "public_bucket",
                ComponentHealth(ComponentStatus.NOT_CONFIGURED, "Public links lead to presigned addresses."),
            )
        else:
            yield "public_bucket", _health_of(lambda: public.head(_ABSENT_KEY))
        yield "signing_secret", _health_of(self.secret)
        for name, queue in self.queues.items():
            yield name, _health_of(lambda name=name, queue=queue: _dead_letters(name, queue))  # type: ignore[misc]

        yield "providers", _health_of(self._providers)

    def _providers(self) -> ComponentHealth:
        if not self.providers:
            return ComponentHealth(
                ComponentStatus.NOT_CONFIGURED, "Images are generated with the keys of owners alone."
            )
        without = [name for name, key in self.providers.items() if key() is None]
        if without:
            return ComponentHealth(ComponentStatus.DEGRADED, f"There is no key for {', '.join(without)}.")
        return ComponentHealth(ComponentStatus.OK)

    def _overdue(self) -> ComponentHealth:
        late = next(iter(self.waiting.due(self.clock.now() - LONG_OVERDUE)), None)
        if late is None:
            return ComponentHealth(ComponentStatus.OK)
        return ComponentHealth(
            ComponentStatus.DEGRADED, "Something is due for cleanup for more than an hour."
        )


def overall_status(components: Mapping[str, ComponentHealth]) -> ComponentStatus:
    """How the whole is: as its overall_status part."""
    order = list(ComponentStatus)
    return max((ComponentStatus.OK, *(part.status for part in components.values())), key=order.index)


def _health_of(ask: Callable[[], object]) -> ComponentHealth:
    try:
        answer = ask()
    except ImageStoreError:
        return ComponentHealth(ComponentStatus.DOWN, "It does not answer as it should.")
    return answer if isinstance(answer, ComponentHealth) else ComponentHealth(ComponentStatus.OK)


def _dead_letters(name: str, queue: QueueDepth) -> ComponentHealth:
    waiting = queue.waiting()
    if waiting and name.endswith("dead_letters"):
        return ComponentHealth(ComponentStatus.DEGRADED, f"About {waiting} messages were given up.")
    return ComponentHealth(ComponentStatus.OK, f"About {waiting} messages wait.")
