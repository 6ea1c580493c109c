"""CloudFormation and the services refuse nothing that cfn-lint accepts.

Each guard names the page that documents the refusal, and finds a template that was broken on purpose.
"""

from __future__ import annotations

import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.template.refusals import api, functions, stack, storage, watching
from tests.template.refusals.guards import GUARDS, STACK_NAME_CHARS, Guard

ROOT = Path(__file__).resolve().parents[2]
MODULES = (api, functions, stack, storage, watching)
DIRECT_BYTES = 51_200
"""A larger template must be uploaded to S3."""


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_the_template_is_not_refused(guard: Guard, processed: dict[str, Any]) -> None:
    assert list(guard.look(processed)) == [], guard.source


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_a_template_that_would_be_refused_is_found(guard: Guard, processed: dict[str, Any]) -> None:
    broken = deepcopy(processed)

    guard.breaks(broken)

    assert list(guard.look(broken)), guard.source


def test_every_guard_names_what_documents_the_refusal() -> None:
    assert {guard.look.__module__ for guard in GUARDS} == {module.__name__ for module in MODULES}
    for guard in GUARDS:
        assert guard.source.startswith(("https://docs.aws.amazon.com/", "https://github.com/aws")), guard.name


def test_sam_hands_over_by_s3_what_is_too_large_for_a_request() -> None:
    template_bytes = (ROOT / "template.yaml").stat().st_size
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text())
    environments = [value for value in settings.values() if isinstance(value, dict)]
    deployments = [environment["deploy"]["parameters"] for environment in environments]

    assert template_bytes > DIRECT_BYTES
    assert deployments
    assert all(deployment["resolve_s3"] is True for deployment in deployments)


def test_the_names_of_stacks_fit_into_the_name_of_a_bucket() -> None:
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text())
    environments = [value for value in settings.values() if isinstance(value, dict)]
    names = [environment["deploy"]["parameters"]["stack_name"] for environment in environments]

    assert all(len(name) <= STACK_NAME_CHARS and name == name.lower() for name in names)
    assert f"at most {STACK_NAME_CHARS} characters" in " ".join(
        (ROOT / "docs/deploying.md").read_text().split()
    )
