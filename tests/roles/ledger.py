"""What a person reviews: grants that no function test can use, each with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.roles.evaluation import Grant, Roles, written_template

if TYPE_CHECKING:
    from collections.abc import Mapping, Set

BY_LAMBDA = {
    "logs:CreateLogStream": "Lambda writes what a function prints",
    "logs:PutLogEvents": "Lambda writes what a function prints",
    "xray:PutTraceSegments": "Lambda traces a function whose Tracing is Active",
    "xray:PutTelemetryRecords": "Lambda traces a function whose Tracing is Active",
    "sqs:ReceiveMessage": "Lambda reads the queue that starts a function",
    "sqs:DeleteMessage": "Lambda removes what a function has done",
    "dynamodb:DescribeStream": "Lambda reads the stream that starts a function",
    "dynamodb:GetRecords": "Lambda reads the stream that starts a function",
    "dynamodb:GetShardIterator": "Lambda reads the stream that starts a function",
    "dynamodb:ListStreams": "Lambda reads the stream that starts a function",
}
"""What Lambda itself does with a function's role; no code of the store calls it."""
NOT_EXERCISED: dict[str, str] = {}
"""By `function statement action`."""
PARAMETERS = {"MigrationTable": "messages", "CloudflareZoneId": "f" * 32}
"""With them every statement is there."""


def unused(used: Mapping[str, Set[Grant]]) -> list[str]:
    """The grants that nothing has used and that no reason excuses, as `function statement action`."""
    roles = Roles(PARAMETERS, {})
    functions = [
        name.removesuffix("Function").lower()
        for name, resource in written_template()["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    ]
    return sorted(
        line
        for function in functions
        for grant in roles.grants(function) - used.get(function, set()) - _used_by_lambda(function)
        if grant.action not in BY_LAMBDA
        and (line := f"{function} {grant.statement} {grant.action}") not in NOT_EXERCISED
    )


def _used_by_lambda(function: str) -> set[Grant]:
    """What Lambda does for the sources of a function's events, by how they are set up."""
    properties = written_template()["Resources"][f"{function.capitalize()}Function"]["Properties"]
    used = set()
    for event in properties.get("Events", {}).values():
        match event:
            case {"Type": "SQS", "Properties": {"Queue": {"Fn::GetAtt": [queue, _]}}}:
                used.add(Grant(queue, "sqs:GetQueueAttributes"))
            case {
                "Type": "DynamoDB",
                "Properties": {
                    "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": [queue, _]}}}
                },
            }:
                used.add(Grant(queue, "sqs:SendMessage"))
    return used
