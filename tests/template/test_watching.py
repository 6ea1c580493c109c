"""Alarms and the dashboard use metrics that exist, and every alarm has instructions."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from image_store.domain.callers.issuers import TrustedIssuer
from image_store.domain.upkeep.cleanup import CleanupReport
from image_store.entrypoints.callers.metrics import (
    KEYS_UNREADABLE,
    LIMITED,
    REFUSED,
    count_refusal,
    unreadable_keys_report,
)
from image_store.entrypoints.operations.metrics import Metric
from image_store.entrypoints.operations.observability import logger
from image_store.entrypoints.upkeep.cleanup import log_report
from image_store.entrypoints.webhooks.metrics import WebhookMetric, report_sweep, round_counter
from image_store.services.webhooks.sweep import SweptWebhooks
from image_store.services.webhooks.turns import RoundResult
from tests.log_lines import logged

ROOT = Path(__file__).resolve().parents[2]
OWN = {"Fn::Sub": "ImageStore/${AWS::StackName}"}
# From the vendor's pages on the metrics of HTTP APIs, SQS, Lambda and DynamoDB.
VENDORS = {
    "AWS/ApiGateway": {"4xx", "5xx", "Count", "Latency", "IntegrationLatency", "DataProcessed"},
    "AWS/SQS": {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"},
    "AWS/Lambda": {
        "Invocations",
        "Errors",
        "Duration",
        "Throttles",
        "IteratorAge",
        "UrlRequestCount",
        "Url5xxCount",
    },
    "AWS/DynamoDB": {
        "ConsumedReadCapacityUnits",
        "ConsumedWriteCapacityUnits",
        "ReadThrottleEvents",
        "WriteThrottleEvents",
    },
}
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ALARMING = CleanupReport(
    id="r1",
    started_at=datetime(2026, 1, 1, tzinfo=UTC),
    dry_run=False,
    stopped_because="cap",
    failed=2,
    dangling=1,
)
NARROWER = ("RaisesStorageAlarm", "RaisesBudgetAlarms", "RaisesOpenAiAlarm", "RaisesBackupAlarms")
"""Conditions of alarms that also need a parameter."""
CONDITION = re.compile(r'\$\.([\w.]+) (=|>) (?:"([^"]*)"|(\d+))')


def of_type(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """The properties of all resources of a type, by their logical ids."""
    return {
        name: resource.get("Properties", {})
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def metrics_of_filters(template: dict[str, Any]) -> set[str]:
    """The metrics of log filters."""
    filters = of_type(template, "AWS::Logs::MetricFilter").values()
    transformations = [one for each in filters for one in each["MetricTransformations"]]
    assert all(one["MetricNamespace"] == OWN for one in transformations)
    return {one["MetricName"] for one in transformations}


def own_metrics(template: dict[str, Any]) -> set[str]:
    """All metrics of the store itself."""
    return (
        metrics_of_filters(template)
        | {metric.value for metric in Metric}
        | {metric.value for metric in WebhookMetric}
        | {REFUSED, LIMITED, KEYS_UNREADABLE}
    )


def metrics_of(alarm: dict[str, Any]) -> list[tuple[Any, str]]:
    """The metrics of an alarm with their namespaces."""
    if "Metrics" not in alarm:
        return [(alarm["Namespace"], alarm["MetricName"])]
    metrics = [each["MetricStat"]["Metric"] for each in alarm["Metrics"] if "MetricStat" in each]
    return [(metric["Namespace"], metric["MetricName"]) for metric in metrics]


def value_at(line: dict[str, Any], path: str) -> Any:
    """The value at a path of a log line."""
    value: Any = line
    for name in path.split("."):
        value = value[name]
    return value


def test_every_metric_that_an_alarm_names_is_emitted(template: dict[str, Any]) -> None:
    own = own_metrics(template)

    for name, alarm in of_type(template, "AWS::CloudWatch::Alarm").items():
        for namespace, metric in metrics_of(alarm):
            assert metric in (own if namespace == OWN else VENDORS[namespace]), name


def test_alarms_read_the_dimensions_that_functions_write(template: dict[str, Any]) -> None:
    """Different dimensions are different metrics."""
    emitted_by_code = {metric.value for metric in (*Metric, *WebhookMetric)}
    service = template["Globals"]["Function"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
    alarms = of_type(template, "AWS::CloudWatch::Alarm")

    looked_at = [
        metric
        for alarm in alarms.values()
        for metric in [alarm, *(each["MetricStat"]["Metric"] for each in alarm.get("Metrics", [])[1:])]
        if metric.get("MetricName") in emitted_by_code
    ]
    assert {metric["MetricName"] for metric in looked_at} >= {
        Metric.STORED_BYTES,
        Metric.BUDGET_USED,
        WebhookMetric.UNDELIVERED_AGE,
    }
    for metric in looked_at:
        assert metric["Namespace"] == OWN
        assert metric["Dimensions"] == [{"Name": "service", "Value": service}]


def test_what_the_authorizer_counts_is_watched_with_the_dimension_that_it_writes(
    template: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "store-AuthorizeFunction-1")
    report = unreadable_keys_report("ImageStore/store")
    report(TrustedIssuer(issuer="https://issuer.example", audiences=frozenset({"app"})), "status 404")
    count_refusal("invalid_token", namespace="ImageStore/store")
    written = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    alarm = template["Resources"]["IssuerKeysAlarm"]["Properties"]
    variables = template["Globals"]["Function"]["Environment"]["Variables"]
    (widget,) = [
        each
        for each in dashboard(template, conditions=set())
        if "Credentials refused" in each["properties"]["title"]
    ]

    for line, name in zip(written, (KEYS_UNREADABLE, REFUSED), strict=True):
        assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["function_name"]]
        assert (line[name], line["function_name"]) == (1, "store-AuthorizeFunction-1")
    assert alarm["Dimensions"] == [{"Name": "function_name", "Value": {"Ref": "AuthorizeFunction"}}]
    assert widget["properties"]["metrics"] == [
        ["ImageStore/${AWS::StackName}", REFUSED, "function_name", "${AuthorizeFunction}"],
        [".", KEYS_UNREADABLE, ".", "."],
        [".", LIMITED, "service", variables["POWERTOOLS_SERVICE_NAME"]],
    ]


def test_webhooks_are_counted_with_the_dimension_that_alarms_read(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "image-store")
    count = round_counter("ImageStore/store")
    count(RoundResult(accepted=3, failed=2))
    count(RoundResult(accepted=0, failed=0, is_disabled=True))
    report_sweep("ImageStore/store", SweptWebhooks(enabled=5, failing=1, longest_failure=timedelta(days=2)))

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    metrics = [line["_aws"]["CloudWatchMetrics"][0] for line in lines]
    values = {metric["Metrics"][0]["Name"]: line for metric, line in zip(metrics, lines, strict=True)}

    assert all(metric["Dimensions"] == [["service"]] for metric in metrics)
    assert all(line["service"] == "image-store" for line in lines)
    assert {name: line[name] for name, line in values.items()} == {
        WebhookMetric.ACCEPTED: 3,
        WebhookMetric.FAILED: 2,
        WebhookMetric.DISABLED: 1,
        WebhookMetric.FAILING: 1,
        WebhookMetric.UNDELIVERED_AGE: 2 * 24 * 60 * 60,
    }


def test_a_store_without_webhooks_pays_for_no_metric(capsys: pytest.CaptureFixture[str]) -> None:
    report_sweep("ImageStore/store", SweptWebhooks())

    assert not capsys.readouterr().out


def is_zero(parameter: str) -> dict[str, Any]:
    """The condition that a number has its default of zero."""
    return {"Fn::Equals": [{"Ref": parameter}, 0]}


def test_the_storage_alarm_exists_only_with_a_bound(template: dict[str, Any]) -> None:
    alarm = template["Resources"]["StorageAlarm"]

    assert alarm["Condition"] == "RaisesStorageAlarm"
    assert alarm["Properties"]["Threshold"] == {"Ref": "StorageAlarmBytes"}
    assert template["Parameters"]["StorageAlarmBytes"]["Default"] == 0
    assert template["Conditions"]["RaisesStorageAlarm"] == {
        "Fn::And": [{"Condition": "RaisesAlarms"}, {"Fn::Not": [is_zero("StorageAlarmBytes")]}]
    }


def test_the_budget_alarms_exist_only_with_a_budget_of_the_deployment(template: dict[str, Any]) -> None:
    for name in ("GenerationBudgetAlarm", "GenerationBudgetNearlyUsedAlarm"):
        assert template["Resources"][name]["Condition"] == "RaisesBudgetAlarms"

    no_budget = {"Fn::And": [is_zero("BudgetDeploymentDaily"), is_zero("BudgetDeploymentMonthly")]}
    assert template["Conditions"]["RaisesBudgetAlarms"] == {
        "Fn::And": [{"Condition": "RaisesAlarms"}, {"Fn::Not": [no_budget]}]
    }


def test_without_alarms_there_is_no_topic_and_nobody_gets_mail(template: dict[str, Any]) -> None:
    resources = template["Resources"]

    assert resources["AlarmTopic"]["Condition"] == "RaisesAlarms"
    assert resources["AlarmTopicPolicy"]["Condition"] == "RaisesAlarms"
    assert template["Outputs"]["AlarmTopicArn"]["Condition"] == "RaisesAlarms"
    assert resources["AlarmEmailSubscription"]["Condition"] == "MailsAlarms"
    assert template["Conditions"]["MailsAlarms"] == {
        "Fn::And": [
            {"Condition": "RaisesAlarms"},
            {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}]},
        ]
    }


def test_every_metric_of_a_log_filter_has_an_alarm(template: dict[str, Any]) -> None:
    alarms = of_type(template, "AWS::CloudWatch::Alarm").values()

    assert metrics_of_filters(template) <= {
        metric for alarm in alarms for namespace, metric in metrics_of(alarm) if namespace == OWN
    }


def test_rows_that_cannot_be_read_raise_an_alarm_and_an_empty_account_raises_none(
    template: dict[str, Any],
) -> None:
    """Every run emits its number of unreadable rows, even zero; without runs there is no data."""
    alarm = template["Resources"]["UnreadableRowsAlarm"]["Properties"]

    assert metrics_of(alarm) == [(OWN, Metric.UNREADABLE)]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
    assert alarm["TreatMissingData"] == "notBreaching"


def test_every_alarm_notifies_the_topic_and_has_its_section(template: dict[str, Any]) -> None:
    page = (ROOT / "docs/alarms.md").read_text()
    anchors = {heading.lower().replace(" ", "-") for heading in re.findall(r"^## (.+)$", page, re.MULTILINE)}
    anchors_of_alarms = set()

    for name, alarm in of_type(template, "AWS::CloudWatch::Alarm").items():
        assert alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}], name
        assert "TreatMissingData" in alarm, name
        _, _, anchor = alarm["AlarmDescription"].partition("docs/alarms.md#")
        anchors_of_alarms.add(anchor)

    assert anchors_of_alarms == anchors


def log_line_of(report: CleanupReport, *, level: str = "INFO") -> dict[str, Any]:
    """The log line of a report at a log level."""
    level_before = logger.log_level
    with logged() as out:
        logger.setLevel(level)
        try:
            log_report(report)
        finally:
            logger.setLevel(level_before)
    line: dict[str, Any] = json.loads(out.getvalue())
    return line


@pytest.mark.parametrize("level", ["INFO", "ERROR"])
def test_the_filters_find_what_cleanup_logs_at_any_level(template: dict[str, Any], level: str) -> None:
    line = log_line_of(ALARMING, level=level)

    for name, properties in of_type(template, "AWS::Logs::MetricFilter").items():
        conditions = CONDITION.findall(properties["FilterPattern"])
        assert len(conditions) == properties["FilterPattern"].count("$."), name
        for path, operator, text, number in conditions:
            logged_value = value_at(line, path)
            assert logged_value == text if operator == "=" else logged_value > int(number), name
        (transformation,) = properties["MetricTransformations"]
        value = transformation["MetricValue"]
        assert float(value_at(line, value.removeprefix("$.")) if value.startswith("$.") else value) > 0


def test_a_normal_run_of_cleanup_raises_no_alarm() -> None:
    line = log_line_of(CleanupReport(id="r1", started_at=NOON, dry_run=False))

    assert line["level"] == "INFO"
    assert line["report"]["stopped_because"] is None
    assert (line["report"]["failed"], line["report"]["dangling"]) == (0, 0)


def dashboard(template: dict[str, Any], *, conditions: set[str]) -> list[dict[str, Any]]:
    """The widgets of the dashboard where exactly these conditions hold."""
    body, variables = of_type(template, "AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardBody"]["Fn::Sub"]
    widgets: list[dict[str, Any]] = json.loads(substitute(body, variables, conditions))["widgets"]
    return widgets


def substitute(text: str, variables: dict[str, Any], conditions: set[str]) -> str:
    """A text with its variables, each an Fn::If between texts, as it is where exactly these conditions hold."""
    for name, value in variables.items():
        condition, if_true, if_false = value["Fn::If"]
        branch = if_true["Fn::Sub"] if condition in conditions else if_false
        inner, inner_variables = branch if isinstance(branch, list) else (branch, {})
        text = text.replace(f"${{{name}}}", substitute(inner, inner_variables, conditions))
    return text


def alarms_of(widgets: list[dict[str, Any]]) -> set[str]:
    """The logical ids of the alarms that a dashboard shows."""
    (alarms,) = [widget["properties"]["alarms"] for widget in widgets if widget["type"] == "alarm"]
    return {name.removeprefix("${").removesuffix(".Arn}") for name in alarms}


def test_without_alarms_the_template_and_the_dashboard_have_none(template: dict[str, Any]) -> None:
    conditions = {
        name: resource.get("Condition")
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    }

    assert set(conditions.values()) == {"RaisesAlarms", *NARROWER}
    for name in NARROWER:
        assert {"Condition": "RaisesAlarms"} in template["Conditions"][name]["Fn::And"]
    assert template["Conditions"]["RaisesAlarms"] == {"Fn::Equals": [{"Ref": "RaiseAlarms"}, "true"]}
    assert not [name for name in conditions if name in json.dumps(dashboard(template, conditions=set()))]


def test_the_dashboard_can_be_left_out(template: dict[str, Any]) -> None:
    assert template["Resources"]["Dashboard"]["Condition"] == "ShowsDashboard"
    assert template["Conditions"]["ShowsDashboard"] == {"Fn::Equals": [{"Ref": "ShowDashboard"}, "true"]}


def test_log_metrics_exist_only_with_alarms_or_the_dashboard(template: dict[str, Any]) -> None:
    filters = [
        resource["Condition"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Logs::MetricFilter"
    ]

    assert set(filters) == {"WatchesCleanup"}
    assert template["Conditions"]["WatchesCleanup"] == {
        "Fn::Or": [{"Condition": "RaisesAlarms"}, {"Condition": "ShowsDashboard"}]
    }


def test_a_stopped_cleanup_raises_an_alarm_and_a_new_stack_does_not(template: dict[str, Any]) -> None:
    """A new alarm has no data, and actions follow a change of state."""
    alarm = template["Resources"]["CleanupMissingAlarm"]["Properties"]

    assert alarm["TreatMissingData"] == "missing"
    assert alarm["InsufficientDataActions"] == [{"Ref": "AlarmTopic"}]


def test_the_dashboard_shows_every_alarm_and_known_metrics(template: dict[str, Any]) -> None:
    widgets = dashboard(template, conditions={"RaisesAlarms", *NARROWER})
    own = own_metrics(template)

    assert alarms_of(widgets) == of_type(template, "AWS::CloudWatch::Alarm").keys()
    for widget in widgets:
        namespace = name = ""
        for metric in widget["properties"].get("metrics", []):
            if metric[0] == "...":
                continue
            namespace = namespace if metric[0] == "." else metric[0]
            name = metric[1]
            known = own if namespace == OWN["Fn::Sub"] else VENDORS[namespace]
            assert name in known, widget["properties"]["title"]


@pytest.mark.parametrize("narrower", [set(), *({name} for name in NARROWER)])
def test_the_dashboard_names_no_alarm_that_does_not_exist(
    template: dict[str, Any], narrower: set[str]
) -> None:
    conditions = {"RaisesAlarms", *narrower}

    existing = {
        name
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::CloudWatch::Alarm" and resource["Condition"] in conditions
    }
    assert alarms_of(dashboard(template, conditions=conditions)) == existing
