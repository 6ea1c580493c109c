"""Which providers of images a local stack uses: real ones where their keys are in the environment, or our own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.providers import KEY

if TYPE_CHECKING:
    from collections.abc import Mapping

SECRET = "image-store/providers"  # noqa: S105 - its name
LOCAL_ORDER = ("pollinations", "cloudflare", "openai", "google")
PATHS = {
    "google": "/google",
    "openai": "/openai/v1",
    "cloudflare": "/cloudflare",
    "pollinations": "/pollinations",
}
ACCOUNT = "cloudflare_account_id"
VARIABLES = {
    "google": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "openai": ("OPENAI_API_KEY",),
    "cloudflare": ("CLOUDFLARE_API_TOKEN",),
    "pollinations": ("POLLINATIONS_API_KEY",),
}
ACCOUNT_VARIABLE = "CLOUDFLARE_ACCOUNT_ID"


@dataclass(frozen=True)
class ProviderAccess:
    """What the template and its secret are told."""

    order: tuple[str, ...]
    urls: Mapping[str, str]
    keys: Mapping[str, str]

    @property
    def is_local(self) -> bool:
        """Whether our own server plays all of them."""
        return bool(self.urls)

    @property
    def parameters(self) -> dict[str, str]:
        """Values for the template's parameters."""
        return {
            "Providers": ",".join(self.order),
            "ProvidersSecretName": SECRET,
            "ProviderUrls": json.dumps(dict(self.urls)),
        }


def provider_access(environment: Mapping[str, str], *, server: str) -> ProviderAccess:
    """Answer the real providers that there are keys for, and none of ours beside them; or else all of ours."""
    keys: dict[str, str] = {}
    for provider, names in VARIABLES.items():
        found = next((environment[name] for name in names if environment.get(name)), None)
        if found is not None and (provider != "cloudflare" or environment.get(ACCOUNT_VARIABLE)):
            keys[provider] = found
    if not keys:
        urls = {provider: server + path for provider, path in PATHS.items()}
        return ProviderAccess(LOCAL_ORDER, urls, {**dict.fromkeys(LOCAL_ORDER, KEY), ACCOUNT: "local"})
    order = tuple(keys)
    if "cloudflare" in keys:
        keys[ACCOUNT] = environment[ACCOUNT_VARIABLE]
    return ProviderAccess(order, {}, keys)
