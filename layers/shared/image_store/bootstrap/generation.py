"""Assembles the services that make pictures with providers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from image_store.bootstrap.lazy import lazy_property

if TYPE_CHECKING:
    from image_store.bootstrap.assembly import Application
    from image_store.ports.generation import ReferenceUploads
    from image_store.services.generation.choice import ModelChoice
    from image_store.services.generation.jobs import GenerationJobs
    from image_store.services.generation.overview import ProviderOverview
    from image_store.services.generation.own_keys import OwnKeys
    from image_store.services.generation.provider_results import ProviderResults
    from image_store.services.generation.sealed_requests import SealedRequests
    from image_store.services.generation.sweep import GenerationSweep
    from image_store.services.generation.synchronous import SynchronousGeneration
    from image_store.services.generation.usable_models import UsableModels
    from image_store.services.generation.worker.calls import ProviderCalls
    from image_store.services.generation.worker.changes import JobItemWriter
    from image_store.services.generation.worker.run import GenerationRun
    from image_store.services.generation.worker.settlement import Settlement
    from image_store.services.generation.worker.storage import ResultStorage
    from image_store.services.images.uploads import Uploads


class Generation:
    """The services that make pictures with providers."""

    def __init__(self, application: Application) -> None:
        self._areas = application
        self._ports = application.ports
        self._settings = application.settings

    @lazy_property
    def jobs(self) -> GenerationJobs:
        from image_store.services.generation.job_names import JobNames
        from image_store.services.generation.jobs import GenerationJobs
        from image_store.services.images.fingerprints import Fingerprints

        return GenerationJobs(
            generations=self._ports.generations,
            repository=self._ports.repository,
            keys=self._ports.provider_keys,
            choice=self._choice,
            work=self._ports.generation_queue,
            cursors=self._areas.finding.cursors,
            budgets=self._settings.generation.budgets,
            most_images=self._settings.quota.images,
            sealed_requests=self._sealed_requests,
            names=JobNames(
                generations=self._ports.generations,
                fingerprints=Fingerprints(keys=self._ports.signing_keys),
            ),
            report_used_up_budget=self._ports.report_used_up_budget,
            clock=self._ports.clock,
            ids=self._ports.ids,
        )

    @lazy_property
    def synchronous(self) -> SynchronousGeneration:
        from image_store.services.generation.synchronous import SynchronousGeneration

        return SynchronousGeneration(
            jobs=self.jobs,
            repository=self._ports.repository,
            private=self._ports.private,
            clock=self._ports.clock,
            sleep=self._ports.sleep,
        )

    @property
    def reference_uploads(self) -> ReferenceUploads:
        """Stores images that new ones are made from."""
        return self._ports.reference_uploads

    @lazy_property
    def usable_models(self) -> UsableModels:
        from image_store.services.generation.usable_models import UsableModels

        return UsableModels(keys=self._ports.provider_keys, order=self._settings.generation.providers)

    @lazy_property
    def worker(self) -> GenerationRun:
        from image_store.services.generation.worker.recovery import Recovery
        from image_store.services.generation.worker.run import GenerationRun

        recovery = Recovery(
            generations=self._ports.generations,
            results=self.results,
            writer=self._job_item_writer,
            settlement=self._settlement,
            storage=self.storage,
            sealed_requests=self._sealed_requests,
            clock=self._ports.clock,
        )
        return GenerationRun(
            generations=self._ports.generations,
            calls=self._provider_calls,
            results=self.results,
            writer=self._job_item_writer,
            settlement=self._settlement,
            recovery=recovery,
            sealed_requests=self._sealed_requests,
            clock=self._ports.clock,
            jitter=self._ports.jitter,
        )

    @lazy_property
    def _settlement(self) -> Settlement:
        from image_store.services.generation.worker.settlement import Settlement

        return Settlement(
            writer=self._job_item_writer,
            results=self.results,
            storage=self.storage,
            retries=self._settings.generation.retries,
            clock=self._ports.clock,
            jitter=self._ports.jitter,
        )

    @lazy_property
    def _provider_calls(self) -> ProviderCalls:
        from image_store.services.generation.health import HealthWatch
        from image_store.services.generation.references import References
        from image_store.services.generation.worker.calls import ProviderCalls

        return ProviderCalls(
            choice=self._choice,
            watch=HealthWatch(health=self._ports.provider_health, clock=self._ports.clock),
            providers=self._ports.image_providers,
            keys=self._ports.provider_keys,
            deployment_key=self._ports.deployment_key,
            references=References(repository=self._ports.repository, private=self._ports.private),
            clock=self._ports.clock,
            ids=self._ports.ids,
        )

    @lazy_property
    def _job_item_writer(self) -> JobItemWriter:
        from image_store.services.generation.worker.changes import JobItemWriter

        return JobItemWriter(
            generations=self._ports.generations,
            work=self._ports.generation_queue,
            budgets=self._settings.generation.budgets,
            report=self._ports.report_call,
            clock=self._ports.clock,
            ids=self._ports.ids,
        )

    @lazy_property
    def storage(self) -> ResultStorage:
        from image_store.services.generation.worker.storage import ResultStorage

        return ResultStorage(
            uploads=self._uploads_without_quota,
            seals=self._settings.encryption.seals_sensitive,
            clock=self._ports.clock,
        )

    @lazy_property
    def sweep(self) -> GenerationSweep:
        from image_store.services.generation.sweep import GenerationSweep

        return GenerationSweep(
            generations=self._ports.generations,
            results=self.results,
            work=self._ports.generation_queue,
            clock=self._ports.clock,
        )

    @lazy_property
    def overview(self) -> ProviderOverview:
        from image_store.services.generation.overview import ProviderOverview

        return ProviderOverview(
            generations=self._ports.generations,
            health=self._ports.provider_health,
            keys=self._ports.provider_keys,
            order=self._settings.generation.providers,
            budgets=self._settings.generation.budgets,
            clock=self._ports.clock,
        )

    @lazy_property
    def own_keys(self) -> OwnKeys:
        from image_store.services.generation.own_keys import OwnKeys

        return OwnKeys(keys=self._ports.provider_keys)

    @lazy_property
    def _sealed_requests(self) -> SealedRequests:
        from image_store.services.generation.sealed_requests import SealedRequests

        return SealedRequests(
            cipher=lambda: self._ports.cipher, seals=self._settings.encryption.seals_sensitive
        )

    @lazy_property
    def _choice(self) -> ModelChoice:
        from image_store.services.generation.choice import ModelChoice

        return ModelChoice(
            order=self._settings.generation.providers, budgets=self._settings.generation.budgets
        )

    @lazy_property
    def results(self) -> ProviderResults:
        from image_store.services.generation.provider_results import ProviderResults

        return ProviderResults(private=self._ports.private, clock=self._ports.clock, sleep=self._ports.sleep)

    @lazy_property
    def _uploads_without_quota(self) -> Uploads:
        """Uploads for provider results: a paid result is always stored, because its job has reserved the quota."""
        return replace(self._areas.images.uploads, quota=self._settings.quota.without_refusals())
