"""Bring the built template into the emulator, when it or its parameters changed."""

from __future__ import annotations

import difflib
import hashlib
import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, WaiterError

from local.build import architecture
from local.inside_emulator.http_api import authorizers_of, routes_of
from local.packaging import package
from local.problems import CannotRun
from local.settings import (
    ALLOWED_ORIGINS,
    AUDIENCE,
    CONSOLE_CLIENT_ID,
    PRIVATE_BUCKET,
    PUBLIC_BUCKET,
    R2_SECRET,
    REGION,
    STACK_NAME,
    LocalSettings,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from local.emulator import Emulator
    from local.provider_access import ProviderAccess

CODE_BUCKET = "image-store-code"
CHANGEABLE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
POLL = {"Delay": 1, "MaxAttempts": 300}


@dataclass(frozen=True)
class DeployedStack:
    """What the rest of the launcher needs to know about the deployed template."""

    api_id: str
    outputs: dict[str, str]

    def route_keys(self, emulator: Emulator) -> list[str]:
        """Answer the keys of the API's routes."""
        answer = emulator.client("apigatewayv2").get_routes(ApiId=self.api_id)
        return [route["RouteKey"] for route in answer["Items"]]


def parameters_for(
    settings: LocalSettings, *, issuer_url: str, r2_endpoint: str, access: ProviderAccess
) -> dict[str, str]:
    """Answer the template's parameters for this machine and those a person chose; others keep their defaults."""
    own = {
        "ApiUrl": settings.api_url,
        "Architecture": architecture(),
        "Audience": AUDIENCE,
        "ConsoleClientId": CONSOLE_CLIENT_ID,
        "Issuer": issuer_url,
        "PrivateBucket": PRIVATE_BUCKET,
        "PublicBucket": PUBLIC_BUCKET,
        "PublicUrl": settings.public_url,
        "R2AccountId": "local",
        "R2Endpoint": r2_endpoint,
        "R2Region": REGION,
        "R2SecretName": R2_SECRET,
        **access.parameters,
    }
    if taken := ", ".join(sorted(own.keys() & settings.template_parameters.keys())):
        raise CannotRun(
            f"TEMPLATE_PARAMETERS names {taken}, which the local stack sets itself: leave it out."
        )
    return {ALLOWED_ORIGINS: settings.api_url, **own, **settings.template_parameters}


def deployment_fingerprint(built: str, parameters: dict[str, str]) -> str:
    """Answer one hash of everything a deployment depends on."""
    return hashlib.sha256(json.dumps([built, parameters], sort_keys=True).encode()).hexdigest()


def deployed_stack(emulator: Emulator) -> DeployedStack | None:
    """Answer the stack as it stands in the emulator; None when there is none that works."""
    stack = describe(emulator.client("cloudformation"))
    if stack is None or stack["StackStatus"] not in CHANGEABLE:
        return None
    resources = emulator.client("cloudformation").describe_stack_resources(StackName=STACK_NAME)[
        "StackResources"
    ]
    apis = [
        found["PhysicalResourceId"]
        for found in resources
        if found["ResourceType"] == "AWS::ApiGatewayV2::Api"
    ]
    if len(apis) != 1:
        raise CannotRun(
            f"The template makes {len(apis)} HTTP APIs and the local stack serves exactly one: mend it."
        )
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    return DeployedStack(api_id=apis[0], outputs=outputs)


def deploy(emulator: Emulator, *, build_folder: Path, parameters: dict[str, str]) -> DeployedStack:
    """Create or update the stack and answer it; ends only when every route and authorizer is there."""
    print("  deploying the template …", file=sys.stderr, flush=True)
    formation, storage = emulator.client("cloudformation"), emulator.client("s3")
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
    empty(storage, CODE_BUCKET)  # the functions hold their code now
    stack = deployed_stack(emulator)
    if stack is None:
        raise CannotRun(f"The stack is not there after its deployment: see the end of {emulator.log}.")
    require_every_route(emulator, stack)
    return stack


def require_known(parameters: Iterable[str], *, known: Collection[str]) -> None:
    """Raise CannotRun for a parameter that the template does not have: the emulator would ignore it, AWS refuses it."""
    for name in parameters:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            raise CannotRun(f"TEMPLATE_PARAMETERS names {name}, which template.yaml does not have.{hint}")


def create_or_update(formation: Any, **request: Any) -> None:
    """Make the stack what the request says and wait for it; CannotRun tells CloudFormation's own reasons."""
    stack = describe(formation)
    if stack is not None and stack["StackStatus"] not in CHANGEABLE:  # a failed first deployment: it is empty
        formation.delete_stack(StackName=STACK_NAME)
        formation.get_waiter("stack_delete_complete").wait(StackName=STACK_NAME, WaiterConfig=POLL)
        stack = None
    try:
        if stack is None:
            formation.create_stack(**request)
        else:
            formation.update_stack(**request)
        done = "stack_create_complete" if stack is None else "stack_update_complete"
        formation.get_waiter(done).wait(StackName=STACK_NAME, WaiterConfig=POLL)
    except ClientError as refused:
        if is_unchanged(refused):
            return
        raise CannotRun(
            f"CloudFormation refused the template: {refused.response['Error']['Message']}"
        ) from refused
    except WaiterError as failed:
        raise CannotRun(f"The deployment failed and was rolled back: {reasons(formation)}") from failed


def is_unchanged(refused: ClientError) -> bool:
    """Tell CloudFormation's answer to an update that changes nothing; it has no code of its own."""
    return str(refused.response["Error"]["Message"]).startswith("No updates are to be performed")


def reasons(formation: Any) -> str:
    """Answer why the resources of the last deployment failed, the first failure first."""
    events = formation.describe_stack_events(StackName=STACK_NAME)["StackEvents"]
    failures = [
        f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
        for event in reversed(events)
        if event["ResourceStatus"].endswith("_FAILED") and event.get("ResourceStatusReason")
    ]
    return "; ".join(failures) or "it gives no reason."


def describe(formation: Any) -> dict[str, Any] | None:
    """Answer CloudFormation's description of the stack, None when there is no such stack."""
    try:
        described: dict[str, Any] = formation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    except ClientError as refused:
        if (
            refused.response["Error"]["Code"] == "ValidationError"
        ):  # CloudFormation's code for "does not exist"
            return None
        raise
    return described


def empty(storage: Any, bucket: str) -> None:
    """Delete every object of a small bucket."""
    for listed in storage.list_objects_v2(Bucket=bucket).get("Contents", []):
        storage.delete_object(Bucket=bucket, Key=listed["Key"])


def require_every_route(emulator: Emulator, stack: DeployedStack) -> None:
    """Compare the API's routes and authorizers with SAM's; an API without any would deploy silently."""
    template = emulator.client("cloudformation").get_template(StackName=STACK_NAME, TemplateStage="Processed")
    body = next(
        resource["Properties"]["Body"]
        for resource in template["TemplateBody"]["Resources"].values()
        if resource["Type"] == "AWS::ApiGatewayV2::Api"
    )
    gateway = emulator.client("apigatewayv2")
    routes = {route["RouteKey"] for route in gateway.get_routes(ApiId=stack.api_id)["Items"]}
    authorizers = {found["Name"] for found in gateway.get_authorizers(ApiId=stack.api_id)["Items"]}
    wanted = {route.key for route in routes_of(body)}
    if routes != wanted or authorizers != set(authorizers_of(body)) or not wanted:
        raise CannotRun(
            f"The deployed API has {len(routes)} routes and {len(authorizers)} authorizers where the "
            f"template has {len(wanted)} and {len(authorizers_of(body))}: see the end of {emulator.log}."
        )
