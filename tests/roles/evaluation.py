"""The template's roles with values for its parameters, as IAM sees them."""

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
PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::StackName": STACK,
    "AWS::URLSuffix": "amazonaws.com",
}
_VARIABLE = re.compile(r"\$\{([\w:]+)(\.Arn)?\}")
_NOTHING = object()


class _LongForm(yaml.SafeLoader):
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
    """``template.yaml`` as it is written; the transform leaves roles as they are."""
    found: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text("utf-8"), _LongForm)  # noqa: S506 - a safe loader
    return found


@dataclass(frozen=True, slots=True)
class Need:
    """What a call asks of IAM: an action on a resource, with what conditions look at."""

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
    """What tells it from the others of the same statement."""

    def allows(self, need: Need) -> bool:
        """Whether IAM lets this happen because of this statement."""
        return (
            need.action in self.actions
            and fnmatchcase(need.resource, self.resource)
            and all(
                _holds(operator, dict(need.context).get(key), wanted)
                for operator, compared in self.conditions.items()
                for key, wanted in compared.items()
            )
        )

    def grants(self, *actions: str) -> set[Grant]:
        """What it says of some of its actions."""
        return {Grant(self.sid, action, self.only) for action in actions}


def _holds(operator: str, value: str | None, wanted: str) -> bool:
    match operator:
        case "StringEquals":
            return value == wanted
        case "StringLike":
            return value is not None and fnmatchcase(value, wanted)
        case "StringLikeIfExists":
            return value is None or fnmatchcase(value, wanted)
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
            found = self._value([policy["PolicyDocument"]["Statement"] for policy in role["Policies"]])
            self._of[function] = tuple(
                one for statements in found for each in statements for one in _statements(each)
            )
        return self._of[function]

    def granting(self, function: str, need: Need) -> set[Grant]:
        """By what a role allows something; by nothing where it does not."""
        asked = (function, need)
        if asked not in self._granting:
            self._granting[asked] = {
                grant
                for statement in self.of(function)
                if statement.allows(need)
                for grant in statement.grants(need.action)
            }
        return self._granting[asked]

    def functions(self) -> list[str]:
        """All functions, by the names of their folders."""
        return [
            name.removesuffix("Function").lower()
            for name, resource in self._template["Resources"].items()
            if resource["Type"] == "AWS::Serverless::Function"
        ]

    def events(self, function: str) -> list[dict[str, Any]]:
        """What starts a function."""
        properties = self._template["Resources"][f"{function.capitalize()}Function"]["Properties"]
        return list(properties.get("Events", {}).values())

    def grants(self, function: str) -> set[Grant]:
        """Everything that a role allows."""
        return {grant for each in self.of(function) for grant in each.grants(*each.actions)}

    def arn(self, name: str) -> str:
        """The ARN of a resource of the template."""
        made = self._names.get(name, name)
        match self._template["Resources"][name]["Type"]:
            case "AWS::DynamoDB::Table":
                return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{made}"
            case "AWS::S3::Bucket":
                return f"arn:aws:s3:::{made}"
            case "AWS::KMS::Key":
                return f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{made}"
            case "AWS::Serverless::Function":
                folder = name.removesuffix("Function").lower()
                return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{STACK}-{folder}"
            case "AWS::Logs::LogGroup":
                return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{made}"
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{made}"

    def _value(self, value: Any) -> Any:
        """A value of the template as it is deployed."""
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
                return [found for each in value if (found := self._value(each)) is not _NOTHING]
        return value

    def _text(self, text: str, more: Mapping[str, Any]) -> str:
        values = self._values | dict(more)
        return _VARIABLE.sub(lambda found: self.arn(found[1]) if found[2] else str(values[found[1]]), text)

    def _is(self, condition: Any) -> bool:
        match condition:
            case {"Fn::Not": [inner]}:
                return not self._is(inner)
            case {"Fn::Equals": [left, right]}:
                return bool(self._value(left) == self._value(right))
        raise AssertionError(condition)


def _statements(found: dict[str, Any]) -> Iterator[Statement]:
    assert found.keys() <= {"Sid", "Effect", "Action", "Resource", "Condition"}
    assert found["Effect"] == "Allow"
    resources = _all(found["Resource"])
    choices = [
        [(operator, key, value) for value in _all(values)]
        for operator, compared in found.get("Condition", {}).items()
        for key, values in compared.items()
    ]
    for resource in resources:
        for chosen in product(*choices):
            several = [resource] if len(resources) > 1 else []
            several += [one[2] for one, all_of_it in zip(chosen, choices, strict=True) if len(all_of_it) > 1]
            conditions: dict[str, dict[str, str]] = {}
            for operator, key, value in chosen:
                conditions.setdefault(operator, {})[key] = value
            yield Statement(found["Sid"], _all(found["Action"]), resource, conditions, " ".join(several))


def _all(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
