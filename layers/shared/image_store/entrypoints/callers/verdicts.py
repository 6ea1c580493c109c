"""What the authorizer finds out, as the gateway passes it on to the functions.

The authorizer lets every request in: a denial by the gateway is a bare 403 without CORS headers, which a client in a
browser cannot read. A verdict without an owner is answered by the functions themselves, with 401 and a code. The
gateway keeps a verdict for the same `Authorization` header, so it depends on nothing else of the request.
"""

from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from typing import Any

from image_store.domain.callers.actor import is_owner
from image_store.domain.callers.caller import Caller
from image_store.domain.callers.key_limits import NO_LIMITS, KeyLimits
from image_store.domain.callers.scopes import Scope
from image_store.domain.errors import (
    ImageStoreError,
    InvalidToken,
    IssuerUnavailable,
    KeyExpired,
    KeyRevoked,
)

CACHED_FOR = timedelta(seconds=60)
"""How long the gateway keeps a verdict, good or bad; the template has the same figure."""

VERDICTS = (InvalidToken, KeyRevoked, KeyExpired, IssuerUnavailable)
"""The errors that are a verdict; any other is a failure of the authorizer, which the gateway does not keep."""


def verdict_of(caller: Caller) -> dict[str, str]:
    """The verdict for a caller."""
    verdict = {"name": caller.name, "owner": caller.owner, "scopes": " ".join(sorted(caller.scopes))}
    return verdict if caller.limits == NO_LIMITS else verdict | {"limits": _text_of(caller.limits)}


def verdict_against(error: ImageStoreError) -> dict[str, str]:
    """The verdict for a request whose credential was refused, or could not be verified."""
    return {"refusal": error.code, "reason": error.message}


def caller_of(request_context: Mapping[str, Any]) -> Caller:
    """The caller in the verdict of a request's context; raises the refusal where there is one.

    A request without a verdict, or with one that is damaged, has no caller: InvalidToken.
    """
    verdict = (request_context.get("authorizer") or {}).get("lambda") or {}
    if verdict.get("refusal"):
        raise _refusal(str(verdict["refusal"]), str(verdict.get("reason", "")))
    if not is_owner(str(verdict.get("owner") or "")) or not verdict.get("name"):
        raise InvalidToken("Send the header Authorization: Bearer with a token or an API key.")
    given = str(verdict.get("scopes", "")).split()
    scopes = frozenset(scope for scope in Scope if scope.value in given)
    limits = _limits_of(str(verdict["limits"])) if verdict.get("limits") else NO_LIMITS
    return Caller(name=verdict["name"], owner=verdict["owner"], scopes=scopes, limits=limits)


def _text_of(limits: KeyLimits) -> str:
    """Limits as `name=limit`, with spaces between; those that are not set are left out."""
    values = {field.name: getattr(limits, field.name) for field in fields(limits)}
    return " ".join(f"{name}={limit}" for name, limit in values.items() if limit is not None)


def _limits_of(text: str) -> KeyLimits:
    """The limits in a verdict; InvalidToken for a text that holds others: a request must not pass without them."""
    try:
        return KeyLimits(**{name: int(limit) for name, limit in (each.split("=") for each in text.split())})
    except (TypeError, ValueError):
        raise InvalidToken("The limits of the API key cannot be read.") from None


def _refusal(code: str, reason: str) -> ImageStoreError:
    match code:
        case KeyRevoked.code:
            return KeyRevoked()
        case KeyExpired.code:
            return KeyExpired()
        case IssuerUnavailable.code:
            return IssuerUnavailable(retry_after=CACHED_FOR)
        case _:
            return InvalidToken(reason)
