"""The wiring of generation."""

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
    from image_store.services.generation.sealed_requests import SealedRequests
    from image_store.services.generation.sweep import GenerationSweep
    from image_store.services.generation.worker.calls import ProviderCalls
    from image_store.services.generation.worker.changes import JobItemWriter
    from image_store.services.generation.worker.run import GenerationRun
    from image_store.services.generation.worker.storage import ResultStorage
    from image_store.services.images.uploads import Uploads


class Generation(Images):
    """The wiring of generation."""

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
    def generation_jobs(self) -> GenerationJobs:
        from image_store.services.generation.job_names import JobNames
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
            sealed_requests=self._sealed_requests,
            names=JobNames(
                generations=self.generations,
                fingerprints=Fingerprints(keys=lambda: self._secrets.json(self.settings.signing_secret)),
            ),
            report_used_up=self._count_used_up,
            clock=self.clock,
            ids=self.ids,
        )

    @made_once
    def generation_run(self) -> GenerationRun:
        from image_store.services.generation.worker.run import generation_run

        return generation_run(
            generations=self.generations,
            calls=self._provider_calls,
            results=self._provider_results,
            writer=self._job_item_writer,
            storage=self._result_storage,
            sealed_requests=self._sealed_requests,
            retries=self.settings.generation_retries,
        )

    @made_once
    def _provider_calls(self) -> ProviderCalls:
        from image_store.services.generation.health import HealthWatch
        from image_store.services.generation.references import References
        from image_store.services.generation.worker.calls import ProviderCalls

        return ProviderCalls(
            choice=self._choice,
            watch=HealthWatch(health=self.provider_health, clock=self.clock),
            providers=self.image_providers,
            keys=self.provider_keys,
            deployment_key=self._deployment_key,
            references=References(repository=self.repository, private=self.private),
            clock=self.clock,
            ids=self.ids,
        )

    @made_once
    def _job_item_writer(self) -> JobItemWriter:
        from image_store.entrypoints.operations.metrics import call_counter
        from image_store.services.generation.worker.changes import JobItemWriter

        return JobItemWriter(
            generations=self.generations,
            work=self.generation_queue,
            budgets=self.settings.budgets,
            report=call_counter(self.settings.metrics_namespace),
            clock=self.clock,
            ids=self.ids,
        )

    @made_once
    def _result_storage(self) -> ResultStorage:
        from image_store.services.generation.worker.storage import ResultStorage

        return ResultStorage(
            uploads=self._uploads_without_quota, seals=self.settings.seals_sensitive, clock=self.clock
        )

    @made_once
    def generation_sweep(self) -> GenerationSweep:
        from image_store.services.generation.sweep import GenerationSweep

        return GenerationSweep(
            generations=self.generations,
            results=self._provider_results,
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
    def _sealed_requests(self) -> SealedRequests:
        from image_store.services.generation.sealed_requests import SealedRequests

        return SealedRequests(cipher=lambda: self.cipher, seals=self.settings.seals_sensitive)

    @made_once
    def _choice(self) -> ModelChoice:
        from image_store.services.generation.choice import ModelChoice

        return ModelChoice(order=self.settings.providers, budgets=self.settings.budgets)

    @made_once
    def _provider_results(self) -> ProviderResults:
        from image_store.services.generation.provider_results import ProviderResults

        return ProviderResults(private=self.private, clock=self.clock)

    @made_once
    def _uploads_without_quota(self) -> Uploads:
        """Uploads for results: a paid result is always stored, since its job took its place in the quota."""
        return replace(self.uploads, quota=self.settings.quota.without_refusals())

    def _count_used_up(self, whose: str) -> None:
        from image_store.entrypoints.operations.metrics import count_exhausted_budget

        count_exhausted_budget(self.settings.metrics_namespace, whose)

    def _deployment_key(self, provider: Provider) -> ProviderKey | None:
        from image_store.domain.generation.providers import ProviderKey

        secret = self._secrets.json(self.settings.providers_secret)
        if not secret.get(provider.value):
            return None
        return ProviderKey(secret[provider.value], secret.get(f"{provider.value}_account_id", ""))
