"""The built template: values for all of its parameters, checked as CloudFormation would check them."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from image_store_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_store_cli.deploying.store_file import StoreFile

SHOWN_CHARS = 60
OF_FILE = {
    "Issuer": "issuer.url",
    "Audience": "issuer.audience",
    "ConsoleClientId": "issuer.console_client_id",
    "ConsoleScopes": "issuer.console_scopes",
    "ConsoleTokenUrl": "issuer.console_token_url",
    "ByteStore": "the table r2 or s3",
    "R2AccountId": "r2.account",
    "PrivateBucket": "private_bucket",
    "PublicBucket": "public_bucket",
    "PublicUrl": "public_domain or public_url",
    "CloudflareZoneId": "r2.purge",
    "Architecture": "architecture",
}
"""Parameters that other settings of the file determine."""


@dataclass(frozen=True, slots=True)
class Template:
    """A built template."""

    body: Mapping[str, Any]

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The declarations of its parameters."""
        declared: Mapping[str, Any] = self.body.get("Parameters", {})
        return declared

    def values_for(self, chosen: Mapping[str, str]) -> dict[str, str]:
        """Return a value for every parameter; UsageError for what CloudFormation would refuse.

        A parameter that is left out of an update keeps its old value, so a setting that is deleted from the file would
        stay: every parameter is sent, with its default if nobody chose a value.
        """
        for name in chosen:
            if name not in self.parameters:
                close = difflib.get_close_matches(name, self.parameters, n=1)
                hint = f" Did you mean {close[0]}?" if close else ""
                raise UsageError(f"The template has no parameter {name}.{hint}")
        values: dict[str, str] = {}
        for name, declared in self.parameters.items():
            if name in chosen:
                values[name] = chosen[name]
            elif "Default" in declared:
                values[name] = _text(declared["Default"])
            else:
                raise UsageError(f"The template needs a value for {name}.")
            if fault := _fault(values[name], declared):
                raise UsageError(f"{name} is {values[name][:SHOWN_CHARS]!r}, and it {fault}")
        for rule in self.body.get("Rules", {}).values():
            for assertion in rule.get("Assertions", ()):
                if not holds(assertion["Assert"], values):
                    raise UsageError(assertion["AssertDescription"])
        return values


def parameters_of(store: StoreFile, of_place: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters that a file determines; UsageError if it sets one of them twice.

    `of_place` are those that describe where the images are.
    """
    for name, setting in OF_FILE.items():
        if name in store.parameters:
            raise UsageError(f"{store.path}: set {setting} instead of parameters.{name}.")
    own = {
        "Issuer": store.issuer.url,
        "Audience": store.issuer.audience,
        "ConsoleClientId": store.issuer.console_client_id,
        "ConsoleScopes": store.issuer.console_scopes,
        "ConsoleTokenUrl": store.issuer.console_token_url,
        "Architecture": store.architecture,
        **of_place,
    }
    return {name: value for name, value in own.items() if value} | store.parameters


def _text(default: Any) -> str:
    if isinstance(default, bool):
        return "true" if default else "false"
    return str(default)


def _fault(value: str, declared: Mapping[str, Any]) -> str:
    """What is wrong with a value of a parameter; empty if nothing is."""
    allowed = [_text(each) for each in declared.get("AllowedValues", ())]
    if allowed and value not in allowed:
        return f"must be one of {', '.join(allowed)}."
    if len(value) > int(declared.get("MaxLength", len(value))):
        return f"may have at most {declared['MaxLength']} characters."
    if declared["Type"] == "Number":
        return _fault_of_number(value, declared)
    pattern = declared.get("AllowedPattern")
    if pattern and not re.fullmatch(pattern, value):
        return str(declared.get("ConstraintDescription", f"must match {pattern}")).rstrip(".") + "."
    return ""


def _fault_of_number(value: str, declared: Mapping[str, Any]) -> str:
    try:
        number = float(value)
    except ValueError:
        return "must be a number."
    low, high = float(declared.get("MinValue", number)), float(declared.get("MaxValue", number))
    if number < low:
        return f"must be at least {declared['MinValue']}."
    return f"must be at most {declared['MaxValue']}." if number > high else ""


def holds(condition: Any, values: Mapping[str, str]) -> bool:
    """Evaluate the condition of a rule; rules may use only these functions on parameters."""
    [(function, operands)] = condition.items()
    if function == "Fn::Not":
        return not holds(operands[0], values)
    if function == "Fn::And":
        return all(holds(each, values) for each in operands)
    if function == "Fn::Or":
        return any(holds(each, values) for each in operands)
    if function == "Fn::Equals":
        left, right = (values[each["Ref"]] if isinstance(each, dict) else _text(each) for each in operands)
        return bool(left == right)
    if function == "Fn::Contains":
        texts, text = operands
        return (values[text["Ref"]] if isinstance(text, dict) else _text(text)) in map(_text, texts)
    raise UsageError(f"A rule of the template uses {function}, which this command does not know.")
