"""The template's roles with values of its parameters, evaluated as by IAM."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
REGION, ACCOUNT, STACK = "us-east-1", "123456789012", "image-store"
IN_OWN_ACCOUNT = (("aws:ResourceAccount", ACCOUNT),)
"""What a call for a bucket of the stack's own account says of it, for conditions."""
PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::StackName": STACK,
    "AWS::URLSuffix": "amazonaws.com",
}
_VARIABLE = re.compile(r"\$\{([\w:]+)(\.Arn)?\}")
_NOTHING = object()


class _LongForm(yaml.CSafeLoader):
    """Reads CloudFormation's tags in their long form; the linter's own reader takes seconds to import."""


def _long_form(loader: _LongForm, name: str, node: yaml.Node) -> dict[str, Any]:
    match node:
        case yaml.ScalarNode():
            value: Any = loader.construct_scalar(node)
            value = value.split(".", 1) if name == "GetAtt" else value
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case yaml.MappingNode():
            value = loader.construct_mapping(node, deep=True)
        case _:
            raise AssertionError(node)
    return {name if name in {"Ref", "Condition"} else f"Fn::{name}": value}


_LongForm.add_multi_constructor("!", _long_form)


@cache
def written_template() -> dict[str, Any]:
    """The unprocessed ``template.yaml``; the transform does not change roles."""
    template: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text("utf-8"), _LongForm)  # noqa: S506 - a safe loader
    return template


@dataclass(frozen=True, slots=True)
class Need:
    """The permission that a call needs: an action on a resource, with the values for conditions."""

    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Grant:
    """One action of one statement, on one of its resources and for one value of its condition."""

    statement: str
    action: str
    only: str = ""
    """The resource or value, where the statement has several of them."""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.statement, self.action, self.only)))


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of a role's policy, for one of its resources and one value of each condition."""

    sid: str
    actions: tuple[str, ...]
    resource: str
    conditions: Mapping[str, Mapping[str, str]]
    only: str = ""
    """The resource or value that distinguishes it from others of the same statement."""

    def allows(self, need: Need) -> bool:
        """Whether this statement grants what a call needs."""
        return (
            need.action in self.actions
            and fnmatchcase(need.resource, self.resource)
            and all(
                _holds(operator, dict(need.context).get(key), expected)
                for operator, compared in self.conditions.items()
                for key, expected in compared.items()
            )
        )

    def grants(self, *actions: str) -> set[Grant]:
        """The grants of some of its actions."""
        return {Grant(self.sid, action, self.only) for action in actions}


def _holds(operator: str, value: str | None, expected: str) -> bool:
    match operator:
        case "StringEquals":
            return value == expected
        case "StringLike" | "ForAllValues:StringLike":  # of keys with one value here
            return value is not None and fnmatchcase(value, expected)
        case "StringLikeIfExists":
            return value is None or fnmatchcase(value, expected)
    raise AssertionError(operator)


class Roles:
    """The roles of a deployment: `parameters` where they are not the defaults, `names` of resources by logical id."""

    def __init__(
        self,
        parameters: Mapping[str, str],
        names: Mapping[str, str],
        *,
        template: Mapping[str, Any] | None = None,
    ) -> None:
        self._template = template or written_template()
        defaults = {name: each.get("Default", "x") for name, each in self._template["Parameters"].items()}
        self._values = defaults | PSEUDO | dict(parameters)
        self._names = names
        self._of: dict[str, tuple[Statement, ...]] = {}
        self._granting: dict[tuple[str, Need], set[Grant]] = {}

    def of(self, function: str) -> tuple[Statement, ...]:
        """The statements of a function's role; `function` is the name of its folder."""
        if function not in self._of:
            role = self._template["Resources"][f"{function.capitalize()}Role"]["Properties"]
            lists = self._value([policy["PolicyDocument"]["Statement"] for policy in role["Policies"]])
            self._of[function] = tuple(
                one for statements in lists for each in statements for one in _statements(each)
            )
        return self._of[function]

    def granting(self, function: str, need: Need) -> set[Grant]:
        """The grants of a role that allow something; empty if none does."""
        key = (function, need)
        if key not in self._granting:
            self._granting[key] = {
                grant
                for statement in self.of(function)
                if statement.allows(need)
                for grant in statement.grants(need.action)
            }
        return self._granting[key]

    def functions(self) -> list[str]:
        """All functions, by the names of their folders."""
        return [
            name.removesuffix("Function").lower()
            for name, resource in self._template["Resources"].items()
            if resource["Type"] == "AWS::Serverless::Function"
        ]

    def events(self, function: str) -> list[dict[str, Any]]:
        """The event sources of a function."""
        properties = self._template["Resources"][f"{function.capitalize()}Function"]["Properties"]
        return list(properties.get("Events", {}).values())

    def grants(self, function: str) -> set[Grant]:
        """All grants of a role."""
        return {grant for each in self.of(function) for grant in each.grants(*each.actions)}

    def arn(self, name: str) -> str:
        """The ARN of a resource of the template."""
        physical_name = self._names.get(name, name)
        match self._template["Resources"][name]["Type"]:
            case "AWS::DynamoDB::Table":
                return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{physical_name}"
            case "AWS::S3::Bucket":
                return f"arn:aws:s3:::{physical_name}"
            case "AWS::KMS::Key":
                return f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{physical_name}"
            case "AWS::Serverless::Function":
                folder = name.removesuffix("Function").lower()
                return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{STACK}-{folder}"
            case "AWS::Events::EventBus":
                return f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{physical_name}"
            case "AWS::Logs::LogGroup":
                return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{physical_name}"
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{physical_name}"

    def _value(self, value: Any) -> Any:
        """A value of the template with parameters, references and conditions resolved."""
        match value:
            case {"Ref": "AWS::NoValue"}:
                return _NOTHING
            case {"Ref": str(name)}:
                return self._values[name]
            case {"Fn::GetAtt": [name, "Arn"]}:
                return self.arn(name)
            case {"Fn::Sub": [str(text), dict(more)]}:
                return self._text(text, {name: self._value(each) for name, each in more.items()})
            case {"Fn::Sub": str(text)}:
                return self._text(text, {})
            case {"Fn::If": [condition, yes, no]}:
                return self._value(yes if self._is(self._template["Conditions"][condition]) else no)
            case dict():
                return {name: self._value(each) for name, each in value.items()}
            case list():
                return [resolved for each in value if (resolved := self._value(each)) is not _NOTHING]
        return value

    def _text(self, text: str, more: Mapping[str, Any]) -> str:
        values = self._values | dict(more)
        return _VARIABLE.sub(lambda match: self.arn(match[1]) if match[2] else str(values[match[1]]), text)

    def _is(self, condition: Any) -> bool:
        match condition:
            case {"Fn::Not": [inner]}:
                return not self._is(inner)
            case {"Fn::Equals": [left, right]}:
                return bool(self._value(left) == self._value(right))
            case {"Fn::And": parts}:
                return all(map(self._is, parts))
            case {"Fn::Or": parts}:
                return any(map(self._is, parts))
            case {"Condition": str(name)}:
                return self._is(self._template["Conditions"][name])
        raise AssertionError(condition)


def _statements(statement: dict[str, Any]) -> Iterator[Statement]:
    assert statement.keys() <= {"Sid", "Effect", "Action", "Resource", "Condition"}
    assert statement["Effect"] == "Allow"
    resources = _all(statement["Resource"])
    choices = [
        [(operator, key, value) for value in _all(values)]
        for operator, compared in statement.get("Condition", {}).items()
        for key, values in compared.items()
    ]
    for resource in resources:
        for combination in product(*choices):
            several = [resource] if len(resources) > 1 else []
            several += [
                one[2] for one, all_of_it in zip(combination, choices, strict=True) if len(all_of_it) > 1
            ]
            conditions: dict[str, dict[str, str]] = {}
            for operator, key, value in combination:
                conditions.setdefault(operator, {})[key] = value
            yield Statement(
                statement["Sid"], _all(statement["Action"]), resource, conditions, " ".join(several)
            )


def _all(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
