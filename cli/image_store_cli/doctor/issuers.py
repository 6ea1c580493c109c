"""The issuers whose tokens a deployed stack accepts, from its parameters."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from image_store_cli.doctor.results import CheckResults

MEND = "docs/sign-in.md describes the parameter `Issuers`. Until it is right, no credential is accepted."


@dataclass(frozen=True, slots=True)
class StackIssuer:
    """One issuer as the stack describes it."""

    issuer: str
    audiences: tuple[str, ...]
    """Empty if they are not known here."""
    subject_prefix: str = ""
    keys_url: str = ""


def issuers_of(findings: CheckResults, parameters: Mapping[str, str]) -> list[StackIssuer]:
    """Read the issuers of a stack; what the authorizer would refuse to start with is reported."""
    issuers: list[StackIssuer] = []
    try:
        issuers += [_issuer_from(each) for each in json.loads(parameters.get("Issuers") or "[]")]
    except (ValueError, TypeError, KeyError):
        findings.wrong("issuers", "Issuers is not a JSON list of objects with issuer and audiences", MEND)
    first = parameters.get("Issuer", "")
    if first and first not in {each.issuer for each in issuers}:
        issuers.insert(0, StackIssuer(first, audiences_in(parameters.get("Audience", ""))))
    prefixes = [each.subject_prefix for each in issuers]
    if len({each.issuer for each in issuers}) < len(issuers):
        findings.wrong("issuers", "Issuers names an issuer twice", MEND)
    elif any(one == other or (one and other.startswith(one)) for one, other in permutations(prefixes, 2)):
        findings.wrong("issuers", "two subject prefixes are equal, or one begins with the other", MEND)
    return issuers


def audiences_in(text: str) -> tuple[str, ...]:
    """The audiences of a list with commas."""
    return tuple(each.strip() for each in text.split(",") if each.strip())


def owner_of(issuer: StackIssuer, subject: str, *, among: Sequence[StackIssuer]) -> str | None:
    """The owner that a subject names; None if it begins as the owners of another issuer do."""
    owner = issuer.subject_prefix + subject
    foreign = [each.subject_prefix for each in among if each.issuer != issuer.issuer and each.subject_prefix]
    return None if owner.startswith(tuple(foreign)) else owner


def _issuer_from(described: Any) -> StackIssuer:
    texts = (described["issuer"], described.get("subject_prefix", ""), described.get("keys_url", ""))
    audiences = described["audiences"]
    if not isinstance(audiences, list) or not audiences:
        raise TypeError("audiences")
    if not all(isinstance(text, str) for text in (*texts, *audiences)):
        raise TypeError("texts")
    issuer, prefix, keys_url = texts
    return StackIssuer(issuer, tuple(audiences), prefix, keys_url)
