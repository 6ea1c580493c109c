"""The template's roles with values for its parameters, as IAM sees them."""

from __future__ import annotations

import importlib
import json
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

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


@cache
def written_template() -> dict[str, Any]:
    """``template.yaml`` with CloudFormation's tags in their long form; the transform leaves roles as they are."""
    cfn_yaml: Any = importlib.import_module("cfnlint.decode.cfn_yaml")  # it has no types
    found: dict[str, Any] = json.loads(json.dumps(cfn_yaml.load(str(ROOT / "template.yaml"))))
    return found


@dataclass(frozen=True, slots=True)
class Need:
    """What a call asks of IAM: an action on a resource, with what conditions look at."""

    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Grant:
    """One action of one statement."""

    statement: str
    action: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of a role's policy."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, Any]]

    def allows(self, need: Need) -> bool:
        """Whether IAM lets this happen because of this statement."""
        return (
            need.action in self.actions
            and any(fnmatchcase(need.resource, pattern) for pattern in self.resources)
            and all(
                _holds(operator, dict(need.context).get(key), wanted)
                for operator, compared in self.conditions.items()
                for key, wanted in compared.items()
            )
        )


def _holds(operator: str, value: str | None, wanted: Any) -> bool:
    patterns = [wanted] if isinstance(wanted, str) else list(wanted)
    match operator:
        case "StringEquals":
            return value in patterns
        case "StringLike":
            return value is not None and any(fnmatchcase(value, pattern) for pattern in patterns)
        case "StringLikeIfExists":
            return value is None or _holds("StringLike", value, wanted)
    raise AssertionError(operator)


class Roles:
    """The roles of a deployment: `parameters` where they are not the defaults, `names` of resources by logical id."""

    def __init__(self, parameters: Mapping[str, str], names: Mapping[str, str]) -> None:
        self._template = written_template()
        defaults = {name: each.get("Default", "x") for name, each in self._template["Parameters"].items()}
        self._values = defaults | PSEUDO | dict(parameters)
        self._names = names
        self._of: dict[str, tuple[Statement, ...]] = {}

    def of(self, function: str) -> tuple[Statement, ...]:
        """The statements of a function's role; `function` is the name of its folder."""
        if function not in self._of:
            role = self._template["Resources"][f"{function.capitalize()}Role"]["Properties"]
            found = self._value([policy["PolicyDocument"]["Statement"] for policy in role["Policies"]])
            self._of[function] = tuple(_statement(each) for statements in found for each in statements)
        return self._of[function]

    def grants(self, function: str) -> set[Grant]:
        """Everything that a role allows."""
        return {
            Grant(statement.sid, action) for statement in self.of(function) for action in statement.actions
        }

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


def _statement(found: dict[str, Any]) -> Statement:
    assert found.keys() <= {"Sid", "Effect", "Action", "Resource", "Condition"}
    assert found["Effect"] == "Allow"
    return Statement(found["Sid"], _all(found["Action"]), _all(found["Resource"]), found.get("Condition", {}))


def _all(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
