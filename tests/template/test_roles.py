"""What a person reviews of the functions' roles, and rules that all of them keep.

That a role allows what its function calls, and nothing else, is derived: the clients of the function tests and of the
fault tests evaluate it (`tests/roles`), and a whole run names what was never used. That sees calls, so what is here is
what calls cannot tell: who may hold the powers that do harm, and how wide a grant may be written.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.fakes.cloudfront import DISTRIBUTION
from tests.roles.comparison import ALL_PARAMETERS, IN_S3, PARAMETERS
from tests.roles.deployments import CHANGES_NO_CALL, DEPLOYMENTS, IN_A_TEST_OF_ITS_OWN
from tests.roles.evaluation import ACCOUNT, REGION, STACK, Roles, Statement, written_template

ROLES = Roles(PARAMETERS, {})
ALL_ROLES = [Roles(parameters, {}) for parameters in ALL_PARAMETERS]
FUNCTIONS = ROLES.functions()
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{STACK}/{{}}-??????"
TABLE_TO_MIGRATE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{PARAMETERS['MigrationTable']}"
LAMBDA = {"Service": "lambda.amazonaws.com"}
WRITES = {
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "kms:GenerateDataKey",
    "lambda:InvokeFunction",
    "sqs:SendMessage",
}

# The ledger --------------------------------------------------------------------------------------------

WRITES_NO_ROW = {"audit", "feed", "mcp", "site"}
WRITES_REQUEST_COUNTS_ALONE = {"events", "health", "list", "retrieve", "search", "stats"}
"""Functions that only read; of the table they may write the rows that count the requests of API keys."""
HOLDERS = {
    "reads every row": (
        "dynamodb:Scan",
        ROLES.arn("Table"),
        {"admin", "backup", "cleanup", "rebuild", "work"},
    ),
    "opens provider keys": ("kms:Decrypt", "provider-key", {"generate"}),
    "opens generation requests": ("kms:Decrypt", "generation", {"generate", "generations"}),
    "opens secrets of webhooks": ("kms:Decrypt", "webhook", {"deliver"}),
    "opens sealed texts of images": (
        "kms:Decrypt",
        "image",
        {"delete", "direct", "retrieve", "update", "upload"},
    ),
    "reads the providers' keys": (
        "secretsmanager:GetSecretValue",
        SECRET.format("providers"),
        {"generate", "health"},
    ),
    "reads the keys of other stores": (
        "secretsmanager:GetSecretValue",
        SECRET.format("imports"),
        {"work"},
    ),
    "reads the token for the cache": (
        "secretsmanager:GetSecretValue",
        SECRET.format("cloudflare"),
        {"admin", "cleanup", "delete", "update"},
    ),
    "reads the keys that sign": (
        "secretsmanager:GetSecretValue",
        SECRET.format("signing"),
        {
            "authorize",
            "delete",
            "events",
            "feed",
            "generations",
            "health",
            "keys",
            "links",
            "list",
            "openai",
            "search",
            "share",
            "webhooks",
        },
    ),
    "puts events on the bus": ("events:PutEvents", ROLES.arn("Bus"), {"project"}),
    "purges CloudFront": (
        "cloudfront:CreateInvalidation",
        f"arn:aws:cloudfront::{ACCOUNT}:distribution/{DISTRIBUTION}",
        {"admin", "cleanup", "delete", "update"},
    ),
    "deletes private objects": (
        "s3:DeleteObject",
        "arn:aws:s3:::private/*",
        {"admin", "cleanup", "delete", "direct", "generate", "work"},
    ),
    "deletes public copies": (
        "s3:DeleteObject",
        "arn:aws:s3:::public/*",
        {"admin", "cleanup", "delete", "render", "update"},
    ),
    "lists everything that is public": (
        "s3:ListBucket",
        "arn:aws:s3:::public",
        {"admin", "cleanup", "health", "work"},
    ),
    "reads the keys of the backup store": (
        "secretsmanager:GetSecretValue",
        SECRET.format("backup"),
        {"backup", "work"},
    ),
    "changes the table that is migrated": ("dynamodb:UpdateItem", TABLE_TO_MIGRATE, {"work"}),
}
"""Dangerous permissions: an action, its resource or purpose, and the functions that have it."""
WIDE = {
    "*": "X-Ray has no resources to name",
    "-??????": "Secrets Manager ends the name of a secret so",
    "/stream/*": "a stream is named by the time at which it was made",
    "/ingest/*": "objects that were dropped",
    "/migrations/*": "objects that are migrated",
    ":private/*": "all of a bucket that is the store's own",
    ":public/*": "as above",
}
"""Allowed endings of a resource that matches more than one."""
CONDITIONS = {
    "kms:": "kms:EncryptionContext:purpose",
    "s3:ListBucket": "s3:prefix",
}
"""The required condition of a grant, by the prefix of its action."""
OWN_BUCKETS = {"PrivateBucket", "PublicBucket"}
"""Statements that may list a whole bucket: cleanup does, and S3 says only then that an object is missing."""

# The rules ---------------------------------------------------------------------------------------------


def statements() -> list[tuple[str, Statement]]:
    return [(function, statement) for function in FUNCTIONS for statement in statements_of(function)]


def statements_of(function: str) -> list[Statement]:
    """The statements of a role in every kind of deployment."""
    return [statement for roles in ALL_ROLES for statement in roles.of(function)]


@pytest.mark.parametrize("power", HOLDERS)
def test_only_reviewed_functions_have_a_dangerous_permission(power: str) -> None:
    action, part, holders = HOLDERS[power]

    functions = {
        function
        for function, statement in statements()
        if action in statement.actions and part in (statement.resource, *values_of(statement))
    }

    assert functions == holders


def values_of(statement: Statement) -> list[str]:
    """The values in the conditions of a grant."""
    return [value for compared in statement.conditions.values() for value in compared.values()]


def test_functions_that_only_read_write_no_row() -> None:
    writers = {
        function
        for function, statement in statements()
        if WRITES & set(statement.actions) and ":dynamodb:" in statement.resource
    }

    assert writers == set(FUNCTIONS) - WRITES_NO_ROW


def test_functions_that_only_read_write_the_counts_of_requests_at_most() -> None:
    writes = {
        function: [statement for statement in ROLES.of(function) if WRITES & set(statement.actions)]
        for function in FUNCTIONS
    }
    limited = {
        function
        for function, grants in writes.items()
        if [grant.sid for grant in grants if ":dynamodb:" in grant.resource] == ["CountRequests"]
    }

    assert limited == WRITES_REQUEST_COUNTS_ALONE
    for function in limited:
        [grant] = [grant for grant in writes[function] if grant.sid == "CountRequests"]
        assert grant.actions == ("dynamodb:UpdateItem",)
        assert values_of(grant) == ["KEYREQUESTS#*"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_grant_names_actions_and_resources_one_by_one(function: str) -> None:
    for statement in statements_of(function):
        assert not [action for action in statement.actions if "*" in action or "?" in action]
        if {"*", "?"} & set(statement.resource):
            endings = [end for end in WIDE if statement.resource.endswith(end)]
            assert not {"*", "?"} & set(statement.resource.removesuffix(max(endings, key=len)))
            assert statement.resource != "*" or statement.sid == "Trace"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_keys_are_limited_to_a_purpose_and_lists_to_a_folder(function: str) -> None:
    for statement in statements_of(function):
        for action in statement.actions:
            bound_to = [key for begin, key in CONDITIONS.items() if action.startswith(begin)]
            if statement.sid in {"PrivateObjects", "PublicObjects", *OWN_BUCKETS}:
                bound_to = ["aws:ResourceAccount"]  # whoever makes a deleted bucket anew gets nothing
            keys = [key for compared in statement.conditions.values() for key in compared]
            if action == "dynamodb:UpdateItem" and keys:
                bound_to = ["dynamodb:LeadingKeys"]
            assert keys == bound_to, (statement.sid, action)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_nothing_is_granted_for_an_unset_parameter(function: str) -> None:
    """A table to migrate, sources of imports, the token for a cache, and buckets that have keys of their own."""
    unnamed = {statement.sid for statement in Roles({}, {}).of(function)}

    assert not {"CloudflareSecret", "ImportSecret", "TableToMigrate", "CloudFront"} & unnamed
    assert not {"PublicStoreSecret", "PrivateObjects", "PublicObjects", *OWN_BUCKETS} & unnamed


@pytest.mark.parametrize("function", FUNCTIONS)
def test_keys_of_a_store_take_the_place_of_rights_on_its_buckets(function: str) -> None:
    in_s3 = {statement.sid for statement in Roles(IN_S3, {}).of(function)}
    with_keys = {statement.sid for statement in Roles(IN_S3 | {"R2SecretName": "s3"}, {}).of(function)}

    assert "R2Secret" not in in_s3
    assert not {"PrivateObjects", "PublicObjects", *OWN_BUCKETS} & with_keys
    assert ("PrivateObjects" in in_s3) == ("R2Secret" in with_keys)


def test_every_parameter_that_changes_a_call_has_each_of_its_values_in_a_test() -> None:
    template = written_template()
    functions = [template["Resources"][f"{name.capitalize()}Function"]["Properties"] for name in FUNCTIONS]
    set_by_parameters = {
        variable
        for function in functions
        for variable, value in function.get("Environment", {}).get("Variables", {}).items()
        if set(re.findall(r"\w+", str(value))) & template["Parameters"].keys()
    }
    varied = {variable for environment in DEPLOYMENTS.values() for variable in environment}

    assert set_by_parameters == varied | IN_A_TEST_OF_ITS_OWN | CHANGES_NO_CALL
    assert not varied & CHANGES_NO_CALL


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_writes_only_its_own_log(function: str) -> None:
    (log,) = (statement for statement in ROLES.of(function) if "logs:PutLogEvents" in statement.actions)

    assert log.resource == ROLES.arn(f"{function.capitalize()}Logs")
    assert log.actions == ("logs:CreateLogStream", "logs:PutLogEvents")


def test_the_tools_for_ai_clients_have_no_permission_of_their_own() -> None:
    """They act with the credential of their caller, through the API."""
    assert {statement.sid for statement in ROLES.of("mcp")} == {"Log", "Trace"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_role_belongs_to_one_function(function: str, processed: dict[str, Any]) -> None:
    name, resources = function.capitalize(), processed["Resources"]

    assert resources[f"{name}Function"]["Properties"]["Role"] == {"Fn::GetAtt": [f"{name}Role", "Arn"]}
    role = resources[f"{name}Role"]["Properties"]
    assert role.keys() == {"AssumeRolePolicyDocument", "Policies"}
    assert role["AssumeRolePolicyDocument"]["Statement"] == [
        {"Effect": "Allow", "Principal": LAMBDA, "Action": "sts:AssumeRole"}
    ]


def test_there_are_no_other_roles_than_the_functions_and_the_schedulers(processed: dict[str, Any]) -> None:
    kinds = {"AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::User"}
    identities = {name for name, resource in processed["Resources"].items() if resource["Type"] in kinds}

    assert identities == {
        *(f"{name.capitalize()}Role" for name in FUNCTIONS),
        "BackupFunctionScheduleRole",
        "CleanupFunctionScheduleRole",
        "DeliverFunctionScheduleRole",
    }


@pytest.mark.parametrize("function", ["BackupFunction", "CleanupFunction", "DeliverFunction"])
def test_the_scheduler_may_only_start_one_function(processed: dict[str, Any], function: str) -> None:
    role = processed["Resources"][f"{function}ScheduleRole"]["Properties"]

    (policy,) = role["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Action": "lambda:InvokeFunction",
        "Resource": {"Fn::GetAtt": [function, "Arn"]},
    }


def test_only_this_api_and_its_routes_and_one_public_url_may_call_a_function(
    processed: dict[str, Any],
) -> None:
    permissions = [
        resource["Properties"]
        for resource in processed["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Permission"
    ]

    by_url = [permission for permission in permissions if permission["Principal"] == "*"]
    permissions = [permission for permission in permissions if permission not in by_url]
    assert [
        (each["Action"], *sorted(each.keys() - {"Action", "FunctionName", "Principal"})) for each in by_url
    ] == [
        ("lambda:InvokeFunctionUrl", "FunctionUrlAuthType"),
        ("lambda:InvokeFunction", "InvokedViaFunctionUrl"),
    ]
    assert {each["FunctionName"]["Ref"] for each in by_url} == {"OpenaiFunction"}
    api = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${__ApiId__}"
    (authorizer,) = (permission for permission in permissions if "Stage" not in str(permission))
    assert authorizer["FunctionName"] == {"Fn::GetAtt": ["AuthorizeFunction", "Arn"]}
    assert authorizer["SourceArn"]["Fn::Sub"] == [f"{api}/authorizers/*", {"__ApiId__": {"Ref": "Api"}}]
    for permission in permissions:
        assert permission["Principal"] == "apigateway.amazonaws.com"
        text, variables = permission["SourceArn"]["Fn::Sub"]
        assert variables["__ApiId__"] == {"Ref": "Api"}
        if permission is not authorizer:
            assert text.startswith(f"{api}/${{__Stage__}}/")
            assert variables["__Stage__"] == "*"
