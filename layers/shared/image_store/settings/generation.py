"""How the store generates images."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from image_store.domain.errors import ConfigurationError
from image_store.domain.generation.budget import Budgets
from image_store.domain.generation.money import micros_of
from image_store.settings.variables import Variables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_store.domain.generation.providers import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationSettings:
    """How the store generates images."""

    providers: "tuple[Provider, ...]"
    """The providers that the deployment has keys for, the preferred one first."""
    provider_urls: "Mapping[Provider, str]"
    """Addresses of providers that are not at their usual one."""
    providers_secret: str
    """The name of the secret with the keys of providers."""
    budgets: Budgets
    retries: int

    @classmethod
    def from_env(cls, variables: Variables) -> Self:
        """Read the settings of generation."""
        return cls(
            providers=_providers(variables),
            provider_urls=_provider_urls(variables),
            providers_secret=variables.text("PROVIDERS_SECRET"),
            budgets=Budgets(
                owner_daily=_dollars(variables, "BUDGET_OWNER_DAILY"),
                owner_monthly=_dollars(variables, "BUDGET_OWNER_MONTHLY"),
                deployment_daily=_dollars(variables, "BUDGET_DEPLOYMENT_DAILY"),
                deployment_monthly=_dollars(variables, "BUDGET_DEPLOYMENT_MONTHLY"),
                unknown_price_reserve=_dollars(variables, "UNKNOWN_PRICE_RESERVE"),
            ),
            retries=variables.number("GENERATION_RETRIES", 2),
        )


def _dollars(variables: Variables, name: str) -> int:
    try:
        return micros_of(variables.text(name) or "0")
    except ValueError:
        raise ConfigurationError(f"{name} must be an amount of dollars, not below 0.") from None


def _providers(variables: Variables) -> "tuple[Provider, ...]":
    names = variables.entries("PROVIDERS")
    if not names:
        return ()
    # Few functions know providers, so the others do not import them.
    from image_store.domain.generation.providers import Provider

    try:
        return tuple(dict.fromkeys(Provider(name.lower()) for name in names))
    except ValueError:
        raise ConfigurationError(
            f"PROVIDERS must be providers separated by commas: {', '.join(Provider)}."
        ) from None


def _provider_urls(variables: Variables) -> "Mapping[Provider, str]":
    text = variables.text("PROVIDER_URLS")
    if not text:
        return {}
    from image_store.domain.generation.providers import Provider

    try:
        return {Provider(name): _http_url(url) for name, url in json.loads(text).items()}
    except (ValueError, AttributeError):
        raise ConfigurationError(
            "PROVIDER_URLS must be a JSON object of providers and their http or https addresses."
        ) from None


def _http_url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError("not an address")
    return text.rstrip("/")
