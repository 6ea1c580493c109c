"""The template as a whole: its parameters, rules and sizes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tests.template.refusals.guards import Template, guard

if TYPE_CHECKING:
    from collections.abc import Iterator

QUOTAS = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"
_OF_RULES = {
    "Fn::And",
    "Fn::Contains",
    "Fn::EachMemberEquals",
    "Fn::EachMemberIn",
    "Fn::Equals",
    "Fn::Not",
    "Fn::Or",
    "Fn::RefAll",
    "Fn::ValueOf",
    "Fn::ValueOfAll",
}


@guard(
    QUOTAS,
    breaks=lambda template: template["Parameters"].update({f"P{n}": {"Type": "String"} for n in range(200)}),
)
def a_template_keeps_within_its_quotas(template: Template) -> Iterator[str]:
    for part, most in {"Parameters": 200, "Outputs": 200, "Mappings": 200, "Resources": 500}.items():
        if len(template.get(part, {})) > most:
            yield f"more than {most} {part}"
        for name in template.get(part, {}):
            if not re.fullmatch(r"[A-Za-z0-9]{1,255}", name):
                yield f"{part}: {name}"
    if len(template["Description"].encode()) > 1024:
        yield "the description is too long"


@guard(QUOTAS, breaks=lambda template: template.update(Metadata={"notes": "x" * 1_000_000}))
def a_template_is_smaller_than_1_mb(template: Template) -> Iterator[str]:
    if len(json.dumps(template).encode()) > 1_000_000:
        yield "S3 hands over no more"


def _refused_default(parameter: dict[str, Any]) -> bool:
    value = parameter["Default"]
    if "AllowedValues" in parameter:
        return value not in parameter["AllowedValues"]
    if parameter["Type"] == "Number":
        return not parameter.get("MinValue", value) <= value <= parameter.get("MaxValue", value)
    too_long = len(value) > parameter.get("MaxLength", 4096)
    return too_long or not re.search(parameter.get("AllowedPattern", ""), value)


@guard(
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html",
    breaks=lambda template: template["Parameters"]["Presets"].update(Default="W320"),
)
def a_default_keeps_the_constraints_of_its_parameter(template: Template) -> Iterator[str]:
    for name, parameter in template["Parameters"].items():
        if "Default" in parameter and _refused_default(parameter):
            yield name
        if len(parameter["Description"].encode()) > 4000:
            yield f"{name}: its description is too long"


def _used(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name, inner
            yield from _used(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _used(inner)


@guard(
    "https://docs.aws.amazon.com/servicecatalog/latest/adminguide/intrinsic-function-reference-rules.html",
    breaks=lambda template: template["Rules"].update(
        New={"Assertions": [{"Assert": {"Fn::Equals": [{"Fn::Join": ["", []]}, ""]}}]}
    ),
)
def a_rule_uses_only_parameters_and_functions_of_rules(template: Template) -> Iterator[str]:
    for name, rule in template["Rules"].items():
        for used, value in _used(rule):
            if used.startswith("Fn::") and used not in _OF_RULES:
                yield f"{name}: {used}"
            if used == "Ref" and value not in template["Parameters"]:
                yield f"{name}: {value} is no parameter"


@guard(
    "https://docs.aws.amazon.com/appconfig/2019-10-09/APIReference/API_CreateApplication.html",
    breaks=lambda template: template["Resources"]["ReadSettings"]["Properties"].update(Name="x" * 65),
)
def an_application_of_appconfig_has_a_name_of_at_most_64_characters(template: Template) -> Iterator[str]:
    for name, resource in template["Resources"].items():
        is_of_appconfig = resource["Type"].startswith("AWS::AppConfig::")
        if is_of_appconfig and len(resource["Properties"].get("Name", "")) > 64:
            yield name
