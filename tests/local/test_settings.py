"""What ``PORT``, ``STATE`` and ``IMAGE_STORE_PARAMETERS`` may be."""

from pathlib import Path

import pytest

from local.problems import CannotRun
from local.settings import local_settings

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
def test_a_port_that_is_none_is_refused_by_name(port: str) -> None:
    with pytest.raises(CannotRun, match="PORT must be a number"):
        local_settings({"PORT": port}, root=ROOT)


def test_parameters_of_the_template_are_read_as_a_json_object() -> None:
    settings = local_settings({"IMAGE_STORE_PARAMETERS": '{"TrashRetentionDays": "0"}'}, root=ROOT)

    assert settings.parameters == {"TrashRetentionDays": "0"}
    assert local_settings({}, root=ROOT).parameters == {}


@pytest.mark.parametrize("text", ["TrashRetentionDays=0", "[]", '"text"', '{"TrashRetentionDays": 0}'])
def test_parameters_that_are_no_object_of_texts_are_refused_by_name(text: str) -> None:
    with pytest.raises(CannotRun, match="IMAGE_STORE_PARAMETERS must be a JSON object of texts"):
        local_settings({"IMAGE_STORE_PARAMETERS": text}, root=ROOT)
