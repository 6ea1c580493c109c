"""Pictures that models make."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from image_store.bootstrap.images import Images
from image_store.bootstrap.parts import made_once

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_store.domain.generation.providers import Provider, ProviderKey
    from image_store.ports.generation import Generations, ImageProvider, ProviderHealth, ProviderKeys
    from image_store.ports.queues import WorkQueue
    from image_store.services.generation.choice import ModelChoice
    from image_store.services.generation.jobs import GenerationJobs
    from image_store.services.generation.overview import ProviderOverview
    from image_store.services.generation.provider_results import ProviderResults
    from image_store.services.generation.run import GenerationRun
    from image_store.services.generation.sealed_requests import SealedRequests
    from image_store.services.generation.sweep import GenerationSweep
    from image_store.services.images.uploads import Uploads


class Generation(Images):
    """Pictures that models make."""

    @made_once
    def generations(self) -> Generations:
        from image_store.adapters.dynamodb.generation.jobs import DynamoGenerations

        return DynamoGenerations(self.settings.table, client=lambda: self._dynamodb)

    @made_once
    def generation_queue(self) -> WorkQueue:
        from image_store.adapters.sqs import SqsWorkQueue

        return SqsWorkQueue(self.settings.generation_queue_url, client=lambda: self._sqs)

    @made_once
    def provider_health(self) -> ProviderHealth:
        from image_store.adapters.dynamodb.generation.providers import DynamoProviderHealth

        return DynamoProviderHealth(self.settings.table, client=lambda: self._dynamodb)

    @made_once
    def provider_keys(self) -> ProviderKeys:
        from image_store.adapters.dynamodb.generation.providers import DynamoProviderKeys

        return DynamoProviderKeys(
            self.settings.table, client=lambda: self._dynamodb, cipher=lambda: self.cipher
        )

    @made_once
    def image_providers(self) -> Mapping[Provider, ImageProvider]:
        from image_store.adapters.providers import image_providers

        return image_providers(self.settings.provider_urls, clock=self.clock, fetcher=lambda: self.fetcher)

    @made_once
    def generation_requests(self) -> GenerationJobs:
        from image_store.services.generation.jobs import GenerationJobs
        from image_store.services.images.fingerprints import Fingerprints

        return GenerationJobs(
            generations=self.generations,
            repository=self.repository,
            keys=self.provider_keys,
            choice=self._choice,
            work=self.generation_queue,
            cursors=self.cursors,
            budgets=self.settings.budgets,
            most_images=self.settings.quota.images,
            wishes=self._wishes,
            fingerprints=Fingerprints(keys=lambda: self._secrets.json(self.settings.signing_secret)),
            report_used_up=self._count_used_up,
            clock=self.clock,
            ids=self.ids,
        )

    @made_once
    def generation_run(self) -> GenerationRun:
        from image_store.entrypoints.operations.metrics import counting_calls
        from image_store.services.generation.health import HealthWatch
        from image_store.services.generation.references import References
        from image_store.services.generation.run import GenerationRun

        return GenerationRun(
            generations=self.generations,
            choice=self._choice,
            watch=HealthWatch(health=self.provider_health, clock=self.clock),
            providers=self.image_providers,
            keys=self.provider_keys,
            deployment_key=self._deployment_key,
            references=References(repository=self.repository, private=self.private),
            kept=self._kept_answers,
            wishes=self._wishes,
            uploads=self._uploads_without_quota,
            work=self.generation_queue,
            budgets=self.settings.budgets,
            retries=self.settings.generation_retries,
            report=counting_calls(self.settings.metrics_namespace),
            clock=self.clock,
            ids=self.ids,
        )

    @made_once
    def generation_sweep(self) -> GenerationSweep:
        from image_store.services.generation.sweep import GenerationSweep

        return GenerationSweep(
            generations=self.generations,
            kept=self._kept_answers,
            work=self.generation_queue,
            clock=self.clock,
        )

    @made_once
    def provider_overview(self) -> ProviderOverview:
        from image_store.services.generation.overview import ProviderOverview

        return ProviderOverview(
            generations=self.generations,
            health=self.provider_health,
            keys=self.provider_keys,
            order=self.settings.providers,
            clock=self.clock,
        )

    @made_once
    def _wishes(self) -> SealedRequests:
        from image_store.services.generation.sealed_requests import SealedRequests

        return SealedRequests(cipher=lambda: self.cipher, seals=self.settings.seals_sensitive)

    @made_once
    def _choice(self) -> ModelChoice:
        from image_store.services.generation.choice import ModelChoice

        return ModelChoice(order=self.settings.providers, budgets=self.settings.budgets)

    @made_once
    def _kept_answers(self) -> ProviderResults:
        from image_store.services.generation.provider_results import ProviderResults

        return ProviderResults(private=self.private, clock=self.clock)

    @made_once
    def _uploads_without_quota(self) -> Uploads:
        """Uploads that count and are never refused: a picture that is paid for is stored."""
        return replace(self.uploads, quota=self.settings.quota.without_refusals())

    def _count_used_up(self, whose: str) -> None:
        from image_store.entrypoints.operations.metrics import count_used_up

        count_used_up(self.settings.metrics_namespace, whose)

    def _deployment_key(self, provider: Provider) -> ProviderKey | None:
        from image_store.domain.generation.providers import ProviderKey

        secret = self._secrets.json(self.settings.providers_secret)
        if not secret.get(provider.value):
            return None
        return ProviderKey(secret[provider.value], secret.get(f"{provider.value}_account_id", ""))
