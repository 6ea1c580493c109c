"""Functions, their roles, environments and event sources."""

from __future__ import annotations

import json
import re
from collections import Counter
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from tests.template.refusals.guards import (
    LONGEST_PSEUDO_PARAMETERS,
    Template,
    alternatives,
    by_default,
    guard,
    longest,
    of_type,
    properties,
    target_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

LAMBDA_LIMITS = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"
MOST_ENVIRONMENT_BYTES = 4096
NEW_ACCOUNTS_MEGABYTES = 3008
"""The most memory of a function in new accounts, unless they request more."""
_RESERVED = {
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
}


def _functions(template: Template) -> dict[str, dict[str, Any]]:
    return of_type(template, "AWS::Lambda::Function")


def _environment(template: Template, name: str) -> dict[str, Any]:
    variables: dict[str, Any] = properties(template, name).get("Environment", {}).get("Variables", {})
    return variables


def _sources(template: Template) -> list[tuple[str, str, dict[str, Any]]]:
    """Functions with their event source, a queue or a table, and its mapping."""
    return [
        (target_of(source["FunctionName"]), target_of(source["EventSourceArn"]), source)
        for source in of_type(template, "AWS::Lambda::EventSourceMapping").values()
    ]


def _statements(template: Template, function: str) -> list[dict[str, Any]]:
    role = properties(template, target_of(properties(template, function)["Role"]))
    return [
        statement
        for policy in role["Policies"]
        for choice in policy["PolicyDocument"]["Statement"]
        for statement in alternatives(choice)
    ]


def _targets(template: Template, function: str, action: str) -> set[str]:
    """The resources on which a function may do something."""
    return {
        target_of(statement["Resource"])
        for statement in _statements(template, function)
        if action in statement["Action"]
    }


@guard(
    "https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html",
    breaks=lambda template: _environment(template, "UploadFunction").update(AWS_REGION="auto"),
)
def no_variable_is_one_of_lambdas_own(template: Template) -> Iterator[str]:
    for name in _functions(template):
        for variable in _environment(template, name):
            if variable in _RESERVED or not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_]+", variable):
                yield f"{name}: {variable}"


@guard(LAMBDA_LIMITS, breaks=lambda template: template["Parameters"]["Presets"].pop("MaxLength"))
def the_longest_environment_fits_into_4_kb(template: Template) -> Iterator[str]:
    """Lambda measures the variables as one JSON object."""
    for name in _functions(template):
        values = {
            variable: longest(template, value) for variable, value in _environment(template, name).items()
        }
        measured = len(json.dumps(values, separators=(",", ":")))
        if measured > MOST_ENVIRONMENT_BYTES:
            yield f"{name}: {measured} bytes"


@guard(
    LAMBDA_LIMITS,
    breaks=lambda template: template["Parameters"]["ApiUrl"].update(AllowedPattern=r"^https://[^\s]+$"),
)
def parameters_of_the_environment_accept_only_ascii(template: Template) -> Iterator[str]:
    for name, parameter in template["Parameters"].items():
        pattern = parameter.get("AllowedPattern")
        if pattern is None or "MaxLength" not in parameter:
            continue
        for text in ("{}", "https://{}", "https://{}.example", "[{}]", "{{{}}}", "a,{}", "a{}=1x"):
            if re.search(pattern, text.format("é")):
                yield f"{name} takes {text.format('é')}"


@guard(
    LAMBDA_LIMITS,
    breaks=lambda template: properties(template, "GenerateFunction")["Layers"].append({"Ref": "SharedLayer"}),
)
def a_function_keeps_within_lambdas_limits(template: Template) -> Iterator[str]:
    for name, function in _functions(template).items():
        if len(function.get("Layers", [])) > 5:
            yield f"{name}: more than five layers"
        if not 128 <= function["MemorySize"] <= NEW_ACCOUNTS_MEGABYTES:
            yield f"{name}: {function['MemorySize']} MB"
        if not 1 <= function["Timeout"] <= 900:
            yield f"{name}: {function['Timeout']} s"
        if len(longest(template, function.get("Description", ""))) > 256:
            yield f"{name}: its description is too long"


@guard(
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html",
    breaks=lambda template: properties(template, "UploadFunction").update(Timeout=60),
)
def a_function_ends_before_the_gateway_times_out(template: Template) -> Iterator[str]:
    behind = {
        target_of(permission["FunctionName"])
        for permission in of_type(template, "AWS::Lambda::Permission").values()
        if permission["Principal"] == "apigateway.amazonaws.com"
    }
    aliases = {
        name: target_of(alias["FunctionName"])
        for name, alias in of_type(template, "AWS::Lambda::Alias").items()
    }
    for name in behind:
        function = aliases.get(name, name)
        if properties(template, function)["Timeout"] > 29:
            yield f"{function}: an integration has 30 seconds"


@guard(
    "https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html",
    breaks=lambda template: properties(template, "RenderFunction").update(ReservedConcurrentExecutions=5),
)
def no_concurrency_is_reserved_by_default(template: Template) -> Iterator[str]:
    """The account's limit may be ten executions, all of which must stay unreserved."""
    for name, function in _functions(template).items():
        if by_default(template, function.get("ReservedConcurrentExecutions")) is not None:
            yield f"{name} reserves concurrency unless told otherwise"
    for name, alias in of_type(template, "AWS::Lambda::Alias").items():
        if by_default(template, alias.get("ProvisionedConcurrencyConfig")) is not None:
            yield f"{name} keeps instances unless told otherwise"


@guard(
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-template.html",
    breaks=lambda template: properties(template, "UploadRole").update(RoleName="upload"),
)
def a_role_needs_no_more_than_capability_iam(template: Template) -> Iterator[str]:
    for name, role in of_type(template, "AWS::IAM::Role").items():
        if "RoleName" in role:
            yield f"{name} has a name, for which CAPABILITY_IAM does not suffice"


@guard(
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html",
    breaks=lambda template: properties(template, "UploadRole")["Policies"].append(
        {"PolicyName": "more", "PolicyDocument": {"Statement": [{"Resource": "x" * 11_000}]}}
    ),
)
def the_policies_of_a_role_fit_into_10_kb(template: Template) -> Iterator[str]:
    for name, role in of_type(template, "AWS::IAM::Role").items():
        text = "".join(json.dumps(policy["PolicyDocument"]) for policy in role["Policies"])
        if len(re.sub(r"\s", "", text)) > 10_240:
            yield f"{name}: its policies have more than 10,240 characters"


def _starters(template: Template) -> Iterator[tuple[str, str, str]]:
    """Each permission to start a function: the function, the statement's name and the longest source."""
    for name, permission in of_type(template, "AWS::Lambda::Permission").items():
        yield target_of(permission["FunctionName"]), name, longest(template, permission.get("SourceArn", ""))


@guard(
    LAMBDA_LIMITS,
    breaks=lambda template: template["Resources"].update(
        {f"Permission{n}": deepcopy(template["Resources"]["ListFunctionListPermission"]) for n in range(60)}
    ),
)
def permissions_to_start_a_function_fit_into_its_policy(template: Template) -> Iterator[str]:
    """SAM makes a statement for each route, and the policy of a function, or of its alias, has 20 KB."""
    sizes: Counter[str] = Counter()
    for function, name, source in _starters(template):
        statement = {
            "Sid": f"{LONGEST_PSEUDO_PARAMETERS['AWS::StackName']}-{name}-{'X' * 13}",
            "Effect": "Allow",
            "Principal": {"Service": "apigateway.amazonaws.com"},
            "Action": "lambda:InvokeFunction",
            "Resource": f"arn:aws-us-gov:lambda:ap-southeast-1:{'1' * 12}:function:{'x' * 64}:live",
            "Condition": {"ArnLike": {"AWS:SourceArn": source}},
        }
        sizes[function] += len(json.dumps(statement))
    for function, size in sizes.items():
        if size > 20_480:
            yield f"{function}: {size} bytes"


_POLLING = {
    "AWS::SQS::Queue": {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
    "AWS::DynamoDB::Table": {
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:ListStreams",
    },
}
"""What the role of a function must allow before Lambda accepts its event source."""


def _allowed(template: Template, function: str, resource: str) -> set[str]:
    """What a role always allows on a resource."""
    role = properties(template, target_of(properties(template, function)["Role"]))
    allowed: set[str] = set()
    for policy in role["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            if (
                "Fn::If" in statement
                or "Condition" in statement
                or target_of(statement["Resource"]) != resource
            ):
                continue
            actions = statement["Action"]
            allowed |= {actions} if isinstance(actions, str) else set(actions)
    return allowed


@guard(
    "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html",
    breaks=lambda template: properties(template, "WorkRole")["Policies"][0]["PolicyDocument"].update(
        Statement=[]
    ),
)
def a_role_may_poll_the_event_sources_of_its_function(template: Template) -> Iterator[str]:
    """Lambda refuses an event source that the role cannot read, and drops failed events that it cannot send."""
    for function, source, mapping in _sources(template):
        missing = _POLLING[template["Resources"][source]["Type"]] - _allowed(template, function, source)
        if missing:
            yield f"{function}: its role lacks {sorted(missing)} on {source}"
        on_failure = mapping.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        if on_failure and "sqs:SendMessage" not in _allowed(template, function, target_of(on_failure)):
            yield f"{function}: its role cannot send to {target_of(on_failure)}"


def _next(template: Template, function: str) -> set[str]:
    """Functions that run because another function ran, through services that Lambda watches for loops."""
    queues = _targets(template, function, "sqs:SendMessage")
    fed = {started for started, source, _ in _sources(template) if source in queues}
    return fed | _targets(template, function, "lambda:InvokeFunction")


def _loops(template: Template) -> set[str]:
    """Functions that cause their own next run."""
    loops = set()
    for function in _functions(template):
        reached: set[str] = set()
        remaining = _next(template, function)
        while remaining:
            reached |= remaining
            remaining = set().union(*(_next(template, name) for name in remaining)) - reached
        if function in reached:
            loops.add(function)
    return loops


@guard(
    "https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html",
    breaks=lambda template: properties(template, "WorkFunction").pop("RecursiveLoop"),
)
def a_function_that_starts_itself_allows_recursive_loops(template: Template) -> Iterator[str]:
    """Lambda stops a loop after about 16 turns unless the function allows it."""
    allowed = {
        name
        for name, function in _functions(template).items()
        if function.get("RecursiveLoop", "Terminate") == "Allow"
    }
    for name in sorted(_loops(template) ^ allowed):
        yield f"{name} starts itself without RecursiveLoop: Allow, or has it and does not"


@guard(
    "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html",
    breaks=lambda template: properties(template, "WorkQueue").update(VisibilityTimeout=100),
)
def a_message_stays_hidden_while_its_function_runs(template: Template) -> Iterator[str]:
    """Lambda refuses a queue whose visibility timeout is below the function's, and asks for six times as much."""
    for function, source, mapping in _sources(template):
        queue = template["Resources"][source]
        if queue["Type"] != "AWS::SQS::Queue":
            continue
        window = mapping.get("MaximumBatchingWindowInSeconds", 0)
        if queue["Properties"]["VisibilityTimeout"] < 6 * properties(template, function)["Timeout"] + window:
            yield f"{source}: hidden for less than six times the timeout of {function} and its window"
        redrive = queue["Properties"].get("RedrivePolicy")  # without one, messages come until they expire
        if redrive is not None and redrive["maxReceiveCount"] < 5:
            yield f"{source}: fewer than five tries"


def _bounds(template: Template, value: Any) -> tuple[int, int]:
    match value:
        case {"Ref": str(name)}:
            parameter = template["Parameters"][name]
            return parameter["MinValue"], parameter["MaxValue"]
    return value, value


@guard(
    "https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html",
    breaks=lambda template: properties(template, "IngestFunctionQueue").update(BatchSize=50),
)
def an_event_source_keeps_within_its_limits(template: Template) -> Iterator[str]:
    for function, source, mapping in _sources(template):
        is_queue = template["Resources"][source]["Type"] == "AWS::SQS::Queue"
        window = mapping.get("MaximumBatchingWindowInSeconds", 0)
        if not 0 <= window <= 300 or not 1 <= mapping["BatchSize"] <= 10_000:
            yield f"{function}: batch or window out of bounds"
        if is_queue and mapping["BatchSize"] > 10 and window < 1:
            yield f"{function}: a batch of more than 10 messages needs a window"
        if "ScalingConfig" in mapping:
            least, most = _bounds(template, mapping["ScalingConfig"]["MaximumConcurrency"])
            if least < 2 or most > 1000:
                yield f"{function}: MaximumConcurrency is 2 to 1000"
        least, most = _bounds(template, mapping.get("ParallelizationFactor", 1))
        if least < 1 or most > 10:
            yield f"{function}: ParallelizationFactor is 1 to 10"
        if not 60 <= mapping.get("MaximumRecordAgeInSeconds", 60) <= 604_800:
            yield f"{function}: the age of records is out of bounds"
        filters = mapping.get("FilterCriteria", {}).get("Filters", [])
        if len(filters) > 5:
            yield f"{function}: more than five filters"
        for each in filters:
            json.loads(each["Pattern"])


@guard(
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html",
    breaks=lambda template: template["Resources"].update(
        Third=dict(template["Resources"]["AuditFunctionChanges"])
    ),
)
def a_stream_has_at_most_two_readers(template: Template) -> Iterator[str]:
    readers = Counter(source for _, source, _ in _sources(template))
    for source, count in readers.items():
        if template["Resources"][source]["Type"] == "AWS::DynamoDB::Table" and count > 2:
            yield f"{source}: {count} readers of one stream"
