"""What each function may do, written out: a role that reaches further is a change of this table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Set


class Grant(NamedTuple):
    """Actions that a role allows on one resource, perhaps under a condition."""

    actions: frozenset[str]
    resource: str
    condition: str = "{}"


def allow(resource: str, service: str, *actions: str, condition: dict[str, Any] | None = None) -> Grant:
    """Write one grant."""
    return Grant(frozenset(f"{service}:{action}" for action in actions), resource, str(condition or {}))


SECRETS = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:"
R2_SECRET = allow(
    SECRETS + "{HasR2SecretName ? R2SecretName : ${AWS::StackName}/r2}-??????",
    "secretsmanager",
    "GetSecretValue",
)
SIGNING_SECRET = allow(
    SECRETS + "${AWS::StackName}/signing-??????",
    "secretsmanager",
    "GetSecretValue",
)
CLOUDFLARE_SECRET = allow(
    SECRETS + "{HasCloudflareSecretName ? CloudflareSecretName : ${AWS::StackName}/cloudflare}-??????",
    "secretsmanager",
    "GetSecretValue",
)
WRITE_TABLE = allow(
    "Table.Arn",
    "dynamodb",
    "GetItem",
    "Query",
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "ConditionCheckItem",
)
PROVIDERS_SECRET = allow(
    SECRETS + "{HasProvidersSecretName ? ProvidersSecretName : ${AWS::StackName}/providers}-??????",
    "secretsmanager",
    "GetSecretValue",
)
CLEANING = {
    allow(
        "Table.Arn",
        "dynamodb",
        "GetItem",
        "BatchGetItem",
        "Query",
        "Scan",  # the sweep of records, never a request
        "PutItem",
        "UpdateItem",
        "DeleteItem",
        "ConditionCheckItem",
    ),
    allow("${Table.Arn}/index/due", "dynamodb", "Query"),
    allow("${Table.Arn}/index/by_owner", "dynamodb", "Query"),
    R2_SECRET,
}
# Where there is a cache to purge, what withdraws publications reads the token for it.
PURGING = {
    "Update": {CLOUDFLARE_SECRET},
    "Delete": {CLOUDFLARE_SECRET},
    "Cleanup": {CLOUDFLARE_SECRET},
    "Admin": {CLOUDFLARE_SECRET},
}
RENDER = allow("RenderFunction.Arn", "lambda", "InvokeFunction")
# Where a table is named, and only that table.
TABLE_TO_MIGRATE = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${MigrationTable}"
MIGRATING = {
    "Migrate": {allow(TABLE_TO_MIGRATE, "dynamodb", "DescribeTable", "GetItem")},
    "Work": {allow(TABLE_TO_MIGRATE, "dynamodb", "DescribeTable", "Scan", "UpdateItem")},
}
OBJECTS_TO_MIGRATE = {
    allow("${IngestBucket.Arn}/migrations/*", "s3", "GetObject"),
    allow(
        "IngestBucket.Arn",
        "s3",
        "ListBucket",
        condition={"StringLikeIfExists": {"s3:prefix": "migrations/*"}},
    ),
}


def sealing(*actions: str, purpose: str | list[str]) -> Grant:
    """What is done with the stack's own key, for texts of one purpose."""
    condition = {"StringEquals": {"kms:EncryptionContext:purpose": purpose}}
    return allow("SecretsKey.Arn", "kms", *actions, condition=condition)


OPEN_IMAGE = sealing("Decrypt", purpose="image")
SEAL_IMAGE = sealing("GenerateDataKey", purpose="image")
SEAL_AND_OPEN_IMAGE = sealing("GenerateDataKey", "Decrypt", purpose="image")
KEYS_AND_WISHES = ["provider-key", "generation"]
REACH = {
    "Upload": {WRITE_TABLE, R2_SECRET, SEAL_AND_OPEN_IMAGE},
    "Direct": {WRITE_TABLE, R2_SECRET, SEAL_AND_OPEN_IMAGE, allow("WorkQueue.Arn", "sqs", "SendMessage")},
    "Retrieve": {allow("Table.Arn", "dynamodb", "GetItem", "Query"), R2_SECRET, RENDER, OPEN_IMAGE},
    "List": {
        allow("Table.Arn", "dynamodb", "Query", "BatchGetItem"),
        allow("${Table.Arn}/index/by_owner", "dynamodb", "Query"),
        R2_SECRET,
        SIGNING_SECRET,
    },
    "Update": {WRITE_TABLE, R2_SECRET, OPEN_IMAGE},
    "Delete": {WRITE_TABLE, R2_SECRET, SIGNING_SECRET, OPEN_IMAGE},
    "Links": {allow("Table.Arn", "dynamodb", "GetItem"), R2_SECRET, SIGNING_SECRET, RENDER},
    "Share": {allow("Table.Arn", "dynamodb", "GetItem"), SIGNING_SECRET},
    "Site": set(),
    "Cleanup": CLEANING
    | {
        allow(
            "IngestBucket.Arn",
            "s3",
            "ListBucketVersions",
            condition={"StringLike": {"s3:prefix": "ingest/*"}},
        ),
        allow("IngestQueue.Arn", "sqs", "SendMessage"),
        allow("GenerationQueue.Arn", "sqs", "SendMessage"),
        allow("WorkQueue.Arn", "sqs", "SendMessage"),
    },
    "Admin": CLEANING | {allow("WorkQueue.Arn", "sqs", "SendMessage")},
    "Ingest": {
        WRITE_TABLE,
        R2_SECRET,
        allow("${IngestBucket.Arn}/ingest/*", "s3", "GetObject", "GetObjectVersion"),
        allow(
            "IngestBucket.Arn",
            "s3",
            "ListBucket",
            "ListBucketVersions",
            condition={"StringLikeIfExists": {"s3:prefix": "ingest/*"}},
        ),
        allow("IngestQueue.Arn", "sqs", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes"),
        allow("DeadLetterQueue.Arn", "sqs", "SendMessage"),
    },
    "Migrate": {WRITE_TABLE, R2_SECRET, SEAL_IMAGE, allow("WorkQueue.Arn", "sqs", "SendMessage")}
    | OBJECTS_TO_MIGRATE,
    "Work": {
        allow(
            "Table.Arn",
            "dynamodb",
            "GetItem",
            "BatchGetItem",
            "Query",
            "Scan",  # a repair of the whole store, never a request
            "PutItem",
            "UpdateItem",
            "DeleteItem",
            "ConditionCheckItem",
        ),
        R2_SECRET,
        SEAL_IMAGE,
        allow("WorkQueue.Arn", "sqs", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "SendMessage"),
    }
    | OBJECTS_TO_MIGRATE,
    "Render": {allow("Table.Arn", "dynamodb", "GetItem", "Query", "PutItem", "UpdateItem"), R2_SECRET},
    "Generations": {
        allow(
            "Table.Arn",
            "dynamodb",
            "GetItem",
            "BatchGetItem",
            "Query",
            "PutItem",
            "UpdateItem",
            "DeleteItem",
        ),
        allow("${Table.Arn}/index/by_owner", "dynamodb", "Query"),
        SIGNING_SECRET,
        sealing("GenerateDataKey", purpose=KEYS_AND_WISHES),  # it seals keys, and can open none
        sealing("Decrypt", purpose="generation"),
        allow("GenerationQueue.Arn", "sqs", "SendMessage"),
    },
    "Generate": {
        allow(
            "Table.Arn",
            "dynamodb",
            "GetItem",
            "BatchGetItem",
            "Query",
            "PutItem",
            "UpdateItem",
            "DeleteItem",
            "ConditionCheckItem",
        ),
        R2_SECRET,
        PROVIDERS_SECRET,
        sealing("Decrypt", purpose=KEYS_AND_WISHES),
        SEAL_IMAGE,
        allow(
            "GenerationQueue.Arn",
            "sqs",
            "ReceiveMessage",
            "DeleteMessage",
            "GetQueueAttributes",
            "SendMessage",
        ),
    },
}
READ_CARDS = allow("Table.Arn", "dynamodb", "Query", "BatchGetItem")
READ_FIGURES = allow("Table.Arn", "dynamodb", "GetItem", "Query", "BatchGetItem")
QUEUES = (
    "IngestQueue",
    "DeadLetterQueue",
    "WorkQueue",
    "WorkDeadLetterQueue",
    "ProjectionDeadLetterQueue",
    "AuditDeadLetterQueue",
    "GenerationQueue",
    "GenerationDeadLetterQueue",
)
REACH |= {
    "Search": {READ_CARDS, R2_SECRET, SIGNING_SECRET},
    "Feed": {allow("Table.Arn", "dynamodb", "Query", "BatchGetItem"), R2_SECRET, SIGNING_SECRET},
    "Stats": {READ_FIGURES},
    "Health": {
        allow("Table.Arn", "dynamodb", "GetItem"),
        allow("${Table.Arn}/index/due", "dynamodb", "Query"),
        R2_SECRET,
        SIGNING_SECRET,
        PROVIDERS_SECRET,
        *(allow(f"{queue}.Arn", "sqs", "GetQueueAttributes") for queue in QUEUES),
    },
    "Project": {
        allow("Table.Arn", "dynamodb", "GetItem", "PutItem", "UpdateItem", "DeleteItem"),
        allow(
            "${Table.Arn}/stream/*",
            "dynamodb",
            "DescribeStream",
            "GetRecords",
            "GetShardIterator",
            "ListStreams",
        ),
        allow("ProjectionDeadLetterQueue.Arn", "sqs", "SendMessage"),
    },
    "Audit": {
        allow(
            "${Table.Arn}/stream/*",
            "dynamodb",
            "DescribeStream",
            "GetRecords",
            "GetShardIterator",
            "ListStreams",
        ),
        allow("AuditDeadLetterQueue.Arn", "sqs", "SendMessage"),
    },
    "Rebuild": {
        allow(
            "Table.Arn",
            "dynamodb",
            "GetItem",
            "BatchGetItem",
            "Scan",  # started by hand, never by a request
            "PutItem",
            "UpdateItem",
            "DeleteItem",
            "ConditionCheckItem",
        ),
    },
}
TRACE = allow("*", "xray", "PutTraceSegments", "PutTelemetryRecords")  # X-Ray has no resources to name
LAMBDA = {"Service": "lambda.amazonaws.com"}


def readable(value: Any) -> str:
    """Write a resource of a policy on one line."""
    match value:
        case str():
            return value
        case {"Ref": str(name)}:
            return name
        case {"Fn::GetAtt": [resource, attribute]}:
            return f"{resource}.{attribute}"
        case {"Fn::If": [condition, yes, no]}:
            return f"{{{condition} ? {readable(yes)} : {readable(no)}}}"
        case {"Fn::Sub": str(text)}:
            return text
        case {"Fn::Sub": [text, variables]}:
            for name, replacement in variables.items():
                text = text.replace(f"${{{name}}}", readable(replacement))
            return str(text)
    raise AssertionError(value)


def resolved(statement: dict[str, Any], conditions: Set[str]) -> dict[str, Any]:
    """A statement as it is under conditions that hold; empty when there is none then."""
    match statement:
        case {"Fn::If": [condition, granted, {"Ref": "AWS::NoValue"}]}:
            return dict(granted) if condition in conditions else {}
    return statement


def grants_of(role: dict[str, Any], *, conditions: Set[str] = frozenset()) -> list[Grant]:
    """Read every statement of a role's policies."""
    grants = []
    for policy in role["Policies"]:
        for written in policy["PolicyDocument"]["Statement"]:
            statement = resolved(written, conditions)
            if not statement:
                continue
            assert statement.keys() <= {"Sid", "Effect", "Action", "Resource", "Condition"}
            assert statement["Effect"] == "Allow"
            actions = statement["Action"]
            grants.append(
                Grant(
                    frozenset([actions] if isinstance(actions, str) else actions),
                    readable(statement["Resource"]),
                    str(statement.get("Condition", {})),
                )
            )
    return grants


@pytest.mark.parametrize("name", REACH)
def test_a_function_reaches_what_it_calls_and_nothing_else(name: str, processed: dict[str, Any]) -> None:
    role = processed["Resources"][f"{name}Role"]["Properties"]
    logs = allow(f"{name}Logs.Arn", "logs", "CreateLogStream", "PutLogEvents")

    grants = grants_of(role)

    assert set(grants) == {*REACH[name], TRACE, logs}
    assert len(grants) == len(set(grants))


@pytest.mark.parametrize("name", REACH)
def test_only_a_function_that_purges_reaches_the_token(name: str, processed: dict[str, Any]) -> None:
    role = processed["Resources"][f"{name}Role"]["Properties"]

    more = set(grants_of(role, conditions={"PurgesCache"})) - set(grants_of(role))

    assert more == PURGING.get(name, set())


@pytest.mark.parametrize("name", REACH)
def test_only_a_table_that_is_named_can_be_migrated(name: str, processed: dict[str, Any]) -> None:
    """A16."""
    role = processed["Resources"][f"{name}Role"]["Properties"]

    more = set(grants_of(role, conditions={"HasMigrationTable"})) - set(grants_of(role))

    assert more == MIGRATING.get(name, set())


@pytest.mark.parametrize("name", REACH)
def test_a_role_serves_one_function_alone(name: str, processed: dict[str, Any]) -> None:
    resources = processed["Resources"]

    assert resources[f"{name}Function"]["Properties"]["Role"] == {"Fn::GetAtt": [f"{name}Role", "Arn"]}
    role = resources[f"{name}Role"]["Properties"]
    assert role.keys() == {"AssumeRolePolicyDocument", "Policies"}
    assert role["AssumeRolePolicyDocument"]["Statement"] == [
        {"Effect": "Allow", "Principal": LAMBDA, "Action": "sts:AssumeRole"}
    ]


def test_there_are_no_other_roles_than_the_functions_and_the_schedulers(processed: dict[str, Any]) -> None:
    kinds = {"AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::User"}
    found = {name for name, resource in processed["Resources"].items() if resource["Type"] in kinds}

    assert found == {*(f"{name}Role" for name in REACH), "CleanupFunctionScheduleRole"}


def test_the_scheduler_may_only_start_the_cleanup(processed: dict[str, Any]) -> None:
    role = processed["Resources"]["CleanupFunctionScheduleRole"]["Properties"]

    assert grants_of(role) == [allow("CleanupFunction.Arn", "lambda", "InvokeFunction")]


def test_only_this_api_and_its_routes_may_call_a_function(processed: dict[str, Any]) -> None:
    permissions = [
        resource["Properties"]
        for resource in processed["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Permission"
    ]

    assert permissions
    for permission in permissions:
        assert permission["Principal"] == "apigateway.amazonaws.com"
        assert readable(permission["SourceArn"]).startswith(
            "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:Api/*/"
        )
