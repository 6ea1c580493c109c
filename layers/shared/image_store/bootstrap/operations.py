"""What operators and owners are told of the store as a whole."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from image_store.adapters.secrets import Secrets
from image_store.bootstrap.finding import Finding
from image_store.bootstrap.generation import Generation
from image_store.bootstrap.parts import made_once
from image_store.bootstrap.upkeep import Upkeep

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from image_store.domain.operations.audit import AuditEntry
    from image_store.ports.queues import QueueDepth
    from image_store.services.operations.health import Health
    from image_store.services.operations.metering import Metering
    from image_store.services.operations.statistics import Reporting


class Watching(Finding, Generation, Upkeep):
    """What operators and owners are told of the store as a whole."""

    @made_once
    def change_reader(self) -> Callable[[dict[str, Any]], AuditEntry | None]:
        from image_store.adapters.dynamodb.images.changes import change_of

        return change_of

    @made_once
    def queue_depths(self) -> Mapping[str, QueueDepth]:
        from image_store.adapters.sqs import SqsQueueDepth

        urls = {
            "ingest": self.settings.ingest_queue_url,
            "ingest_dead_letters": self.settings.dead_letter_queue_url,
            "work": self.settings.work_queue_url,
            "work_dead_letters": self.settings.work_dead_letter_queue_url,
            "projection_dead_letters": self.settings.projection_dead_letter_queue_url,
            "audit_dead_letters": self.settings.audit_dead_letter_queue_url,
            "generation": self.settings.generation_queue_url,
            "generation_dead_letters": self.settings.generation_dead_letter_queue_url,
        }
        return {name: SqsQueueDepth(url, client=lambda: self._sqs) for name, url in urls.items() if url}

    @made_once
    def reporting(self) -> Reporting:
        from image_store.services.operations.statistics import Reporting

        return Reporting(
            figures=self.figures,
            claims=self.claims,
            migrations=self.migrations,
            generations=self.generations,
            clock=self.clock,
            quota=self.settings.quota,
        )

    @made_once
    def metering(self) -> Metering:
        from image_store.services.operations.metering import Metering

        return Metering(
            figures=self.figures,
            generations=self.generations,
            budgets=self.settings.budgets,
            clock=self.clock,
        )

    @made_once
    def health(self) -> Health:
        from image_store.services.operations.health import Health

        return Health(
            repository=self.repository,
            waiting=self.cleanup_rows,
            private=self.private,
            public=self.public,
            # not what a warm function remembers of it
            secret=lambda: Secrets(client=lambda: self._client("secretsmanager")).json(
                self.settings.signing_secret
            ),
            queues=self.queue_depths,
            providers={
                provider.value: partial(self._deployment_key, provider)
                for provider in self.settings.providers
            },
            clock=self.clock,
        )
