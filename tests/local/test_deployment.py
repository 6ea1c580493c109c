"""When the stack is created, updated or left unchanged."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore.exceptions import ClientError, ReadTimeoutError, WaiterError

from local.deployment import (
    ONE_REQUEST,
    create_or_update,
    deployment_fingerprint,
    parameters_for,
    require_known,
)
from local.issuer import Issuer
from local.problems import CannotRun
from local.provider_access import provider_access
from local.settings import LocalSettings, local_settings

ROOT = Path(__file__).resolve().parents[2]


def refusal(message: str) -> ClientError:
    """An error of CloudFormation."""
    return ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "UpdateStack")


class Formation:
    """A fake CloudFormation with at most one stack, which records its calls."""

    def __init__(
        self, status: str | None = None, *, update: Exception | None = None, fails: bool = False
    ) -> None:
        self.status = status
        self.done: list[str] = []
        self._update = update
        self._fails = fails

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        if self.status is None:
            raise refusal("Stack with id image-store does not exist")
        return {"Stacks": [{"StackStatus": self.status}]}

    def create_stack(self, **_: str) -> None:
        self.done.append("create")

    def update_stack(self, **_: str) -> None:
        if self._update:
            raise self._update
        self.done.append("update")

    def delete_stack(self, **_: str) -> None:
        self.done.append("delete")

    def describe_stack_events(self, **_: str) -> dict[str, Any]:
        newest_first = [
            {
                "LogicalResourceId": "Api",
                "ResourceStatus": "CREATE_FAILED",
                "ResourceStatusReason": "cancelled",
            },
            {
                "LogicalResourceId": "Table",
                "ResourceStatus": "CREATE_FAILED",
                "ResourceStatusReason": "no key",
            },
            {"LogicalResourceId": "Queue", "ResourceStatus": "CREATE_COMPLETE"},
        ]
        return {"StackEvents": newest_first}

    def get_waiter(self, _name: str) -> "Formation":
        return self

    def wait(self, **_: Any) -> None:
        if self._fails:
            raise WaiterError("stack_create_complete", "failed", {})


def test_the_first_deployment_creates_the_stack() -> None:
    formation = Formation()

    create_or_update(formation)

    assert formation.done == ["create"]


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_an_existing_stack_is_updated(status: str) -> None:
    formation = Formation(status)

    create_or_update(formation)

    assert formation.done == ["update"]


def test_a_failed_first_deployment_starts_again() -> None:
    formation = Formation("ROLLBACK_COMPLETE")

    create_or_update(formation)

    assert formation.done == ["delete", "create"]


def test_an_update_without_a_change_is_fine() -> None:
    formation = Formation("CREATE_COMPLETE", update=refusal("No updates are to be performed."))

    create_or_update(formation)

    assert formation.done == []


def test_a_deployment_that_takes_too_long_is_not_requested_twice() -> None:
    formation = boto3.client(
        "cloudformation",
        config=ONE_REQUEST,
        endpoint_url="http://localhost:9",
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )
    requests: list[str] = []

    def no_stack(**_: Any) -> None:
        raise refusal("Stack with id image-store does not exist")

    def never_answer(request: Any, **_: Any) -> None:
        requests.append(request.url)
        raise ReadTimeoutError(endpoint_url=request.url)

    formation.meta.events.register("before-parameter-build.cloudformation.DescribeStacks", no_stack)
    formation.meta.events.register("before-send.cloudformation.CreateStack", never_answer)

    with pytest.raises(CannotRun, match="less busy"):
        create_or_update(formation, StackName="image-store")

    assert len(requests) == 1


def test_cloudformations_reason_for_a_refused_template_is_shown() -> None:
    formation = Formation("CREATE_COMPLETE", update=refusal("Template format error"))

    with pytest.raises(CannotRun, match="CloudFormation refused the template: Template format error"):
        create_or_update(formation)


def test_a_failed_deployment_shows_the_first_cause_first() -> None:
    with pytest.raises(CannotRun, match="rolled back: Table: no key; Api: cancelled"):
        create_or_update(Formation(fails=True))


PLACES: dict[str, Any] = {
    "issuer": Issuer(url="http://localhost:2", keys=(), now=lambda: datetime.now(UTC)),
    "second_issuer": Issuer(
        url="http://localhost:2/second", keys=(), now=lambda: datetime.now(UTC), audience="second-app"
    ),
    "r2_endpoint": "http://localhost:1",
    "access": provider_access({}, server="http://localhost:3"),
}


@pytest.fixture
def settings(tmp_path: Any) -> LocalSettings:
    """Settings of a stack at the default port."""
    return local_settings({}, root=tmp_path)


def test_links_in_responses_begin_with_the_api_address(settings: LocalSettings) -> None:
    parameters = parameters_for(settings, **PLACES)

    assert parameters["ApiUrl"] == "http://localhost:8080"
    assert parameters["PublicUrl"] == "http://localhost:8080/cdn"
    assert parameters["Issuer"] == "http://localhost:2"
    assert ("ByteStore" in parameters, parameters["R2Endpoint"]) == (False, "http://localhost:1")
    assert parameters["Architecture"] in {"arm64", "x86_64"}


def test_a_person_can_set_parameters_that_the_launcher_does_not_set(tmp_path: Any) -> None:
    settings = local_settings({"TEMPLATE_PARAMETERS": "RemoteNetworks=127.0.0.2/32"}, root=tmp_path)

    parameters = parameters_for(settings, **PLACES)

    assert parameters["RemoteNetworks"] == "127.0.0.2/32"
    assert parameters["Issuer"] == "http://localhost:2"


def test_apps_on_this_machine_can_have_webhooks_and_nothing_is_fetched_from_them(tmp_path: Any) -> None:
    usual = parameters_for(local_settings({}, root=tmp_path), **PLACES)
    chosen = local_settings({"TEMPLATE_PARAMETERS": "WebhookNetworks=10.0.0.0/8"}, root=tmp_path)

    assert usual["WebhookNetworks"] == "127.0.0.1/32,::1/128"
    assert "RemoteNetworks" not in usual
    assert parameters_for(chosen, **PLACES)["WebhookNetworks"] == "10.0.0.0/8"


def test_the_second_issuer_is_deployed_unless_a_person_names_others(tmp_path: Any) -> None:
    usual = parameters_for(local_settings({}, root=tmp_path), **PLACES)
    others = parameters_for(local_settings({"TEMPLATE_PARAMETERS": "Issuers='[]'"}, root=tmp_path), **PLACES)

    assert json.loads(usual["Issuers"]) == [
        {"issuer": "http://localhost:2/second", "audiences": ["second-app"], "subject_prefix": "second:"}
    ]
    assert others["Issuers"] == "[]"


def test_a_person_cannot_set_a_parameter_of_the_launcher(tmp_path: Any) -> None:
    settings = local_settings({"TEMPLATE_PARAMETERS": "Issuer=https://example.com"}, root=tmp_path)

    with pytest.raises(CannotRun, match="Issuer"):
        parameters_for(settings, **PLACES)


def test_an_unknown_parameter_is_refused_with_the_most_similar_name() -> None:
    with pytest.raises(CannotRun, match=r"names QuotaImage, .* Did you mean QuotaImages\?"):
        require_known(["Issuer", "QuotaImage"], known={"Issuer", "QuotaImages"})


def test_only_the_same_build_with_the_same_parameters_is_not_deployed_again() -> None:
    same = deployment_fingerprint("build", {"a": "1", "b": "2"})

    assert deployment_fingerprint("build", {"b": "2", "a": "1"}) == same
    assert deployment_fingerprint("other", {"a": "1", "b": "2"}) != same
    assert deployment_fingerprint("build", {"a": "1", "b": "3"}) != same


class AnyTag(yaml.CSafeLoader):
    """Reads a template and ignores CloudFormation's tags."""


AnyTag.add_multi_constructor(
    "!", lambda loader, _, node: loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None
)


def test_the_launcher_sets_every_required_parameter_and_no_unknown_one(
    settings: LocalSettings,
) -> None:
    declared = yaml.load((ROOT / "template.yaml").read_text(), AnyTag)["Parameters"]  # noqa: S506 - a safe loader

    parameters = parameters_for(settings, **PLACES)

    assert set(parameters) <= set(declared)
    assert {name for name, parameter in declared.items() if "Default" not in parameter} <= set(parameters)
    for name, value in parameters.items():
        assert re.search(declared[name].get("AllowedPattern", ""), value), name
