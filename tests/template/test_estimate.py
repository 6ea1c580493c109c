"""`image-store estimate` counts the queues, secrets and alarms that the template has."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from typing import Any

from image_store_cli.estimate.calculation import (
    ALARM_METRICS,
    BACKUP_ALARM_METRICS,
    BACKUP_QUEUES,
    BACKUP_SECRETS,
    GENERATION_SECRETS,
    QUEUES,
    SECRETS,
    estimate,
)
from image_store_cli.estimate.usage import Usage

ONLY_WITH = {
    None: "always",
    "HasBackupStore": "backup",
    "RaisesAlarms": "always",
    "RaisesBackupAlarms": "backup",
}
"""When what a condition of the template makes is counted."""
LEFT_OUT_ALARMS = {"RaisesStorageAlarm", "RaisesBudgetAlarms", "RaisesOpenAiAlarm"}
"""Alarms that docs/costs.md names beside the estimate."""
LEFT_OUT_SECRETS = {"cloudflare", "public-store"}
"""Secrets of options that the estimate does not ask about; docs/costs.md says what each costs."""


def test_queues_that_start_a_function_are_counted(template: dict[str, Any]) -> None:
    counted = {"always": set(QUEUES), "backup": set(BACKUP_QUEUES)}

    polled: dict[str, set[str]] = {"always": set(), "backup": set()}
    for resource in template["Resources"].values():
        for event in (resource.get("Properties", {}).get("Events") or {}).values():
            if event["Type"] == "SQS":
                queue, _ = event["Properties"]["Queue"]["Fn::GetAtt"]
                polled[ONLY_WITH[resource.get("Condition")]].add(queue)

    assert polled == counted


def test_secrets_that_functions_read_are_counted(template: dict[str, Any]) -> None:
    counted = {*SECRETS, *BACKUP_SECRETS, *GENERATION_SECRETS}

    of_the_stack = re.findall(r"\$\{AWS::StackName\}/([a-z0-9-]+)", json.dumps(template["Resources"]))
    named = {name.removesuffix("-") for name in of_the_stack}
    parameters = {"openai-url"}

    assert named - parameters == counted | LEFT_OUT_SECRETS


def test_metrics_of_alarms_are_counted(template: dict[str, Any]) -> None:
    counted = {"always": ALARM_METRICS, "backup": BACKUP_ALARM_METRICS}

    watched: Counter[str] = Counter()
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::CloudWatch::Alarm" and resource.get("Condition") not in LEFT_OUT_ALARMS:
            queries = resource["Properties"].get("Metrics", [{"MetricStat": {}}])
            watched[ONLY_WITH[resource.get("Condition")]] += sum("MetricStat" in query for query in queries)

    assert watched == counted


def test_a_backup_adds_its_queue_secret_metrics_and_alarms() -> None:
    without, with_backup = (
        {line.item: line.usd for line in estimate(usage)}
        for usage in (Usage(), replace(Usage(), backup="r2"))
    )

    for item in ("polling of queues", "secrets", "metrics", "alarms"):
        assert with_backup[item] > without[item], item
