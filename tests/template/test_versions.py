"""Functions with an alias: which version it points to, and when that changes."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.template.conftest import transformed

KEPT_STARTED = ("LinksFunction", "ListFunction", "RetrieveFunction")
LAYERS_OF_ALL = ("SharedLayer", "DependenciesLayer")
LAYER_OF_ONE = "CryptoLayer"
NOT_OF_A_VERSION = {"ProvisionedConcurrencyConfig", "ReservedConcurrentExecutions", "Events"}
"""Parameters that take effect without a new version."""


def of_type(template: dict[str, Any], resource_type: str) -> dict[str, dict[str, Any]]:
    return {
        name: resource["Properties"] | {"DeletionPolicy": resource.get("DeletionPolicy")}
        for name, resource in template["Resources"].items()
        if resource["Type"] == resource_type
    }


def versions(template: dict[str, Any]) -> dict[str, str]:
    """The logical id of each function's version, by function."""
    return {
        version["FunctionName"]["Ref"]: name
        for name, version in of_type(template, "AWS::Lambda::Version").items()
    }


def names(value: Any) -> list[str]:
    """Parameters, resources and conditions that a part of the template refers to."""
    if isinstance(value, list):
        return [name for part in value for name in names(part)]
    if not isinstance(value, dict):
        return []
    inner = names(list(value.values()))
    for reference in (value[key] for key in ("Ref", "Fn::Sub", "Fn::If", "Condition") if key in value):
        first = reference[0] if isinstance(reference, list) else reference
        inner += re.findall(r"\$\{(\w+)", first) if "Fn::Sub" in value else [first]
    return inner


def parameters_in(value: Any, template: dict[str, Any]) -> set[str]:
    """The parameters on which a part of the template depends, including its conditions."""
    all_names = set(names(value))
    conditions = all_names & template["Conditions"].keys()
    inner = [parameters_in(template["Conditions"][name], template) for name in conditions]
    return set().union(all_names & template["Parameters"].keys(), *inner)


def test_the_functions_that_answer_reads_have_an_alias(processed: dict[str, Any]) -> None:
    aliases = of_type(processed, "AWS::Lambda::Alias").values()

    assert tuple(sorted(alias["FunctionName"]["Ref"] for alias in aliases)) == KEPT_STARTED
    assert tuple(sorted(versions(processed))) == KEPT_STARTED


def test_no_instance_is_kept_started_by_default(template: dict[str, Any], processed: dict[str, Any]) -> None:
    assert template["Parameters"]["WarmInstances"]["Default"] == 0
    assert template["Parameters"]["SnapStart"]["Default"] == "None"
    for alias in of_type(processed, "AWS::Lambda::Alias").values():
        assert alias["ProvisionedConcurrencyConfig"] == {
            "Fn::If": [
                "KeepsWarm",
                {"ProvisionedConcurrentExecutions": {"Ref": "WarmInstances"}},
                {"Ref": "AWS::NoValue"},
            ]
        }
    for name in KEPT_STARTED:
        assert processed["Resources"][name]["Properties"]["SnapStart"] == {"ApplyOn": {"Ref": "SnapStart"}}


def test_a_superseded_version_is_deleted(processed: dict[str, Any]) -> None:
    versions = of_type(processed, "AWS::Lambda::Version").values()

    assert [version["DeletionPolicy"] for version in versions] == ["Delete"] * len(KEPT_STARTED)


@pytest.fixture(scope="module")
def after_change() -> dict[str, dict[str, str]]:
    """The versions after a change of one function's or one layer's code."""
    templates = transformed(*KEPT_STARTED, *LAYERS_OF_ALL, LAYER_OF_ONE)
    return {changed: versions(template) for changed, template in templates.items()}


@pytest.mark.parametrize("changed", LAYERS_OF_ALL)
def test_a_changed_layer_makes_a_new_version_of_each(
    processed: dict[str, Any], after_change: dict[str, dict[str, str]], changed: str
) -> None:
    before, after = versions(processed), after_change[changed]

    assert all(before[name] != after[name] for name in KEPT_STARTED)


def test_a_changed_layer_of_one_function_makes_a_new_version_of_it_only(
    processed: dict[str, Any], after_change: dict[str, dict[str, str]]
) -> None:
    before, after = versions(processed), after_change[LAYER_OF_ONE]

    assert [name for name in KEPT_STARTED if before[name] != after[name]] == ["RetrieveFunction"]


@pytest.mark.parametrize("changed", KEPT_STARTED)
def test_changed_code_makes_a_new_version_of_its_function(
    processed: dict[str, Any], after_change: dict[str, dict[str, str]], changed: str
) -> None:
    before, after = versions(processed), after_change[changed]

    assert [name for name in KEPT_STARTED if before[name] != after[name]] == [changed]


def test_a_changed_parameter_makes_a_new_version(template: dict[str, Any], processed: dict[str, Any]) -> None:
    """SAM's digest ignores parameters, but CloudFormation replaces a version when its description changes."""
    counted = set(names(template["Resources"]["ReadSettingsVersion"]["Properties"]["Content"]))

    used: set[str] = set()
    for name in KEPT_STARTED:
        properties = template["Resources"][name]["Properties"]
        of_its_versions = [properties[key] for key in properties.keys() - NOT_OF_A_VERSION]
        used |= parameters_in([template["Globals"]["Function"], of_its_versions], template)
    described = [version["Description"] for version in of_type(processed, "AWS::Lambda::Version").values()]
    functions = [processed["Resources"][name]["Properties"]["Description"] for name in KEPT_STARTED]

    # The table's name is no parameter of these functions; a table that replaces a lost one has another.
    assert used | {"Table"} == counted
    assert len(described) == len(KEPT_STARTED)
    assert all("${ReadSettingsVersion}" in text["Fn::Sub"] for text in (*described, *functions))


def test_every_layer_of_published_functions_makes_new_versions(template: dict[str, Any]) -> None:
    layers = {
        layer["Ref"]
        for name in KEPT_STARTED
        for layer in (  # SAM adds a function's own layers to those of all
            *template["Globals"]["Function"]["Layers"],
            *template["Resources"][name]["Properties"].get("Layers", ()),
        )
    }

    assert all(template["Resources"][layer]["Properties"]["PublishLambdaVersion"] for layer in layers)
