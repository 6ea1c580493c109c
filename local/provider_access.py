"""Chooses the providers of a local stack: real ones if their keys are in the environment, otherwise the stand-ins."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from local.problems import CannotRun
from local.providers import STAND_INS
from local.providers.stand_in import KEY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.providers.stand_in import StandIn

SECRET = "image-store/providers"  # noqa: S105 - its name
LOCAL_ORDER = tuple(stand_in.name for stand_in in STAND_INS)
PATHS = {stand_in.name: stand_in.path for stand_in in STAND_INS}
"""The provider's path below the server's address."""
KEY_VARIABLES = tuple(name for stand_in in STAND_INS for name in stand_in.variables)
"""Environment variables that may hold keys of real providers."""
ACCOUNT_VARIABLES = tuple(stand_in.account_variable for stand_in in STAND_INS if stand_in.account_variable)
URL_VARIABLES = tuple(stand_in.url_variable for stand_in in STAND_INS if stand_in.url_variable)


@dataclass(frozen=True)
class ProviderAccess:
    """Providers with their addresses and keys, for the template and its secret."""

    order: tuple[str, ...]
    urls: Mapping[str, str]
    """Addresses other than the provider's own."""
    keys: Mapping[str, str]
    is_local: bool
    """Whether the stand-ins are used."""

    @property
    def parameters(self) -> dict[str, str]:
        """Values for the template's parameters."""
        return {
            "Providers": ",".join(self.order),
            "ProvidersSecretName": SECRET,
            "ProviderUrls": json.dumps(dict(self.urls)),
        }


def provider_access(environment: Mapping[str, str], *, server: str) -> ProviderAccess:
    """The real providers that have keys in the environment, or all stand-ins if there are none.

    CannotRun for the address of a server without a key, or for one that is no address.
    """
    keys: dict[str, str] = {}
    accounts: dict[str, str] = {}
    urls: dict[str, str] = {}
    for stand_in in reversed(STAND_INS):
        key = next((environment[name] for name in stand_in.variables if environment.get(name)), None)
        account = environment.get(stand_in.account_variable) if stand_in.account_variable else None
        url = _url_in(environment, stand_in, key)
        if key is None or (stand_in.account_variable and not account):
            continue
        keys[stand_in.name] = key
        if account:
            accounts[_account_name(stand_in.name)] = account
        if url:
            urls[stand_in.name] = url
    if keys:
        return ProviderAccess(tuple(keys), urls, keys | accounts, is_local=False)
    urls = {provider: server + path for provider, path in PATHS.items()}
    local_accounts = {
        _account_name(stand_in.name): "local" for stand_in in STAND_INS if stand_in.account_variable
    }
    return ProviderAccess(LOCAL_ORDER, urls, dict.fromkeys(LOCAL_ORDER, KEY) | local_accounts, is_local=True)


def _url_in(environment: Mapping[str, str], stand_in: StandIn, key: str | None) -> str | None:
    """The address of a server that speaks the provider's API; it also gets the key."""
    name = stand_in.url_variable
    url = environment.get(name) if name else None
    if not name or not url:
        return None
    if not _is_address(url):
        raise CannotRun(f"{name} must be an address such as http://localhost:8081/v1.")
    if key is None:
        raise CannotRun(
            f"{name} is set without {stand_in.variables[0]}: set both. "
            "For a server that takes no key, any text is a key."
        )
    return url


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and url.isascii()


def _account_name(provider: str) -> str:
    """The field of the providers' secret that holds an account."""
    return f"{provider}_account_id"
