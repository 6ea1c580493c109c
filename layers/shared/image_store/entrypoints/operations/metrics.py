"""Metrics, written into the log in CloudWatch's embedded metric format, which costs no call.

Metrics of provider calls exist for all providers together, for the alarms, and for each provider, for the dashboard.
"""

from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum

from aws_lambda_powertools import single_metric
from aws_lambda_powertools.metrics import MetricUnit

from image_store.domain.generation.ledger import CallOutcome
from image_store.domain.generation.money import MICROS
from image_store.services.operations.fill_level import FillLevel


class Metric(StrEnum):
    """The metrics of provider calls and of the whole store."""

    SUCCEEDED = "GenerationSucceeded"
    FAILED = "GenerationFailed"
    REFUSED = "GenerationRefused"
    """Failed because of the request, or of an owner's own key."""
    USAGE_UNREADABLE = "GenerationUsageUnreadable"
    """Charged, but its usage could not be read: the expected cost of the model counts."""
    TIME = "GenerationTime"
    COST = "GenerationCost"
    """Dollars."""
    COST_UNKNOWN = "GenerationCostUnknown"
    OWNER_BUDGET = "GenerationOwnerBudgetUsedUp"
    DEPLOYMENT_BUDGET = "GenerationDeploymentBudgetUsedUp"
    STORED_IMAGES = "StoredImages"
    STORED_BYTES = "StoredBytes"
    """Of originals, the trash included."""
    UNREADABLE = "UnreadableRows"
    """Images and publications that a run of cleanup could not read."""
    BUDGET_USED = "BudgetUsed"
    """Percent."""
    BACKUP_AGE = "BackupAge"
    """Seconds since all changes were in the backup."""
    BACKUP_FAILED = "BackupFailed"
    """Runs of the backup that failed or found damage."""


def call_counter(namespace: str) -> Callable[[CallOutcome], None]:
    """Return a function that counts provider calls in a namespace: their outcome, duration and known cost."""

    def count(outcome: CallOutcome) -> None:
        _put(namespace, outcome, _result_of(outcome), MetricUnit.Count, 1)
        if outcome.succeeded:
            _put(namespace, outcome, Metric.TIME, MetricUnit.Milliseconds, outcome.duration_ms)
        entry = outcome.entry
        if entry is None:
            return
        if not entry.usage_is_readable:
            _put(namespace, outcome, Metric.USAGE_UNREADABLE, MetricUnit.Count, 1)
        if entry.cost_micros is None:
            _put(namespace, outcome, Metric.COST_UNKNOWN, MetricUnit.Count, 1)
        else:
            _put(namespace, outcome, Metric.COST, MetricUnit.NoUnit, entry.cost_micros / MICROS)

    return count


def _result_of(outcome: CallOutcome) -> Metric:
    if outcome.succeeded:
        return Metric.SUCCEEDED
    return Metric.REFUSED if outcome.is_not_of_provider else Metric.FAILED


def report_fill_level(namespace: str, reading: FillLevel) -> None:
    """Publish in a namespace how full the deployment is."""
    values: list[tuple[Metric, MetricUnit, float]] = [
        (Metric.STORED_IMAGES, MetricUnit.Count, reading.stored.images),
        (Metric.STORED_BYTES, MetricUnit.Bytes, reading.stored.size_bytes),
    ]
    if reading.budget_used is not None:
        values.append((Metric.BUDGET_USED, MetricUnit.Percent, reading.budget_used))
    for name, unit, value in values:
        with single_metric(name=name.value, unit=unit, value=value, namespace=namespace):
            pass


def report_unreadable(namespace: str, rows: int) -> None:
    """Publish in a namespace how many rows a run of cleanup could not read."""
    with single_metric(name=Metric.UNREADABLE.value, unit=MetricUnit.Count, value=rows, namespace=namespace):
        pass


def report_backup_age(namespace: str, age: timedelta | None) -> None:
    """Publish in a namespace how old the last complete backup is; nothing without a backup store."""
    if age is None:
        return
    seconds = age.total_seconds()
    with single_metric(
        name=Metric.BACKUP_AGE.value, unit=MetricUnit.Seconds, value=seconds, namespace=namespace
    ):
        pass


def report_backup_end(namespace: str, *, has_failed: bool) -> None:
    """Count in a namespace a run of the backup that has ended: 1 if it failed or found damage."""
    with single_metric(
        name=Metric.BACKUP_FAILED.value, unit=MetricUnit.Count, value=int(has_failed), namespace=namespace
    ):
        pass


def _put(namespace: str, outcome: CallOutcome, name: Metric, unit: MetricUnit, value: float) -> None:
    for dimensions in ({}, {"provider": outcome.call.provider.value}):
        with single_metric(name=name.value, unit=unit, value=value, namespace=namespace) as metric:
            for dimension, of in dimensions.items():
                metric.add_dimension(name=dimension, value=of)
            if outcome.reason is not None:
                metric.add_metadata(key="reason", value=outcome.reason.value)


def count_used_up_budget(namespace: str, budget: str) -> None:
    """Count a request that exceeded a budget of an `owner` or the `deployment`; that of a `key` is its owner's own."""
    if budget == "key":
        return
    name = Metric.DEPLOYMENT_BUDGET if budget == "deployment" else Metric.OWNER_BUDGET
    with single_metric(name=name.value, unit=MetricUnit.Count, value=1, namespace=namespace):
        pass
