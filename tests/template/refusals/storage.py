"""Buckets, the table, the key, the secret, and retention."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.template.refusals.guards import Template, alternatives, guard, longest, of_type, properties

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIFECYCLE_ACTIONS = {
    "ExpirationDate",
    "ExpirationInDays",
    "AbortIncompleteMultipartUpload",
    "Transition",
    "Transitions",
    "NoncurrentVersionExpirationInDays",
    "NoncurrentVersionTransition",
    "NoncurrentVersionTransitions",
    "NoncurrentVersionExpiration",
}
_NOT_BESIDE_MARKERS = {"ExpirationDate", "ExpirationInDays", "TagFilters"}
_KEEPS = {"AWS::DynamoDB::Table", "AWS::KMS::Key"}
_NAMES = {"TableName", "BucketName", "LogGroupName", "Name", "FunctionName", "QueueName", "TopicName"}


def _rules(template: Template) -> list[dict[str, Any]]:
    return [
        rule
        for bucket in of_type(template, "AWS::S3::Bucket").values()
        for rule in bucket.get("LifecycleConfiguration", {}).get("Rules", [])
    ]


@guard(
    "https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1124",
    breaks=lambda template: properties(template, "IngestBucket")["LifecycleConfiguration"]["Rules"].append(
        {"Id": "markers", "Status": "Enabled", "ExpiredObjectDeleteMarker": True}
    ),
)
def a_lifecycle_rule_has_an_action_beside_delete_markers(template: Template) -> Iterator[str]:
    for rule in _rules(template):
        if not rule.keys() & _LIFECYCLE_ACTIONS:
            yield f"{rule['Id']}: at least one of {sorted(_LIFECYCLE_ACTIONS)} is needed"


@guard(
    "https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleExpiration.html",
    breaks=lambda template: _rules(template)[0].update(ExpirationInDays=1, ExpiredObjectDeleteMarker=True),
)
def delete_markers_are_not_removed_by_a_rule_that_makes_them(template: Template) -> Iterator[str]:
    for rule in _rules(template):
        if rule.get("ExpiredObjectDeleteMarker") and rule.keys() & _NOT_BESIDE_MARKERS:
            yield f"{rule['Id']}: ExpiredObjectDeleteMarker stands beside an expiration or a tag"


@guard(
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html",
    breaks=lambda template: properties(template, "IngestBucket").update(
        BucketName={"Fn::Sub": "${AWS::StackName}-objects-to-ingest-${AWS::AccountId}-${AWS::Region}"}
    ),
)
def the_longest_bucket_name_fits(template: Template) -> Iterator[str]:
    for name, bucket in of_type(template, "AWS::S3::Bucket").items():
        bucket_name = longest(template, bucket["BucketName"])
        if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", bucket_name):
            yield f"{name}: {bucket_name} has {len(bucket_name)} characters, or others than S3 takes"


@guard(
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html",
    breaks=lambda template: template["Resources"]["Table"].update(DeletionPolicy="Retain"),
)
def a_first_deployment_that_fails_leaves_nothing_behind(template: Template) -> Iterator[str]:
    for name, resource in template["Resources"].items():
        deletion, replacement = resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy")
        if deletion in {"Retain", "Snapshot"}:
            yield f"{name}: {deletion} keeps what a failed deployment has made"
        if deletion == "RetainExceptOnCreate" and replacement != "Retain":
            yield f"{name}: it stays when the stack goes, and not when it is replaced"
        if replacement == "RetainExceptOnCreate":
            yield f"{name}: only DeletionPolicy knows RetainExceptOnCreate"
        if resource["Type"] in _KEEPS and deletion != "RetainExceptOnCreate":
            yield f"{name}: it goes with the stack, and with it what it holds"


@guard(
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html",
    breaks=lambda template: properties(template, "AuditLogs").update(LogGroupName="audit"),
)
def a_retained_resource_has_no_fixed_name(template: Template) -> Iterator[str]:
    for name, resource in template["Resources"].items():
        names = [value for part, value in resource["Properties"].items() if part in _NAMES]
        if resource.get("DeletionPolicy") == "RetainExceptOnCreate" and not all(map(_is_on_request, names)):
            yield f"{name}: its name is taken when the stack is made again"


def _is_on_request(name: Any) -> bool:
    """Whether CloudFormation chooses the name unless somebody sets a parameter."""
    return isinstance(name, dict) and name.get("Fn::If", [None])[-1] == {"Ref": "AWS::NoValue"}


@guard(
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html",
    breaks=lambda template: properties(template, "Table")["AttributeDefinitions"].append(
        {"AttributeName": "unused", "AttributeType": "S"}
    ),
)
def the_table_defines_the_attributes_of_its_keys_and_no_other(template: Template) -> Iterator[str]:
    for name, table in of_type(template, "AWS::DynamoDB::Table").items():
        indexes = table["GlobalSecondaryIndexes"]
        defined = {each["AttributeName"] for each in table["AttributeDefinitions"]}
        used = {key["AttributeName"] for described in [table, *indexes] for key in described["KeySchema"]}
        if defined != used:
            yield f"{name}: {defined ^ used} are defined or used, but not both"
        if len(indexes) > 20:
            yield f"{name}: more than 20 indexes"
        projected = [index["Projection"].get("NonKeyAttributes", []) for index in indexes]
        if max(map(len, projected)) > 20 or sum(map(len, projected)) > 100:
            yield f"{name}: more projected attributes than 20 an index or 100 in all"


@guard(
    "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html",
    breaks=lambda template: properties(template, "SecretsKey")["KeyPolicy"]["Statement"][0].update(
        Action="kms:Decrypt"
    ),
)
def nobody_is_locked_out_of_a_key(template: Template) -> Iterator[str]:
    for name, key in of_type(template, "AWS::KMS::Key").items():
        if key.get("BypassPolicyLockoutSafetyCheck"):
            yield f"{name}: the check against locking out is turned off"
        root = {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}
        if not any(
            (statement["Effect"], statement["Action"], statement["Principal"])
            == ("Allow", "kms:*", {"AWS": root})
            for statement in key["KeyPolicy"]["Statement"]
        ):
            yield f"{name}: its policy does not let the account administer it"


@guard(
    "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html",
    breaks=lambda template: properties(template, "SigningSecret").update(
        Name={"Fn::Sub": "${AWS::StackName}/signing-abcdef"}
    ),
)
def a_secret_is_not_named_like_a_version_of_another(template: Template) -> Iterator[str]:
    """Secrets Manager adds a hyphen and six characters to a name; roles match just those."""
    for name, secret in of_type(template, "AWS::SecretsManager::Secret").items():
        secret_name = longest(template, secret["Name"])
        if not re.fullmatch(r"[A-Za-z0-9/_+=.@-]{1,512}", secret_name) or re.search(
            r"-[A-Za-z0-9]{6}$", secret_name
        ):
            yield f"{name}: {secret_name}"


@guard(
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html",
    breaks=lambda template: properties(template, "DeadLetterQueue").update(MessageRetentionPeriod=60),
)
def a_queue_keeps_within_the_limits_of_sqs(template: Template) -> Iterator[str]:
    """A message keeps its age when it goes to the dead-letter queue, which must therefore keep it for longer."""
    queues = of_type(template, "AWS::SQS::Queue")
    for name, queue in queues.items():
        retention_seconds = queue.get("MessageRetentionPeriod", 345_600)
        if not 60 <= retention_seconds <= 1_209_600 or not 0 <= queue.get("VisibilityTimeout", 30) <= 43_200:
            yield f"{name}: its times are out of bounds"
        for redrive in alternatives(queue.get("RedrivePolicy", {"Ref": "AWS::NoValue"})):
            target = redrive["deadLetterTargetArn"]["Fn::GetAtt"][0]
            if queues[target].get("MessageRetentionPeriod", 345_600) < retention_seconds:
                yield f"{name}: its dead-letter queue forgets first"
