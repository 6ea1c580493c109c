"""Checks every component that the store depends on."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from image_store.domain.backup.jobs import LATE_AFTER, BackupStatus
from image_store.domain.errors import ImageStoreError
from image_store.domain.ids import uuid7
from image_store.ports.backup import BackupStates
from image_store.ports.images import ImageRepository
from image_store.ports.objects import ObjectStore
from image_store.ports.queues import QueueDepth
from image_store.ports.system import Clock
from image_store.ports.upkeep import CleanupRows

LONG_OVERDUE = timedelta(hours=1)
"""Cleanup runs four times an hour; if a row is due for longer, cleanup does not run or fails."""
_ABSENT_KEY = "health/nothing"


class ComponentStatus(StrEnum):
    """The status of a component or of the store, from best to worst."""

    NOT_CONFIGURED = "not_configured"
    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class ComponentHealth:
    """The status of a component, and the reason."""

    status: ComponentStatus
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Checks each component exactly once."""

    repository: ImageRepository
    cleanup_rows: CleanupRows
    private: ObjectStore
    public: ObjectStore | None
    read_signing_secret: Callable[[], object]
    queues: Mapping[str, QueueDepth]
    providers: Mapping[str, Callable[[], object]]
    """By provider: reads the deployment's key; None if there is none."""
    backup: BackupStates | None
    """None without a backup store."""
    clock: Clock

    def check(self) -> dict[str, ComponentHealth]:
        """The health of each component, by name; raises nothing and changes nothing."""
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
        yield "signing_secret", _health_of(self.read_signing_secret)
        for name, queue in self.queues.items():
            yield name, _health_of(lambda name=name, queue=queue: _dead_letters(name, queue))  # type: ignore[misc]

        yield "providers", _health_of(self._providers)
        yield "backup", _health_of(self._backup)

    def _backup(self) -> ComponentHealth:
        if self.backup is None:
            return ComponentHealth(ComponentStatus.NOT_CONFIGURED, "Nothing is backed up.")
        state, now = self.backup.known_state(), self.clock.now()
        if state is None:
            return ComponentHealth(ComponentStatus.OK, "No run has begun yet.")
        job = self.backup.job(state.job) if state.job is not None else None
        hours = int(state.age(now) / timedelta(hours=1))
        age = f"The last complete backup is {hours} hours old."
        if state.as_of is None:
            age = "There is no complete backup yet."
        if state.age(now) > LATE_AFTER:
            return ComponentHealth(ComponentStatus.DEGRADED, age)
        if job is not None and job.status is BackupStatus.FAILED:
            reason = f"The last run failed: {job.stopped_because}."
            return ComponentHealth(ComponentStatus.DEGRADED, f"{age} {reason}")
        return ComponentHealth(ComponentStatus.OK, age)

    def _providers(self) -> ComponentHealth:
        if not self.providers:
            return ComponentHealth(
                ComponentStatus.NOT_CONFIGURED, "Images are generated with the keys of owners alone."
            )
        providers_without_key = [name for name, key in self.providers.items() if key() is None]
        if providers_without_key:
            return ComponentHealth(
                ComponentStatus.DEGRADED, f"There is no key for {', '.join(providers_without_key)}."
            )
        return ComponentHealth(ComponentStatus.OK)

    def _overdue(self) -> ComponentHealth:
        overdue = next(iter(self.cleanup_rows.due(self.clock.now() - LONG_OVERDUE)), None)
        if overdue is None:
            return ComponentHealth(ComponentStatus.OK)
        return ComponentHealth(
            ComponentStatus.DEGRADED, "Something is due for cleanup for more than an hour."
        )


def overall_status(components: Mapping[str, ComponentHealth]) -> ComponentStatus:
    """The status of the store: that of its worst component."""
    order = list(ComponentStatus)
    return max((ComponentStatus.OK, *(part.status for part in components.values())), key=order.index)


def _health_of(check: Callable[[], object]) -> ComponentHealth:
    try:
        result = check()
    except ImageStoreError:
        return ComponentHealth(ComponentStatus.DOWN, "It does not answer as it should.")
    return result if isinstance(result, ComponentHealth) else ComponentHealth(ComponentStatus.OK)


def _dead_letters(name: str, queue: QueueDepth) -> ComponentHealth:
    waiting = queue.waiting()
    if waiting and name.endswith("dead_letters"):
        return ComponentHealth(ComponentStatus.DEGRADED, f"About {waiting} messages were given up.")
    return ComponentHealth(ComponentStatus.OK, f"About {waiting} messages wait.")
