"""Values of ``PORT``, ``STATE`` and ``TEMPLATE_PARAMETERS``."""

from pathlib import Path

import pytest

from image_store.entrypoints.callers import protected_resource
from local.problems import CannotRun
from local.settings import MCP_PATH, local_settings

ROOT = Path("/checkout")


def test_without_a_choice_the_stack_is_at_8080_with_its_state_in_the_checkout() -> None:
    settings = local_settings({}, root=ROOT)

    assert settings.api_url == "http://localhost:8080"
    assert settings.public_url == "http://localhost:8080/cdn"
    assert settings.state == ROOT / ".local"


def test_port_and_state_are_taken_from_the_environment() -> None:
    settings = local_settings({"PORT": "9000", "STATE": "/elsewhere/state"}, root=ROOT)

    assert settings.port == 9000
    assert settings.state == Path("/elsewhere/state")


@pytest.mark.parametrize("port", ["abc", "0", "65536", "-1", "80 80", "٣"])
def test_an_invalid_port_is_refused_by_name(port: str) -> None:
    with pytest.raises(CannotRun, match="PORT must be a number"):
        local_settings({"PORT": port}, root=ROOT)


def test_template_parameters_are_pairs_as_a_shell_splits_them() -> None:
    environment = {"TEMPLATE_PARAMETERS": "QuotaImages=3 PublicCacheControl='public, max-age=1'"}

    settings = local_settings(environment, root=ROOT)

    assert settings.template_parameters == {"QuotaImages": "3", "PublicCacheControl": "public, max-age=1"}


@pytest.mark.parametrize("text", ["QuotaImages", "=3", "Quota Images=3", "Name='open"])
def test_template_parameters_that_are_not_pairs_are_refused_by_name(text: str) -> None:
    with pytest.raises(CannotRun, match="TEMPLATE_PARAMETERS must be"):
        local_settings({"TEMPLATE_PARAMETERS": text}, root=ROOT)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("AllowedOrigins=http://localhost:5173/", "without a path or a slash at its end"),
        ("AllowedOrigins=http://localhost:8080,localhost:5173", "an origin is like"),
        ('Issuers=[{"issuer":"http://localhost:9000"}]', "not a JSON list"),
        ("Issuers='{}'", "not a JSON list"),
    ],
)
def test_values_that_would_break_every_request_are_refused_at_the_start(text: str, reason: str) -> None:
    with pytest.raises(CannotRun, match=reason):
        local_settings({"TEMPLATE_PARAMETERS": text}, root=ROOT)


def test_a_list_of_issuers_keeps_its_quotes() -> None:
    issuers = '[{"issuer": "http://localhost:9000", "audiences": ["my-app"]}]'

    settings = local_settings({"TEMPLATE_PARAMETERS": f"Issuers='{issuers}'"}, root=ROOT)

    assert settings.template_parameters == {"Issuers": issuers}


def test_only_the_stacks_own_pages_may_use_it_unless_a_person_names_others() -> None:
    environment = {
        "PORT": "9000",
        "TEMPLATE_PARAMETERS": "AllowedOrigins=http://localhost:5173,http://localhost:3000",
    }

    assert local_settings({"PORT": "9000"}, root=ROOT).origins == {"http://localhost:9000"}
    assert local_settings(environment, root=ROOT).origins == {
        "http://localhost:9000",
        "http://localhost:5173",
        "http://localhost:3000",
    }


def test_the_route_for_ai_clients_is_that_of_the_store() -> None:
    assert MCP_PATH == protected_resource.MCP_PATH
