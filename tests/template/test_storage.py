"""What outlives a request: the table, the ingest bucket, the queues and the signing secret."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from image_store.domain.finding.filters import ROW_FILTERS
from image_store.domain.images.ingest import OBJECT_LIFETIME, RESULT_LIFETIME

DAY_SECONDS = 24 * 60 * 60


def properties(template: dict[str, Any], name: str) -> dict[str, Any]:
    """The properties of one resource."""
    resource_properties: dict[str, Any] = template["Resources"][name]["Properties"]
    return resource_properties


def keys(described: dict[str, Any]) -> dict[str, str]:
    """The key attributes of a table or index, by their role."""
    return {key["KeyType"]: key["AttributeName"] for key in described["KeySchema"]}


def test_the_table_outlives_the_stack_and_can_be_restored(template: dict[str, Any]) -> None:
    table = template["Resources"]["Table"]

    assert table["DeletionPolicy"] == "RetainExceptOnCreate"
    assert table["UpdateReplacePolicy"] == "Retain"
    # A fixed name would be taken when the stack is made again; one that somebody sets makes a new table.
    chosen = ["HasTableName", {"Ref": "TableName"}, {"Ref": "AWS::NoValue"}]
    assert table["Properties"]["TableName"] == {"Fn::If": chosen}
    assert template["Parameters"]["TableName"]["Default"] == ""
    assert template["Conditions"]["HasTableName"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "TableName"}, ""]}]}
    assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["Properties"]["SSESpecification"] == {"SSEEnabled": True}
    assert table["Properties"]["BillingMode"] == "PAY_PER_REQUEST"


def test_the_table_has_its_keys_and_two_indexes(template: dict[str, Any]) -> None:
    table = properties(template, "Table")
    indexes = {index["IndexName"]: index for index in table["GlobalSecondaryIndexes"]}
    attributes = {each.attribute: None for each in ROW_FILTERS.values() if not each.only_in_list_rows}

    assert keys(table) == {"HASH": "pk", "RANGE": "sk"}
    assert set(indexes) == {"by_owner", "due"}
    assert keys(indexes["by_owner"]) == {"HASH": "owner_key", "RANGE": "id"}
    assert keys(indexes["due"]) == {"HASH": "due_shard", "RANGE": "due_at"}
    assert indexes["by_owner"]["Projection"] == {
        "ProjectionType": "INCLUDE",
        "NonKeyAttributes": ["card", *attributes],
    }
    assert indexes["due"]["Projection"] == {"ProjectionType": "KEYS_ONLY"}
    assert {attribute["AttributeType"] for attribute in table["AttributeDefinitions"]} == {"S"}


def test_the_table_has_a_stream_and_a_time_to_live(template: dict[str, Any]) -> None:
    table = properties(template, "Table")

    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}


def test_nobody_outside_the_account_can_read_or_own_ingest_objects(template: dict[str, Any]) -> None:
    bucket = properties(template, "IngestBucket")
    statement, _ = properties(template, "IngestBucketPolicy")["PolicyDocument"]["Statement"]

    assert bucket["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert statement["Effect"] == "Deny"
    assert statement["Principal"] == "*"
    assert statement["Action"] == "s3:*"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_only_named_writers_may_drop_objects(template: dict[str, Any]) -> None:
    _, writers = properties(template, "IngestBucketPolicy")["PolicyDocument"]["Statement"]

    assert template["Conditions"]["HasIngestWriters"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "IngestWriters"}, ""]}]
    }
    assert writers == {
        "Fn::If": [
            "HasIngestWriters",
            {
                "Sid": "LetTheWritersDropObjects",
                "Effect": "Allow",
                "Principal": {"AWS": {"Fn::Split": [",", {"Ref": "IngestWriters"}]}},
                "Action": "s3:PutObject",
                "Resource": {"Fn::Sub": "${IngestBucket.Arn}/ingest/*"},
            },
            {"Ref": "AWS::NoValue"},
        ]
    }


def test_results_of_ingest_outlive_every_version_of_their_objects(
    template: dict[str, Any],
) -> None:
    rules = properties(template, "IngestBucket")["LifecycleConfiguration"]["Rules"]
    (expiry,) = [rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule]
    (old,) = [rule["NoncurrentVersionExpiration"] for rule in rules if "NoncurrentVersionExpiration" in rule]
    longest_days = expiry + old["NoncurrentDays"]

    assert timedelta(days=expiry) == OBJECT_LIFETIME
    assert timedelta(days=longest_days) < RESULT_LIFETIME


def test_every_version_of_an_ingest_object_expires_after_two_weeks(template: dict[str, Any]) -> None:
    bucket = properties(template, "IngestBucket")
    rules = {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}

    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert all(rule["Status"] == "Enabled" for rule in rules.values())
    assert (rules["expire"]["Prefix"], rules["expire"]["ExpirationInDays"]) == ("ingest/", 14)
    assert "Prefix" not in rules["expire-old-versions"]
    assert rules["expire-old-versions"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 14}
    assert rules["expire-old-versions"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 14}
    assert rules["expire-old-versions"]["ExpiredObjectDeleteMarker"] is True


def test_only_the_ingest_bucket_of_this_account_feeds_the_queue(template: dict[str, Any]) -> None:
    bucket = template["Resources"]["IngestBucket"]
    name = bucket["Properties"]["BucketName"]["Fn::Sub"]
    policy = properties(template, "IngestQueuePolicy")
    (statement,) = policy["PolicyDocument"]["Statement"]

    assert policy["Queues"] == [{"Ref": "IngestQueue"}]
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Resource"] == {"Fn::GetAtt": ["IngestQueue", "Arn"]}
    assert statement["Condition"] == {
        "ArnEquals": {"aws:SourceArn": {"Fn::Sub": f"arn:${{AWS::Partition}}:s3:::{name}"}},
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
    }
    assert bucket["DependsOn"] == "IngestQueuePolicy"


def test_the_bucket_sends_events_only_for_new_objects_below_ingest(template: dict[str, Any]) -> None:
    (notification,) = properties(template, "IngestBucket")["NotificationConfiguration"]["QueueConfigurations"]

    assert notification == {
        "Event": "s3:ObjectCreated:*",
        "Queue": {"Fn::GetAtt": ["IngestQueue", "Arn"]},
        "Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": "ingest/"}]}},
    }


def test_the_functions_get_the_buckets_real_name(template: dict[str, Any]) -> None:
    for name in ("IngestFunction", "CleanupFunction"):
        bucket_name = properties(template, name)["Environment"]["Variables"]["INGEST_BUCKET"]

        assert bucket_name == properties(template, "IngestBucket")["BucketName"]


def test_an_event_that_fails_five_times_is_kept_for_two_weeks(template: dict[str, Any]) -> None:
    assert properties(template, "IngestQueue")["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]},
        "maxReceiveCount": 5,
    }
    for name in ("IngestQueue", "DeadLetterQueue"):
        assert properties(template, name)["MessageRetentionPeriod"] == 14 * DAY_SECONDS
        assert properties(template, name)["SqsManagedSseEnabled"] is True


def test_the_key_that_encrypts_owners_data_outlives_the_stack(template: dict[str, Any]) -> None:
    key = template["Resources"]["SecretsKey"]
    (statement,) = key["Properties"]["KeyPolicy"]["Statement"]

    assert key["DeletionPolicy"] == "RetainExceptOnCreate"
    assert key["UpdateReplacePolicy"] == "Retain"
    assert key["Properties"]["EnableKeyRotation"] is True
    assert statement["Principal"] == {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}


def test_a_generation_that_fails_five_times_goes_to_the_dead_letter_queue(template: dict[str, Any]) -> None:
    assert properties(template, "GenerationQueue")["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": ["GenerationDeadLetterQueue", "Arn"]},
        "maxReceiveCount": 5,
    }
    for name in ("GenerationQueue", "GenerationDeadLetterQueue"):
        assert properties(template, name)["MessageRetentionPeriod"] == 14 * DAY_SECONDS
        assert properties(template, name)["SqsManagedSseEnabled"] is True


def test_a_turn_of_a_webhook_that_fails_five_times_goes_to_the_dead_letter_queue(
    template: dict[str, Any],
) -> None:
    assert properties(template, "DeliveryQueue")["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": ["DeliveryDeadLetterQueue", "Arn"]},
        "maxReceiveCount": 5,
    }
    for name in ("DeliveryQueue", "DeliveryDeadLetterQueue"):
        assert properties(template, name)["MessageRetentionPeriod"] == 14 * DAY_SECONDS
        assert properties(template, name)["SqsManagedSseEnabled"] is True


def test_the_stack_creates_the_signing_secret_with_room_for_a_second_key(
    template: dict[str, Any],
) -> None:
    secret = properties(template, "SigningSecret")

    assert secret["Name"] == {"Fn::Sub": "${AWS::StackName}/signing"}
    # Any change of it makes CloudFormation replace the secret, and every link and cursor ends.
    assert secret["GenerateSecretString"] == {
        "SecretStringTemplate": '{"current":"k1"}',
        "GenerateStringKey": "k1",
        "PasswordLength": 64,
        "ExcludePunctuation": True,
    }
