"""A template is transformed once for all stacks."""

from __future__ import annotations

import importlib.metadata
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from local.inside_emulator.shared_folder import SharedFolder
from local.inside_emulator.transforms import TRANSFORM, transform_templates_once

if TYPE_CHECKING:
    from pathlib import Path

TEMPLATE = {"Transform": TRANSFORM, "Resources": {"Table": {"Type": "AWS::Serverless::SimpleTable"}}}


class Transforming:
    """MiniStack's transform, which is counted."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, template: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        self.calls += 1
        return {**template, "transformed": True}


@pytest.fixture
def transforming(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Transforming:
    counted = Transforming()
    names = ("engine", "handlers", "changesets")
    for name in names:
        module = SimpleNamespace(_apply_transforms=counted, get_region=lambda: "us-east-1")
        monkeypatch.setitem(sys.modules, f"ministack.services.cloudformation.{name}", module)
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "1")
    transform_templates_once(SharedFolder(tmp_path))
    return counted


def apply(module: str, template: dict[str, Any]) -> Any:
    return sys.modules[f"ministack.services.cloudformation.{module}"]._apply_transforms(template, [])  # noqa: SLF001


def test_the_same_template_is_transformed_once(transforming: Transforming) -> None:
    answers = [apply(module, TEMPLATE) for module in ("handlers", "changesets", "engine")]

    assert answers == [{**TEMPLATE, "transformed": True}] * 3
    assert transforming.calls == 1


def test_a_caller_may_change_its_template(transforming: Transforming) -> None:
    apply("handlers", TEMPLATE)["Resources"].clear()

    assert apply("handlers", TEMPLATE)["Resources"] == TEMPLATE["Resources"]
    assert transforming.calls == 1


def test_another_template_is_transformed_separately(transforming: Transforming) -> None:
    apply("handlers", TEMPLATE)

    assert "Outputs" in apply("handlers", {**TEMPLATE, "Outputs": {}})
    assert transforming.calls == 2


@pytest.mark.parametrize(
    "template",
    [
        {"Resources": {}},
        {**TEMPLATE, "Transform": [TRANSFORM, "AWS::LanguageExtensions"]},
        {**TEMPLATE, "Outputs": {"Fn::Transform": {"Name": "AWS::Include"}}},
    ],
)
def test_what_may_depend_on_more_is_transformed_each_time(
    transforming: Transforming, template: dict[str, Any]
) -> None:
    apply("handlers", template)
    apply("handlers", template)

    assert transforming.calls == 2
