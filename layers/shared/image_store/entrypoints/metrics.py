"""Metrics of generation, written into the log in CloudWatch's embedded form: no call of its own for each."""

from aws_lambda_powertools import single_metric
from aws_lambda_powertools.metrics import MetricUnit

from image_store.domain.generation import Outcome
from image_store.domain.money import MICROS

NAMESPACE = "ImageStore"


def count_call(outcome: Outcome) -> None:
    """Count a call of a provider: how it ended, how long it took, and what it cost if that is known."""
    name = "GenerationSucceeded" if outcome.succeeded else "GenerationFailed"
    _put(outcome, name, MetricUnit.Count, 1)
    if outcome.succeeded:
        _put(outcome, "GenerationTime", MetricUnit.Milliseconds, outcome.duration_ms)
    receipt = outcome.receipt
    if receipt is None:
        return
    if receipt.cost_micros is None:
        _put(outcome, "GenerationCostUnknown", MetricUnit.Count, 1)
    else:
        _put(outcome, "GenerationCost", MetricUnit.NoUnit, receipt.cost_micros / MICROS)


def _put(outcome: Outcome, name: str, unit: MetricUnit, value: float) -> None:
    with single_metric(name=name, unit=unit, value=value, namespace=NAMESPACE) as metric:
        metric.add_dimension(name="provider", value=outcome.call.provider.value)
        if outcome.reason is not None:
            metric.add_metadata(key="reason", value=outcome.reason.value)
