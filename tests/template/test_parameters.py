"""The template's parameters and the two environments of samconfig.toml."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from image_store.domain.generation.providers import Provider

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = "0123456789abcdef0123456789abcdef"
GOOD = [
    ("Issuer", "https://clerk.example.com"),
    ("Issuer", "https://tenant.eu.auth0.com/"),
    ("Issuer", "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf"),
    ("Issuer", "http://localhost:28080"),
    ("Audience", "image-store"),
    ("Audience", "https://api.example.com,2nd"),
    ("IngestWriters", ""),
    ("IngestWriters", "arn:aws:iam::123456789012:root"),
    ("IngestWriters", "arn:aws:iam::123456789012:role/team/writer,arn:aws-cn:iam::210987654321:user/a@b"),
    ("AlarmEmail", ""),
    ("AlarmEmail", "on-call@example.com"),
    ("TableName", ""),
    ("TableName", "image-store-2"),
    ("MigrationTable", ""),
    ("MigrationTable", "chat.messages-2_old"),
    ("R2AccountId", ""),
    ("R2AccountId", ACCOUNT),
    ("R2Endpoint", ""),
    ("R2Endpoint", f"https://{ACCOUNT}.eu.r2.cloudflarestorage.com"),
    ("R2Endpoint", "http://localhost:4566"),
    ("R2SecretName", ""),
    ("R2SecretName", "team/r2"),
    ("PrivateBucket", "my-images"),
    ("PublicStoreEndpoint", ""),
    ("PublicStoreEndpoint", "https://s3.example.com"),
    ("PublicStoreRegion", "us-west-004"),
    ("PublicStoreSecretName", "team/public"),
    ("CloudFrontDistributionId", ""),
    ("CloudFrontDistributionId", "EDFDVBD6EXAMPLE"),
    ("PublicBucket", ""),
    ("PublicUrl", ""),
    ("PublicUrl", "https://images.example.com"),
    ("PublicUrl", "http://localhost:8080/cdn"),
    ("ApiUrl", "https://api.example.com"),
    ("OpenAiUrl", ""),
    ("OpenAiUrl", "https://ai.example.com"),
    ("PublicCacheControl", ""),
    ("PublicCacheControl", "public, max-age=31536000, immutable"),
    ("CloudflareZoneId", ""),
    ("CloudflareZoneId", ACCOUNT),
    ("CloudflareSecretName", ""),
    ("CloudflareSecretName", "team/cloudflare"),
    ("CloudflareApiUrl", "https://api.cloudflare.com"),
    ("CloudflareApiUrl", "http://127.0.0.1:4567"),
    ("Presets", ""),
    ("Presets", "w320=320x;card=600x400,cover,smart,q75;tall=x900,0.25:0.4,avif,webp"),
    ("RemoteHosts", ""),
    ("AdminSubjects", ""),
    ("AdminSubjects", "user_1,auth0|2"),
    ("CleanupPolicies", '[{"kind": "generated"}]'),
    ("RemoteHosts", ".example.com,images.example.org,xn--bcher-kva.example"),
    ("Providers", ""),
    ("Providers", "google"),
    ("Providers", "pollinations,cloudflare,openai,google"),
    ("ImportSecretName", ""),
    ("ImportSecretName", "team/imports"),
    ("ProvidersSecretName", ""),
    ("ProvidersSecretName", "team/providers"),
    ("ProviderUrls", "{}"),
    ("ProviderUrls", '{"openai": "https://llm.example.com/v1"}'),
    ("RemoteNetworks", ""),
    ("RemoteNetworks", "10.0.0.0/16,fd12:3456::/32"),
    ("WebhookNetworks", ""),
    ("WebhookNetworks", "127.0.0.1/32,::1/128"),
]
BAD = [
    ("Issuer", ""),
    ("Issuer", "clerk.example.com"),
    ("Issuer", "http://clerk.example.com"),
    ("Issuer", "https://clerk.example.com?x=1"),
    ("Audience", ""),
    ("Audience", "a, b"),
    ("Audience", "a,,b"),
    ("IngestWriters", "*"),
    ("IngestWriters", "arn:aws:iam::123456789012:role/*"),
    ("IngestWriters", "arn:aws:iam::123456789012:root, arn:aws:iam::210987654321:root"),
    ("IngestWriters", "arn:aws:s3:::bucket"),
    ("MigrationTable", "arn:aws:dynamodb:eu-west-1:123456789012:table/messages"),
    ("TableName", "arn:aws:dynamodb:eu-west-1:123456789012:table/image-store-2"),
    ("TableName", "my table"),
    ("MigrationTable", "*"),
    ("MigrationTable", "a,b"),
    ("R2AccountId", f"https://{ACCOUNT}.r2.cloudflarestorage.com"),
    ("R2AccountId", ACCOUNT[1:]),
    ("R2Endpoint", f"https://{ACCOUNT}.r2.cloudflarestorage.com/my-bucket"),
    ("R2Endpoint", "http://example.com"),
    ("R2SecretName", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:r2-AbCdEf"),
    ("PrivateBucket", ""),
    ("PublicStoreEndpoint", "https://s3.example.com/bucket"),
    ("PublicStoreRegion", ""),
    ("CloudFrontDistributionId", "d111111abcdef8.cloudfront.net"),
    ("CloudFrontDistributionId", "arn:aws:cloudfront::123456789012:distribution/EDFDVBD6EXAMPLE"),
    ("PrivateBucket", "My_Images"),
    ("PublicUrl", "https://images.example.com/"),
    ("PublicUrl", "images.example.com"),
    ("ApiUrl", "https://api.example.com/"),
    ("OpenAiUrl", "https://ai.example.com/"),
    ("OpenAiUrl", "http://ai.example.com"),
    ("PublicCacheControl", "public\r\nSet-Cookie: a=b"),
    ("CloudflareZoneId", "images.example.com"),
    ("CloudflareZoneId", ACCOUNT[1:]),
    ("CloudflareSecretName", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:cloudflare-AbCdEf"),
    ("CloudflareApiUrl", ""),
    ("CloudflareApiUrl", "http://api.cloudflare.com"),
    ("CloudflareApiUrl", "https://api.cloudflare.com/client/v4"),
    ("Presets", "w320"),
    ("Presets", "w320=320x card=600x400"),
    ("Presets", "W320=320x"),
    ("RemoteHosts", "https://images.example.com"),
    ("AdminSubjects", "user_1, user_2"),
    ("CleanupPolicies", '{"kind": "generated"}'),
    ("RemoteHosts", "images.example.com:8443"),
    ("RemoteHosts", "*.example.com"),
    ("RemoteHosts", "a.example, b.example"),
    ("RemoteHosts", "Example.com"),
    ("Providers", "midjourney"),
    ("Providers", "google, openai"),
    ("ImportSecretName", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:imports-AbCdEf"),
    ("ProvidersSecretName", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:providers-AbCdEf"),
    ("ProviderUrls", "https://llm.example.com/v1"),
    ("RemoteNetworks", "10.0.0.1"),
    ("WebhookNetworks", "localhost"),
    ("RemoteNetworks", "10.0.0.0/16, 10.1.0.0/16"),
]


def accepts(template: dict[str, Any], name: str, value: str) -> bool:
    """Return whether CloudFormation accepts the value."""
    return re.search(template["Parameters"][name]["AllowedPattern"], value) is not None


@pytest.mark.parametrize(("name", "value"), GOOD)
def test_a_valid_value_is_accepted(name: str, value: str, template: dict[str, Any]) -> None:
    assert accepts(template, name, value)


@pytest.mark.parametrize(("name", "value"), BAD)
def test_an_invalid_value_is_refused_with_a_sentence(name: str, value: str, template: dict[str, Any]) -> None:
    assert not accepts(template, name, value)
    assert template["Parameters"][name]["ConstraintDescription"].startswith("must be ")


@pytest.mark.parametrize("provider", Provider)
def test_every_provider_can_be_chosen_and_its_cost_is_on_the_dashboard(
    provider: Provider, template: dict[str, Any]
) -> None:
    dashboard, _ = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]

    assert accepts(template, "Providers", provider)
    assert accepts(template, "Providers", f"{provider},{provider}")
    assert f" {provider}" in template["Parameters"]["Providers"]["ConstraintDescription"]
    assert f'"{provider}"]' in dashboard


def test_all_providers_fit_into_their_parameter(template: dict[str, Any]) -> None:
    pattern = template["Parameters"]["Providers"]["AllowedPattern"]

    assert len(",".join(Provider)) <= template["Parameters"]["Providers"]["MaxLength"]
    assert set(re.findall("[a-z]+", pattern)) == set(Provider)


def test_every_parameter_is_described_and_in_one_group(template: dict[str, Any]) -> None:
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]

    assert sorted(grouped) == sorted(template["Parameters"])
    assert all(parameter["Description"] for parameter in template["Parameters"].values())


def test_no_secret_is_a_parameter(template: dict[str, Any]) -> None:
    assert not [name for name, parameter in template["Parameters"].items() if "NoEcho" in parameter]


def test_the_outputs_are_what_the_readme_promises(template: dict[str, Any]) -> None:
    assert set(template["Outputs"]) == {
        "AlarmTopicArn",
        "ApiUrl",
        "OpenAiUrl",
        "TableName",
        "EventBusName",
        "IngestBucketName",
        "IngestQueueUrl",
        "GenerationQueueUrl",
        "GenerationDeadLetterQueueUrl",
        "DeliveryQueueUrl",
        "DeliveryDeadLetterQueueUrl",
        "WorkQueueUrl",
        "WorkDeadLetterQueueUrl",
        "DeadLetterQueueUrl",
        "ProjectionDeadLetterQueueUrl",
        "AuditDeadLetterQueueUrl",
        "AuditLogGroupName",
        "RebuildFunctionName",
    }


@pytest.fixture(scope="module")
def samconfig() -> dict[str, Any]:
    """The settings of the SAM CLI by environment."""
    return tomllib.loads((ROOT / "samconfig.toml").read_text())


def overrides(samconfig: dict[str, Any], environment: str) -> dict[str, str]:
    """The template parameters that an environment sets."""
    entries = samconfig[environment]["deploy"]["parameters"]["parameter_overrides"]
    return dict(entry.split("=", 1) for entry in entries)


def test_dev_is_the_default_environment(samconfig: dict[str, Any]) -> None:
    assert samconfig["default"] == samconfig["dev"]


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_an_environment_asks_before_it_changes_anything(environment: str, samconfig: dict[str, Any]) -> None:
    deploy = samconfig[environment]["deploy"]["parameters"]

    assert deploy["confirm_changeset"] is True
    assert deploy["resolve_s3"] is True
    assert deploy["capabilities"] == "CAPABILITY_IAM"


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_unfilled_placeholders_are_refused(
    environment: str, samconfig: dict[str, Any], template: dict[str, Any]
) -> None:
    values = overrides(samconfig, environment)
    required = {name for name, parameter in template["Parameters"].items() if "Default" not in parameter}
    unfilled = {name: value for name, value in values.items() if value.startswith("<")}

    assert required <= values.keys() <= template["Parameters"].keys()
    assert required <= unfilled.keys()
    for name, value in unfilled.items():
        assert not accepts(template, name, value)


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_filled_in_values_are_allowed(
    environment: str, samconfig: dict[str, Any], template: dict[str, Any]
) -> None:
    for name, value in overrides(samconfig, environment).items():
        allowed = template["Parameters"][name].get("AllowedValues")
        assert allowed is None or value in map(str, allowed)


def test_the_environments_are_two_stacks(samconfig: dict[str, Any]) -> None:
    names = {samconfig[name]["deploy"]["parameters"]["stack_name"] for name in ("dev", "prod")}

    assert len(names) == 2
