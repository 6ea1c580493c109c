"""What roles allow, against what functions have used of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.roles.evaluation import Grant, Roles
from tests.roles.ledger import BY_LAMBDA, NOT_REACHED

if TYPE_CHECKING:
    from collections.abc import Mapping, Set

PARAMETERS = {"MigrationTable": "messages", "CloudflareZoneId": "f" * 32}
"""With them every statement is there."""
USED: dict[str, set[Grant]] = {}
"""What functions have used of their roles, in the function tests and the fault tests of this process."""


def unused(used: Mapping[str, Set[Grant]], roles: Roles | None = None) -> list[str]:
    """The grants that nothing has used and no reason excuses, and the excuses for what is used or is no grant."""
    roles = roles or Roles(PARAMETERS, {})
    idle = {
        f"{function} {grant}"
        for function in roles.functions()
        for grant in roles.grants(function) - used.get(function, set()) - _used_by_lambda(roles, function)
        if grant.action not in BY_LAMBDA
    }
    superfluous = {f"{line} (in the ledger, yet used or not granted)" for line in NOT_REACHED.keys() - idle}
    return sorted((idle - NOT_REACHED.keys()) | superfluous)


def _used_by_lambda(roles: Roles, function: str) -> set[Grant]:
    """What Lambda does for the sources of a function's events, by how they are set up."""
    used = set()
    for event in roles.events(function):
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
