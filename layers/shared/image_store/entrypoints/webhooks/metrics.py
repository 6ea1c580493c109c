"""Metrics of the delivery to webhooks; a store without webhooks has none, and pays for none."""

from collections.abc import Callable
from enum import StrEnum

from image_store.entrypoints.operations.observability import log_metric
from image_store.services.webhooks.sweep import SweptWebhooks
from image_store.services.webhooks.turns import RoundResult


class WebhookMetric(StrEnum):
    """The metrics of the delivery to webhooks."""

    ACCEPTED = "WebhookEventsAccepted"
    FAILED = "WebhookAttemptsFailed"
    DISABLED = "WebhooksDisabled"
    """Webhooks that the store has disabled: the endpoint is gone, or has failed for days."""
    FAILING = "WebhooksFailing"
    """Webhooks whose endpoint has accepted nothing since it failed."""
    UNDELIVERED_AGE = "UndeliveredEventAge"
    """Seconds for which the worst endpoint has accepted nothing: the oldest event waits about as long."""


def round_counter(namespace: str) -> Callable[[RoundResult], None]:
    """Return a function that counts what happened in a round, in a namespace."""

    def count(result: RoundResult) -> None:
        counts = {
            WebhookMetric.ACCEPTED: result.accepted,
            WebhookMetric.FAILED: result.failed,
            WebhookMetric.DISABLED: int(result.is_disabled),
        }
        for name, value in counts.items():
            if value:
                log_metric(name.value, value, unit="Count", namespace=namespace, dimension="service")

    return count


def report_sweep(namespace: str, swept: SweptWebhooks) -> None:
    """Publish in a namespace how the endpoints do; nothing if there are no webhooks."""
    if not swept.enabled:
        return
    log_metric(
        WebhookMetric.FAILING.value, swept.failing, unit="Count", namespace=namespace, dimension="service"
    )
    log_metric(
        WebhookMetric.UNDELIVERED_AGE.value,
        swept.longest_failure.total_seconds(),
        unit="Seconds",
        namespace=namespace,
        dimension="service",
    )
