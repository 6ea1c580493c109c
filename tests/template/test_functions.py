"""Timeouts, memory, layers, logs and event sources of the functions."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from image_store.adapters.dynamodb import caller_keys, generation_keys, keys, webhook_keys
from image_store.adapters.dynamodb.backup.changes import STREAM_PREFIXES
from image_store.bootstrap.clients import RENDER_SECONDS
from image_store.domain.generation.jobs import ENDED, JobItemState
from image_store.domain.webhooks.deliveries import LONGEST_TURN
from image_store.domain.webhooks.webhook import SUBSCRIPTIONS_CACHED_FOR
from image_store.entrypoints.deadlines import MARGIN
from image_store.entrypoints.generation.openai.execution import READING
from image_store.services.delivery.rendering import LEASE
from image_store.services.generation.worker.changes import LEASE as GENERATION_LEASE
from image_store.services.upkeep.projections import OLD_CONSUMERS
from image_store.services.webhooks.sweep import SWEPT_EVERY
from image_store.services.webhooks.turns import LEASE as TURN_LEASE
from image_store.services.webhooks.turns import LONGEST_DELAY, LONGEST_ROUND

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {
    "UploadFunction": "functions/upload",
    "AuthorizeFunction": "functions/authorize",
    "DirectFunction": "functions/direct",
    "RetrieveFunction": "functions/retrieve",
    "ListFunction": "functions/list",
    "UpdateFunction": "functions/update",
    "DeleteFunction": "functions/delete",
    "LinksFunction": "functions/links",
    "SiteFunction": "functions/site",
    "CleanupFunction": "functions/cleanup",
    "AdminFunction": "functions/admin",
    "BackupFunction": "functions/backup",
    "RecoveryFunction": "functions/recovery",
    "MigrateFunction": "functions/migrate",
    "ImportsFunction": "functions/imports",
    "IngestFunction": "functions/ingest",
    "WorkFunction": "functions/work",
    "SearchFunction": "functions/search",
    "FeedFunction": "functions/feed",
    "StatsFunction": "functions/stats",
    "EventsFunction": "functions/events",
    "HealthFunction": "functions/health",
    "ProjectFunction": "functions/project",
    "AuditFunction": "functions/audit",
    "RebuildFunction": "functions/rebuild",
    "RenderFunction": "functions/render",
    "ShareFunction": "functions/share",
    "KeysFunction": "functions/keys",
    "GenerationsFunction": "functions/generations",
    "OpenaiFunction": "functions/openai",
    "GenerateFunction": "functions/generate",
    "McpFunction": "functions/mcp",
    "DeliverFunction": "functions/deliver",
    "WebhooksFunction": "functions/webhooks",
}
DECODING = {
    "UploadFunction",
    "DirectFunction",
    "MigrateFunction",
    "IngestFunction",
    "WorkFunction",
    "RenderFunction",
    "GenerateFunction",
}
SEALING = {
    "UploadFunction",
    "DirectFunction",
    "RetrieveFunction",
    "UpdateFunction",
    "DeleteFunction",
    "MigrateFunction",
    "WorkFunction",
    "GenerationsFunction",
    "OpenaiFunction",
    "GenerateFunction",
    "DeliverFunction",
    "WebhooksFunction",
}
VERIFYING = {"AuthorizeFunction"}
CALLING_PROVIDERS = {"GenerateFunction"}
SPEAKING_TO_AI_CLIENTS = {"McpFunction"}
ANSWERING = FOLDERS.keys() - {
    "BackupFunction",
    "CleanupFunction",
    "IngestFunction",
    "WorkFunction",
    "ProjectFunction",
    "AuditFunction",
    "RebuildFunction",
    "RenderFunction",
    "OpenaiFunction",
    "GenerateFunction",
    "DeliverFunction",
}
WAITING = {"RetrieveFunction", "LinksFunction"}
PUBLIC = {"LinksFunction", "SiteFunction", "FeedFunction"}
FILTERS_OF_A_MAPPING = 5
"""More need a request to AWS: docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html"""
LAYER = re.compile(r"\w+?Layer")  # SAM adds a hash to the logical id
HTTP_API_TIMEOUT_SECONDS = 30
MAX_LAYERS = 5  # Lambda's
DECODER_MEMORY_MB = 3008  # what 50 megapixels take, with a second processor
EVENTS_TO_VISIBILITY = 6  # AWS asks for six times the function's timeout


def functions(processed: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The properties of every function, by its logical id."""
    return {
        name: resource["Properties"]
        for name, resource in processed["Resources"].items()
        if resource["Type"] == "AWS::Lambda::Function"
    }


def test_every_function_has_its_folder(template: dict[str, Any]) -> None:
    folders = {
        name: resource["Properties"]["CodeUri"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }

    assert folders == FOLDERS
    assert set(FOLDERS.values()) == {
        str(makefile.parent.relative_to(ROOT)) for makefile in ROOT.glob("functions/*/Makefile")
    }


def test_functions_run_on_the_projects_python_version(processed: dict[str, Any]) -> None:
    version = (ROOT / ".python-version").read_text().strip()

    for properties in functions(processed).values():
        assert properties["Runtime"] == f"python{version}"
        assert properties["Architectures"] == [{"Ref": "Architecture"}]
        assert properties["Handler"] == "app.lambda_handler"
        assert properties["TracingConfig"] == {"Mode": "Active"}


def test_a_function_has_only_the_layers_that_it_uses(processed: dict[str, Any]) -> None:
    for name, properties in functions(processed).items():
        layers = {LAYER.findall(layer["Ref"])[0] for layer in properties["Layers"]}
        imaging = {"ImagingLayer"} if name in DECODING else set()
        crypto = {"CryptoLayer"} if name in SEALING | VERIFYING else set()
        providers = {"ProvidersLayer"} if name in CALLING_PROVIDERS else set()
        mcp = {"McpLayer"} if name in SPEAKING_TO_AI_CLIENTS else set()
        assert layers == {"SharedLayer", "DependenciesLayer"} | imaging | crypto | providers | mcp
        assert len(properties["Layers"]) <= MAX_LAYERS


def test_functions_that_decode_have_enough_memory(processed: dict[str, Any]) -> None:
    for name, properties in functions(processed).items():
        assert (properties["MemorySize"] == DECODER_MEMORY_MB) == (name in DECODING)


def test_a_function_ends_before_the_gateway_times_out(processed: dict[str, Any]) -> None:
    for name in ANSWERING:
        assert functions(processed)[name]["Timeout"] < HTTP_API_TIMEOUT_SECONDS


def test_a_lease_outlives_the_function_that_holds_it(processed: dict[str, Any]) -> None:
    assert functions(processed)["RenderFunction"]["Timeout"] < LEASE.total_seconds()


@pytest.mark.parametrize("name", sorted(WAITING))
def test_a_function_that_waits_for_a_rendition_still_has_time_to_respond(
    name: str, processed: dict[str, Any]
) -> None:
    assert functions(processed)[name]["Timeout"] >= RENDER_SECONDS + 5


def test_concurrent_rendering_can_be_limited(processed: dict[str, Any]) -> None:
    assert functions(processed)["RenderFunction"]["ReservedConcurrentExecutions"] == {
        "Fn::If": ["LimitsRendering", {"Ref": "RenderConcurrency"}, {"Ref": "AWS::NoValue"}]
    }


def test_concurrent_public_requests_can_be_limited(processed: dict[str, Any]) -> None:
    limited = {
        name
        for name, properties in functions(processed).items()
        if properties.get("ReservedConcurrentExecutions")
        == {"Fn::If": ["LimitsPublic", {"Ref": "PublicConcurrency"}, {"Ref": "AWS::NoValue"}]}
    }

    assert limited == PUBLIC


def test_concurrent_calls_of_ai_clients_can_be_limited(processed: dict[str, Any]) -> None:
    assert functions(processed)["McpFunction"]["ReservedConcurrentExecutions"] == {
        "Fn::If": ["LimitsMcp", {"Ref": "McpConcurrency"}, {"Ref": "AWS::NoValue"}]
    }


def test_an_answer_of_the_openai_endpoint_leaves_before_clients_of_node_give_up(
    processed: dict[str, Any],
) -> None:
    timeout = timedelta(seconds=functions(processed)["OpenaiFunction"]["Timeout"])

    assert timeout - MARGIN - READING <= timedelta(seconds=280)
    assert functions(processed)["OpenaiFunction"]["ReservedConcurrentExecutions"] == {
        "Fn::If": ["LimitsOpenAi", {"Ref": "OpenAiConcurrency"}, {"Ref": "AWS::NoValue"}]
    }


def test_the_openai_endpoint_has_a_public_url_and_can_be_left_out(processed: dict[str, Any]) -> None:
    """Organisations forbid public URLs of functions, and nothing else may need this one."""
    resources = processed["Resources"]
    of_endpoint = {name for name in resources if name.startswith("Openai")}

    assert resources["OpenaiFunctionUrl"]["Properties"]["AuthType"] == "NONE"
    assert "Cors" not in resources["OpenaiFunctionUrl"]["Properties"]
    assert {resources[name]["Condition"] for name in of_endpoint} == {"HasOpenAiEndpoint"}
    users = {name for name in resources.keys() - of_endpoint if "Openai" in json.dumps(resources[name])}
    assert {resources[name]["Condition"] for name in users} == {"RaisesOpenAiAlarm"}
    assert {"Condition": "HasOpenAiEndpoint"} in processed["Conditions"]["RaisesOpenAiAlarm"]["Fn::And"]
    assert processed["Outputs"]["OpenAiUrl"]["Condition"] == "HasOpenAiEndpoint"


@pytest.mark.parametrize("name", [*FOLDERS])
def test_each_function_has_its_own_logs_which_expire(name: str, processed: dict[str, Any]) -> None:
    logs = f"{name.removesuffix('Function')}Logs"
    days = "AuditRetentionDays" if name == "AuditFunction" else "LogRetentionDays"

    assert functions(processed)[name]["LoggingConfig"] == {"LogGroup": {"Ref": logs}}
    assert processed["Resources"][logs]["Properties"]["RetentionInDays"] == {"Ref": days}


def test_every_log_group_expires(processed: dict[str, Any]) -> None:
    groups = [
        resource for resource in processed["Resources"].values() if resource["Type"] == "AWS::Logs::LogGroup"
    ]

    assert len(groups) == len(FOLDERS) + 1  # and the API's access log
    assert all("RetentionInDays" in group["Properties"] for group in groups)


def test_cleanup_runs_every_fifteen_minutes_and_ends_before_the_next_run(processed: dict[str, Any]) -> None:
    schedule = processed["Resources"]["CleanupFunctionSchedule"]["Properties"]

    assert schedule["ScheduleExpression"] == "rate(15 minutes)"
    # By default EventBridge repeats a tick that failed for a day; the next tick is the repeat.
    retry = schedule["Target"]["RetryPolicy"]
    assert retry == {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 900}
    assert schedule["Target"]["Arn"] == {"Fn::GetAtt": ["CleanupFunction", "Arn"]}
    assert "${AWS::StackName}" in schedule["Name"]["Fn::Sub"]  # names are the account's, not the stack's
    assert functions(processed)["CleanupFunction"]["Timeout"] <= 15 * 60


def test_ingest_takes_small_batches_and_reports_each_failure(processed: dict[str, Any]) -> None:
    mapping = processed["Resources"]["IngestFunctionQueue"]["Properties"]

    assert mapping["EventSourceArn"] == {"Fn::GetAtt": ["IngestQueue", "Arn"]}
    assert mapping["FunctionName"] == {"Ref": "IngestFunction"}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BatchSize"] == 5
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "IngestConcurrency"}}


def test_work_messages_come_one_at_a_time_and_report_failures(processed: dict[str, Any]) -> None:
    mapping = processed["Resources"]["WorkFunctionQueue"]["Properties"]

    assert mapping["EventSourceArn"] == {"Fn::GetAtt": ["WorkQueue", "Arn"]}
    assert mapping["FunctionName"] == {"Ref": "WorkFunction"}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BatchSize"] == 1
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "WorkConcurrency"}}


@pytest.mark.parametrize(
    ("queue_name", "name"),
    [
        ("Ingest", "Ingest"),
        ("Work", "Work"),
        ("Generation", "Generate"),
        ("Backup", "Backup"),
        ("Delivery", "Deliver"),
    ],
)
def test_a_message_stays_hidden_while_it_is_processed(
    processed: dict[str, Any], queue_name: str, name: str
) -> None:
    queue = processed["Resources"][f"{queue_name}Queue"]["Properties"]
    timeout = functions(processed)[f"{name}Function"]["Timeout"]

    assert queue["VisibilityTimeout"] >= EVENTS_TO_VISIBILITY * timeout


def test_the_audit_trail_outlives_the_stack(processed: dict[str, Any]) -> None:
    logs = processed["Resources"]["AuditLogs"]

    assert logs["DeletionPolicy"] == "RetainExceptOnCreate"
    assert logs["UpdateReplacePolicy"] == "Retain"
    assert "LogGroupName" not in logs["Properties"]  # it would be taken when the stack is made again


@pytest.mark.parametrize(("name", "queue"), [("Project", "Projection"), ("Audit", "Audit")])
def test_changes_come_in_order_and_failed_ones_are_retried_separately_and_kept(
    processed: dict[str, Any], name: str, queue: str
) -> None:
    mapping = processed["Resources"][f"{name}FunctionChanges"]["Properties"]
    first, *more = (json.loads(each["Pattern"]) for each in mapping["FilterCriteria"]["Filters"])

    assert mapping["EventSourceArn"] == {"Fn::GetAtt": ["Table", "StreamArn"]}
    assert mapping["FunctionName"] == {"Ref": f"{name}Function"}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["BatchSize"] == 100
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["MaximumRetryAttempts"] == 10
    assert mapping.get("ParallelizationFactor") == (
        {"Ref": "ProjectionConcurrency"} if name == "Project" else None
    )
    assert mapping["MaximumRecordAgeInSeconds"] == 6 * 60 * 60
    assert mapping["DestinationConfig"] == {
        "OnFailure": {"Destination": {"Fn::GetAtt": [f"{queue}DeadLetterQueue", "Arn"]}}
    }
    of_callers = [caller_keys.API_KEY, caller_keys.SHARE, caller_keys.UPLOAD_TOKEN]
    others = [*of_callers, webhook_keys.WEBHOOK] if name == "Audit" else []
    of_ledger = {"pk": {"S": [{"prefix": generation_keys.LEDGER_PREFIX}]}}
    for_backups = [{"prefix": each} for each in STREAM_PREFIXES if each != generation_keys.LEDGER_PREFIX]
    for_events = [{"prefix": generation_keys.BUDGET_PREFIX}, keys.cleanup_report("")["pk"]["S"]]
    of_items = {"pk": {"S": [{"prefix": generation_keys.JOB_PREFIX}]}}
    ended = [state.value for state in JobItemState if state in ENDED]
    nothing_left = {state.value: {"N": ["0"]} for state in JobItemState if state not in ENDED}
    assert first == {"dynamodb": {"Keys": {"sk": {"S": [keys.META, *others]}}}}
    if name == "Project":
        assert more == [
            {"eventName": ["INSERT"], "dynamodb": {"Keys": of_ledger}},
            {"dynamodb": {"Keys": {"pk": {"S": [*for_backups, *for_events]}}}},
            {"dynamodb": {"Keys": of_items, "NewImage": {"state": {"S": ended}}}},
            {"dynamodb": {"Keys": {"sk": {"S": [generation_keys.JOB]}}, "NewImage": nothing_left}},
        ]
        assert len([first, *more]) <= FILTERS_OF_A_MAPPING
    else:
        assert more == []


def test_ten_webhooks_share_a_batch_and_one_that_fails_comes_again_alone(processed: dict[str, Any]) -> None:
    mapping = processed["Resources"]["DeliverFunctionQueue"]["Properties"]

    assert mapping["EventSourceArn"] == {"Fn::GetAtt": ["DeliveryQueue", "Arn"]}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BatchSize"] == 10
    assert "MaximumBatchingWindowInSeconds" not in mapping  # an event would wait for it
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "DeliveryConcurrency"}}


def test_a_turn_of_a_webhook_outlives_the_function_and_has_time_for_several_rounds(
    processed: dict[str, Any],
) -> None:
    timeout = timedelta(seconds=functions(processed)["DeliverFunction"]["Timeout"])

    assert timeout < TURN_LEASE < LONGEST_TURN
    assert timeout - MARGIN > 3 * LONGEST_ROUND


def test_no_wake_up_of_a_webhook_waits_for_longer_than_sqs_allows() -> None:
    """DelaySeconds is at most 900: SendMessageBatchRequestEntry in the API reference of SQS."""
    assert timedelta(seconds=900) >= LONGEST_DELAY
    assert timedelta(seconds=900) > SUBSCRIPTIONS_CACHED_FOR


def test_webhooks_are_swept_as_often_as_the_sweep_assumes(processed: dict[str, Any]) -> None:
    schedule = processed["Resources"]["DeliverFunctionSchedule"]["Properties"]

    assert schedule["ScheduleExpression"] == f"rate({SWEPT_EVERY // timedelta(minutes=1)} minutes)"
    retry = schedule["Target"]["RetryPolicy"]
    assert retry == {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 900}
    assert "${AWS::StackName}" in schedule["Name"]["Fn::Sub"]


def test_lambda_stops_no_chain_of_messages_that_makes_progress(processed: dict[str, Any]) -> None:
    """Lambda stops a function that has sent itself about 16 messages in a row, unless it is allowed to."""
    sending = {
        name
        for name, properties in functions(processed).items()
        if (queue := processed["Resources"].get(f"{name}Queue")) is not None
        and queue["Properties"]["EventSourceArn"]["Fn::GetAtt"][0]
        in {value["Ref"] for value in properties["Environment"]["Variables"].values() if "Ref" in value}
    }

    assert {"DeliverFunction", "WorkFunction", "GenerateFunction"} <= sending
    for name in sending:
        assert functions(processed)[name]["RecursiveLoop"] == "Allow", name


def test_a_rebuild_begins_after_every_older_consumer_has_ended(processed: dict[str, Any]) -> None:
    assert functions(processed)["ProjectFunction"]["Timeout"] < OLD_CONSUMERS.total_seconds()


def test_the_deployment_sets_how_many_images_are_generated_at_once(processed: dict[str, Any]) -> None:
    mapping = processed["Resources"]["GenerateFunctionQueue"]["Properties"]

    assert mapping["EventSourceArn"] == {"Fn::GetAtt": ["GenerationQueue", "Arn"]}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BatchSize"] == 1
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "GenerationConcurrency"}}


def test_a_lease_of_an_image_is_longer_than_the_function_that_holds_it(processed: dict[str, Any]) -> None:
    assert GENERATION_LEASE.total_seconds() > functions(processed)["GenerateFunction"]["Timeout"]
