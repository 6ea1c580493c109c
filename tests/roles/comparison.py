"""Compare the grants of roles with those that functions have used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes.cloudfront import DISTRIBUTION
from tests.roles.evaluation import Grant, Roles
from tests.roles.ledger import BY_LAMBDA, NOT_REACHED

if TYPE_CHECKING:
    from collections.abc import Mapping, Set

PARAMETERS = {
    "MigrationTable": "messages",
    "CloudflareZoneId": "f" * 32,
    "BackupStore": "backup",
    "ImportSecretName": "image-store/imports",
}
"""Parameters with which roles have every statement of a deployment with one store that has a secret."""
BUCKETS = {"PrivateBucket": "private", "PublicBucket": "public"}
IN_S3 = BUCKETS | {
    "MigrationTable": "messages",
    "BackupStore": "backup",
    "ImportSecretName": "image-store/imports",
    "ByteStore": "s3",
    "CloudFrontDistributionId": DISTRIBUTION,
}
IN_TWO_STORES = PARAMETERS | BUCKETS | {"PublicByteStore": "compatible"}
ALL_PARAMETERS = (PARAMETERS, IN_S3, IN_TWO_STORES)
"""Parameters with which roles have, taken together, every statement."""
USED: dict[str, set[Grant]] = {}
"""Grants that functions have used in the function tests and fault tests of this process."""


def unused(used: Mapping[str, Set[Grant]], roles: Roles | None = None) -> list[str]:
    """Unused grants without a reason in the ledger, and entries of the ledger that are used or not granted."""
    idle = {
        f"{function} {grant}"
        for each in ([roles] if roles else [Roles(parameters, {}) for parameters in ALL_PARAMETERS])
        for function in each.functions()
        for grant in each.grants(function) - used.get(function, set()) - _used_by_lambda(each, function)
        if grant.action not in BY_LAMBDA
    }
    superfluous = {f"{line} (in the ledger, yet used or not granted)" for line in NOT_REACHED.keys() - idle}
    return sorted((idle - NOT_REACHED.keys()) | superfluous)


def _used_by_lambda(roles: Roles, function: str) -> set[Grant]:
    """Grants that Lambda itself uses for the configured event sources of a function."""
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
