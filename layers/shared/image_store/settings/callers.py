"""Who may do what, and where the web console signs in."""

import json
from dataclasses import dataclass
from typing import Self

from image_store.domain.callers.issuers import Issuers, TrustedIssuer, issuer_from
from image_store.domain.errors import ConfigurationError
from image_store.settings.variables import Variables

ADMIN_SCOPE = "images:admin"
"""The scope of admins unless the deployment chooses another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminSettings:
    """Who is an admin."""

    scope: str
    """The scope of an admin's token."""
    subjects: frozenset[str]
    """Subjects who are admins without that scope."""

    @classmethod
    def from_env(cls, variables: Variables) -> Self:
        """Read the settings of admins."""
        return cls(
            scope=variables.text("ADMIN_SCOPE") or ADMIN_SCOPE,
            subjects=frozenset(variables.entries("ADMIN_SUBJECTS")),
        )


def read_issuers(variables: Variables) -> Issuers:
    """The issuers of `ISSUERS`, a JSON list, and the one of `ISSUER` and `AUDIENCE`, unless it is in that list too."""
    try:
        described = json.loads(variables.text("ISSUERS") or "[]")
        issuers = [issuer_from(each) for each in (described if isinstance(described, list) else [described])]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ConfigurationError(
            "ISSUERS must be a JSON list of objects with issuer, audiences and, if needed, subject_prefix and keys_url."
        ) from None
    first = variables.text("ISSUER")
    if first and first not in {each.issuer for each in issuers}:
        audiences = frozenset(variables.entries("AUDIENCE"))
        issuers.insert(0, TrustedIssuer(issuer=first, audiences=audiences))
    return Issuers(tuple(issuers))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInSettings:
    """How the web console signs in at the issuer."""

    issuer: str
    audience: str
    """Accepted audiences, separated by commas; the console requests tokens for the first."""
    client_id: str
    """The console's client id at the issuer; empty if sign-in is disabled."""
    scopes: str
    token_url: str
    """The issuer's token endpoint if it is at another origin than the issuer."""

    @classmethod
    def from_env(cls, variables: Variables) -> Self:
        """Read the settings of sign-in."""
        return cls(
            issuer=variables.text("ISSUER"),
            audience=variables.text("AUDIENCE"),
            client_id=variables.text("CONSOLE_CLIENT_ID"),
            scopes=variables.text("CONSOLE_SCOPES", "openid"),
            token_url=variables.text("CONSOLE_TOKEN_URL"),
        )
