"""Guards, and functions that read the processed template."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

type Template = dict[str, Any]
type Look = Callable[[Template], Iterator[str]]
type Break = Callable[[Template], object]

STACK_NAME_CHARS = 28
"""The longest stack name that the documentation allows: the ingest bucket's name must fit into 63 characters."""
LONGEST_PSEUDO_PARAMETERS = {
    "AWS::StackName": "s" * STACK_NAME_CHARS,
    "AWS::AccountId": "1" * 12,
    "AWS::Region": "ap-southeast-1",  # none is longer
    "AWS::Partition": "aws-us-gov",
    "AWS::URLSuffix": "amazonaws.com.cn",
}
_VARIABLE = re.compile(r"\$\{([\w:]+)(?:\.\w+)*\}")


@dataclass(frozen=True, slots=True)
class Guard:
    """One documented refusal: its source, how to detect it, and how to provoke it."""

    name: str
    source: str
    look: Look
    breaks: Break


GUARDS: list[Guard] = []


def guard(source: str, *, breaks: Break) -> Callable[[Look], Look]:
    """Register a function as a guard; `source` is the page or thread that documents the refusal."""

    def enter(look: Look) -> Look:
        GUARDS.append(Guard(look.__name__, source, look, breaks))
        return look

    return enter


def of_type(template: Template, kind: str) -> dict[str, dict[str, Any]]:
    """The properties of all resources of a type, by their logical ids."""
    return {
        name: resource.get("Properties", {})
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def properties(template: Template, name: str) -> dict[str, Any]:
    """The properties of one resource."""
    resource_properties: dict[str, Any] = template["Resources"][name]["Properties"]
    return resource_properties


def alternatives(value: Any) -> list[Any]:
    """All values under any conditions, except AWS::NoValue."""
    match value:
        case {"Fn::If": [_, yes, no]}:
            return [*alternatives(yes), *alternatives(no)]
        case {"Ref": "AWS::NoValue"}:
            return []
    return [value]


def possible_texts(value: Any) -> list[str]:
    """Every text that a value becomes under any conditions; names of resources and parameters stay as they are."""
    match value:
        case {"Fn::If": [_, yes, no]}:
            return [*possible_texts(yes), *possible_texts(no)]
        case {"Fn::Sub": [str(text), dict(variables)]}:
            texts = [text]
            for name, inner in variables.items():
                texts = [each.replace(f"${{{name}}}", new) for each in texts for new in possible_texts(inner)]
            return texts
        case {"Fn::Sub": str(text)}:
            return [text]
    return [str(value)]


def by_default(template: Template, value: Any) -> Any:
    """The value when every parameter has its default; None for AWS::NoValue."""
    match value:
        case {"Fn::If": [condition, yes, no]}:
            return by_default(template, yes if _holds(template, {"Condition": condition}) else no)
        case {"Ref": "AWS::NoValue"}:
            return None
        case {"Ref": str(name)} if name in template["Parameters"]:
            return template["Parameters"][name].get("Default", "")
    return value


def _holds(template: Template, condition: Any) -> bool:
    match condition:
        case {"Condition": str(name)}:
            return _holds(template, template["Conditions"][name])
        case {"Fn::Not": [inner]}:
            return not _holds(template, inner)
        case {"Fn::Or": conditions}:
            return any(_holds(template, each) for each in conditions)
        case {"Fn::And": conditions}:
            return all(_holds(template, each) for each in conditions)
        case {"Fn::Equals": [left, right]}:
            return str(by_default(template, left)) == str(by_default(template, right))
    raise AssertionError(condition)


def target_of(value: Any) -> str:
    """The logical id of the resource that a value refers to, or an empty text."""
    match value:
        case {"Ref": str(name)}:
            return name
        case {"Fn::GetAtt": [str(name), _]}:
            return name
        case {"Fn::Sub": str(text)} if variable := _VARIABLE.search(text):
            return variable[1]
    return ""


def longest(template: Template, value: Any) -> str:
    """The longest text that a value can become, with `"` for each character that JSON must escape."""
    match value:
        case {"Fn::If": _}:
            return max((longest(template, each) for each in alternatives(value)), key=len, default="")
        case {"Fn::Sub": [str(text), dict(variables)]}:
            return _VARIABLE.sub(
                lambda variable: _variable(template, variable[0], variable[1], variables), text
            )
        case {"Fn::Sub": str(text)}:
            return _VARIABLE.sub(lambda variable: _variable(template, variable[0], variable[1], {}), text)
        case {"Ref": str(name)} if name in template["Parameters"]:
            return longest_parameter(template["Parameters"][name])
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), _]}:
            return LONGEST_PSEUDO_PARAMETERS.get(name) or _longest_of_resource(template, name)
    return str(value)


def longest_parameter(parameter: dict[str, Any]) -> str:
    """The longest value that CloudFormation accepts for a parameter."""
    if "AllowedValues" in parameter:
        return max(map(str, parameter["AllowedValues"]), key=len)
    if parameter["Type"] == "Number":
        return "9" * max(len(str(parameter.get("MaxValue", 10**15))), 16)
    characters = int(parameter.get("MaxLength", 4096))
    pattern = re.compile(parameter.get("AllowedPattern", ".*"))
    takes_quotes = any(pattern.search(text) for text in ('["]', '{"}', '"'))
    return ('"' if takes_quotes else "x") * characters


def _variable(template: Template, placeholder: str, name: str, variables: dict[str, Any]) -> str:
    if name in variables:
        return longest(template, variables[name])
    return longest(template, {"Fn::GetAtt": [name, ""]} if "." in placeholder else {"Ref": name})


def _longest_of_resource(template: Template, name: str) -> str:
    """The longest value of a reference to a resource: a generated name, an ARN or a URL."""
    physical_name = f"{LONGEST_PSEUDO_PARAMETERS['AWS::StackName']}-{name}-{'X' * 13}"
    resource = template["Resources"][name]
    match resource["Type"]:
        case "AWS::SQS::Queue":
            return f"https://sqs.ap-southeast-1.amazonaws.com/{'1' * 12}/{physical_name}"
        case "AWS::KMS::Key":
            return f"arn:aws-us-gov:kms:ap-southeast-1:{'1' * 12}:key/{'x' * 36}"
        case "AWS::Lambda::Function":
            return physical_name[:64]
        case "AWS::S3::Bucket":
            return longest(template, resource["Properties"]["BucketName"])
    return physical_name
