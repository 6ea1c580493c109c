"""Alarms, metrics, the dashboard, logs, the topic and the schedule."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tests.template.refusals.guards import (
    Template,
    guard,
    longest,
    of_type,
    possible_texts,
    properties,
    target_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

ALARMS = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"


def _alarms(template: Template) -> dict[str, dict[str, Any]]:
    return of_type(template, "AWS::CloudWatch::Alarm")


@guard(
    "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html",
    breaks=lambda template: properties(template, "SlowWorkAlarm").update(TreatMissingData="breaching"),
)
def no_alarm_is_raised_without_data(template: Template) -> Iterator[str]:
    """A new stack has no data of any metric."""
    for name, alarm in _alarms(template).items():
        if alarm.get("TreatMissingData", "missing") == "breaching":
            yield f"{name}: a stack that was just made raises it"


@guard(ALARMS, breaks=lambda template: properties(template, "SlowWorkAlarm").update(EvaluationPeriods=1000))
def an_alarm_looks_back_no_further_than_cloudwatch_allows(template: Template) -> Iterator[str]:
    for name, alarm in _alarms(template).items():
        periods = [alarm.get("Period"), *(each["MetricStat"]["Period"] for each in _stats(alarm))]
        for period in filter(None, periods):
            span = period * alarm["EvaluationPeriods"]
            if period not in {10, 20, 30} and period % 60:
                yield f"{name}: a period of {period} s"
            if span > (604_800 if period >= 3600 else 86_400):
                yield f"{name}: it looks at {span} s"
        if alarm.get("DatapointsToAlarm", 1) > alarm["EvaluationPeriods"]:
            yield f"{name}: it waits for more data than it looks at"
        actions = [alarm.get(f"{kind}Actions", []) for kind in ("Alarm", "OK", "InsufficientData")]
        if max(map(len, actions)) > 5 or len(alarm.get("AlarmDescription", "")) > 1024:
            yield f"{name}: too many actions, or too long a description"


def _stats(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in alarm.get("Metrics", []) if "MetricStat" in each]


@guard(
    "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create-alarm-on-metric-math-expression.html",
    breaks=lambda template: properties(template, "FailureRateAlarm")["Metrics"][1].pop("ReturnData"),
)
def an_alarm_on_an_expression_has_one_result(template: Template) -> Iterator[str]:
    for name, alarm in _alarms(template).items():
        metrics = alarm.get("Metrics", [])
        if not metrics:
            continue
        ids = {each["Id"] for each in metrics}
        if len([each for each in metrics if each.get("ReturnData", True)]) != 1:
            yield f"{name}: not exactly one of its metrics is the result"
        if len(_stats(alarm)) > 10 or len(ids) != len(metrics):
            yield f"{name}: more than ten metrics, or two of one name"
        for each in metrics:
            if not re.fullmatch(r"[a-z][a-zA-Z0-9_]{0,254}", each["Id"]):
                yield f"{name}: {each['Id']}"
            names = set(re.findall(r"\b[a-z]\w*", each.get("Expression", "")))
            if not names <= ids or len(each.get("Expression", "")) > 2048:
                yield f"{name}: its expression names {names - ids}, or is too long"


@guard(
    "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_MetricTransformation.html",
    breaks=lambda template: properties(template, "CleanupStops")["MetricTransformations"][0].update(
        Dimensions=[{"Key": "a", "Value": "$.a"}]
    ),
)
def a_metric_with_dimensions_has_no_default(template: Template) -> Iterator[str]:
    for name, metric_filter in of_type(template, "AWS::Logs::MetricFilter").items():
        if len(metric_filter["FilterPattern"]) > 1024 or len(metric_filter["MetricTransformations"]) != 1:
            yield f"{name}: a pattern of 1,024 characters and one transformation"
        for transformation in metric_filter["MetricTransformations"]:
            if "DefaultValue" in transformation and "Dimensions" in transformation:
                yield f"{name}: a default beside dimensions"


@guard(
    "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html",
    breaks=lambda template: properties(template, "Dashboard").update(DashboardName="image store"),
)
def a_dashboard_has_a_name_and_widgets_that_cloudwatch_accepts(template: Template) -> Iterator[str]:
    for name, dashboard in of_type(template, "AWS::CloudWatch::Dashboard").items():
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", longest(template, dashboard["DashboardName"])):
            yield f"{name}: its name"
        for body in possible_texts(dashboard["DashboardBody"]):
            if len(json.loads(body)["widgets"]) > 500:
                yield f"{name}: more than 500 widgets"


@guard(
    "https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html",
    breaks=lambda template: properties(template, "AlarmTopic").update(DisplayName="x" * 101),
)
def a_topic_has_a_display_name_of_at_most_100_characters(template: Template) -> Iterator[str]:
    for name, topic in of_type(template, "AWS::SNS::Topic").items():
        if len(longest(template, topic.get("DisplayName", ""))) > 100:
            yield f"{name}: its display name is too long"


@guard(
    "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html",
    breaks=lambda template: properties(template, "UploadLogs").update(
        LogGroupName=properties(template, "ListLogs")["LogGroupName"]
    ),
)
def every_log_group_has_its_own_name(template: Template) -> Iterator[str]:
    names = [
        longest(template, group["LogGroupName"])
        for group in of_type(template, "AWS::Logs::LogGroup").values()
        if "LogGroupName" in group
    ]
    for name in names:
        if names.count(name) > 1 or not re.fullmatch(r"[A-Za-z0-9._/#-]{1,512}", name):
            yield name


@guard(
    "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-CWL.html",
    breaks=lambda template: properties(template, "AccessLogs").update(LogGroupName="/aws/apigateway/api"),
)
def an_access_log_needs_no_space_in_the_policy_of_the_account(template: Template) -> Iterator[str]:
    """Where that is full, a stage fails: "Policy document length breaking Cloudwatch Logs Constraints"."""
    for name, stage in of_type(template, "AWS::ApiGatewayV2::Stage").items():
        if "AccessLogSettings" not in stage:
            continue
        group = properties(template, target_of(stage["AccessLogSettings"]["DestinationArn"]))
        if not longest(template, group.get("LogGroupName", "")).startswith("/aws/vendedlogs/"):
            yield f"{name}: its log group is not below /aws/vendedlogs/"


@guard(
    "https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html",
    breaks=lambda template: properties(template, "CleanupFunctionSchedule").update(
        ScheduleExpression="rate(1 minutes)"
    ),
)
def a_schedule_has_a_valid_rate_and_name(template: Template) -> Iterator[str]:
    for name, schedule in of_type(template, "AWS::Scheduler::Schedule").items():
        expression = schedule["ScheduleExpression"]
        if isinstance(expression, dict):  # a person chooses it; its default is checked
            expression = template["Parameters"][expression["Ref"]]["Default"]
        rate = re.fullmatch(r"rate\((\d+) (minute|hour|day)(s?)\)", expression)
        if rate is None or (int(rate[1]) == 1) == bool(rate[3]):
            yield f"{name}: {schedule['ScheduleExpression']}"
        if not re.fullmatch(r"[0-9a-zA-Z._-]{1,64}", longest(template, schedule["Name"])):
            yield f"{name}: its name"
        if len(schedule.get("Description", "")) > 512:
            yield f"{name}: its description is too long"
