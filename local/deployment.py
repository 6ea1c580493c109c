"""Deploy the built template to the emulator if it or its parameters changed."""

from __future__ import annotations

import difflib
import hashlib
import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError, WaiterError

from local.build import architecture
from local.inside_emulator.http_api import authorizers_of, routes_of
from local.packaging import package
from local.problems import CannotRun
from local.settings import (
    ALLOWED_ORIGINS,
    BACKUP_BUCKET,
    CONSOLE_CLIENT_ID,
    PRIVATE_BUCKET,
    PUBLIC_BUCKET,
    R2_SECRET,
    REGION,
    SECOND_PREFIX,
    STACK_NAME,
    LocalSettings,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from local.emulator import Emulator
    from local.issuer import Issuer
    from local.provider_access import ProviderAccess

CODE_BUCKET = "image-store-code"
OPENAI_FUNCTION = "OpenaiFunction"
CHANGEABLE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
POLL = {"Delay": 1, "MaxAttempts": 300}
DEPLOYMENT_SECONDS = 900
ONE_REQUEST = Config(read_timeout=DEPLOYMENT_SECONDS, retries={"total_max_attempts": 1})
"""The emulator answers when the stack is made, and botocore would repeat a request that takes over a minute."""


@dataclass(frozen=True)
class DeployedStack:
    """The parts of a deployed stack that the launcher needs."""

    api_id: str
    outputs: dict[str, str]
    openai_url: str | None = None
    """The URL of the function that serves OpenAI's API; None if the deployment has none."""

    def route_keys(self, emulator: Emulator) -> list[str]:
        """Return the keys of the API's routes."""
        answer = emulator.client("apigatewayv2").get_routes(ApiId=self.api_id)
        return [route["RouteKey"] for route in answer["Items"]]


def parameters_for(
    settings: LocalSettings,
    *,
    issuer: Issuer,
    second_issuer: Issuer,
    r2_endpoint: str,
    access: ProviderAccess,
) -> dict[str, str]:
    """Return the template's parameters for this machine and those a person set; others keep their defaults."""
    own = {
        "ApiUrl": settings.api_url,
        "OpenAiUrl": settings.api_url,
        "Architecture": architecture(),
        "Audience": issuer.audience,
        "ConsoleClientId": CONSOLE_CLIENT_ID,
        "Issuer": issuer.url,
        "PrivateBucket": PRIVATE_BUCKET,
        "PublicBucket": PUBLIC_BUCKET,
        "PublicUrl": settings.public_url,
        "R2AccountId": "local",
        "R2Endpoint": r2_endpoint,
        "R2Region": REGION,
        "R2SecretName": R2_SECRET,
        "BackupStore": BACKUP_BUCKET,
        "BackupEndpoint": r2_endpoint,
        "BackupRegion": REGION,
        "BackupSecretName": R2_SECRET,
        **access.parameters,
    }
    if reserved := ", ".join(sorted(own.keys() & settings.template_parameters.keys())):
        raise CannotRun(
            f"TEMPLATE_PARAMETERS names {reserved}, which the local stack sets itself. Leave it out."
        )
    second = {
        "issuer": second_issuer.url,
        "audiences": [second_issuer.audience],
        "subject_prefix": SECOND_PREFIX,
    }
    chosen = {
        ALLOWED_ORIGINS: settings.api_url,
        "Issuers": json.dumps([second]),
        # Apps on this machine can have webhooks, and callers can read nothing from them.
        "WebhookNetworks": "127.0.0.1/32,::1/128",
    }
    return {**chosen, **own, **settings.template_parameters}


def deployment_fingerprint(build_fingerprint: str, parameters: dict[str, str]) -> str:
    """Return one hash of everything a deployment depends on."""
    return hashlib.sha256(json.dumps([build_fingerprint, parameters], sort_keys=True).encode()).hexdigest()


def deployed_stack(emulator: Emulator) -> DeployedStack | None:
    """Return the stack in the emulator, or None if there is none that works."""
    stack = describe(emulator.client("cloudformation"))
    if stack is None or stack["StackStatus"] not in CHANGEABLE:
        return None
    resources = emulator.client("cloudformation").describe_stack_resources(StackName=STACK_NAME)[
        "StackResources"
    ]
    apis = [
        resource["PhysicalResourceId"]
        for resource in resources
        if resource["ResourceType"] == "AWS::ApiGatewayV2::Api"
    ]
    if len(apis) != 1:
        raise CannotRun(
            f"The template has {len(apis)} HTTP APIs, but the local stack serves exactly one: change the template."
        )
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    functions = {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for resource in resources
        if resource["ResourceType"] == "AWS::Lambda::Function"
    }
    openai_url = None
    if OPENAI_FUNCTION in functions:
        function = functions[OPENAI_FUNCTION]
        config = emulator.client("lambda").get_function_url_config(FunctionName=function)
        openai_url = config["FunctionUrl"]
    return DeployedStack(api_id=apis[0], outputs=outputs, openai_url=openai_url)


def deploy(emulator: Emulator, *, build_folder: Path, parameters: dict[str, str]) -> DeployedStack:
    """Create or update the stack and return it once every route and authorizer exists."""
    print("  deploying the template …", file=sys.stderr, flush=True)
    formation, storage = emulator.client("cloudformation", config=ONE_REQUEST), emulator.client("s3")
    storage.create_bucket(Bucket=CODE_BUCKET)
    template = package(build_folder, bucket=CODE_BUCKET, storage=storage)
    require_known(parameters, known=json.loads(template)["Parameters"])
    storage.put_object(Bucket=CODE_BUCKET, Key="template.json", Body=template.encode())
    create_or_update(
        formation,
        StackName=STACK_NAME,
        TemplateURL=f"{emulator.endpoint}/{CODE_BUCKET}/template.json",
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=CAPABILITIES,
    )
    empty(storage, CODE_BUCKET)  # the functions have their own copies of the code
    stack = deployed_stack(emulator)
    if stack is None:
        raise CannotRun(f"The stack does not exist after its deployment: see the end of {emulator.log}.")
    require_every_route(emulator, stack)
    return stack


def require_known(parameters: Iterable[str], *, known: Collection[str]) -> None:
    """Raise CannotRun for a parameter that the template does not have: AWS refuses it, but the emulator ignores it."""
    for name in parameters:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            raise CannotRun(f"TEMPLATE_PARAMETERS names {name}, which template.yaml does not have.{hint}")


def create_or_update(formation: Any, **request: Any) -> None:
    """Create or update the stack and wait for it; CannotRun has CloudFormation's own reasons."""
    stack = describe(formation)
    if (
        stack is not None and stack["StackStatus"] not in CHANGEABLE
    ):  # the first deployment failed, so it is empty
        formation.delete_stack(StackName=STACK_NAME)
        formation.get_waiter("stack_delete_complete").wait(StackName=STACK_NAME, WaiterConfig=POLL)
        stack = None
    try:
        if stack is None:
            formation.create_stack(**request)
        else:
            formation.update_stack(**request)
        waiter = "stack_create_complete" if stack is None else "stack_update_complete"
        formation.get_waiter(waiter).wait(StackName=STACK_NAME, WaiterConfig=POLL)
    except ClientError as error:
        if is_unchanged(error):
            return
        raise CannotRun(
            f"CloudFormation refused the template: {error.response['Error']['Message']}"
        ) from error
    except ReadTimeoutError as error:
        raise CannotRun(
            f"The deployment took longer than {DEPLOYMENT_SECONDS // 60} minutes. "
            "Run it again when the machine is less busy."
        ) from error
    except WaiterError as error:
        raise CannotRun(f"The deployment failed and was rolled back: {reasons(formation)}") from error


def is_unchanged(error: ClientError) -> bool:
    """Return whether CloudFormation refused an update that changes nothing; this error has no code of its own."""
    return str(error.response["Error"]["Message"]).startswith("No updates are to be performed")


def reasons(formation: Any) -> str:
    """Return the reasons of the last deployment's failures, in order of time."""
    events = formation.describe_stack_events(StackName=STACK_NAME)["StackEvents"]
    failures = [
        f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
        for event in reversed(events)
        if event["ResourceStatus"].endswith("_FAILED") and event.get("ResourceStatusReason")
    ]
    return "; ".join(failures) or "CloudFormation gives no reason."


def describe(formation: Any) -> dict[str, Any] | None:
    """Return CloudFormation's description of the stack, or None if there is no stack."""
    try:
        description: dict[str, Any] = formation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":  # CloudFormation's code for "does not exist"
            return None
        raise
    return description


def empty(storage: Any, bucket: str) -> None:
    """Delete every object of a small bucket."""
    for item in storage.list_objects_v2(Bucket=bucket).get("Contents", []):
        storage.delete_object(Bucket=bucket, Key=item["Key"])


def require_every_route(emulator: Emulator, stack: DeployedStack) -> None:
    """Compare the API's routes and authorizers with the template; an API without any would deploy silently."""
    template = emulator.client("cloudformation").get_template(StackName=STACK_NAME, TemplateStage="Processed")
    body = next(
        resource["Properties"]["Body"]
        for resource in template["TemplateBody"]["Resources"].values()
        if resource["Type"] == "AWS::ApiGatewayV2::Api"
    )
    gateway = emulator.client("apigatewayv2")
    routes = {route["RouteKey"] for route in gateway.get_routes(ApiId=stack.api_id)["Items"]}
    authorizers = {item["Name"] for item in gateway.get_authorizers(ApiId=stack.api_id)["Items"]}
    expected = {route.key for route in routes_of(body)}
    if routes != expected or authorizers != set(authorizers_of(body)) or not expected:
        raise CannotRun(
            f"The deployed API has {len(routes)} routes and {len(authorizers)} authorizers, but the "
            f"template has {len(expected)} and {len(authorizers_of(body))}: see the end of {emulator.log}."
        )
