"""The registry of providers, and their models by name."""

from image_store.domain.generation.descriptions.cloudflare import CLOUDFLARE
from image_store.domain.generation.descriptions.description import Model, ProviderDescription
from image_store.domain.generation.descriptions.google import GOOGLE
from image_store.domain.generation.descriptions.openai import OPENAI
from image_store.domain.generation.descriptions.pollinations import POLLINATIONS
from image_store.domain.generation.providers import Provider

PROVIDERS: tuple[ProviderDescription, ...] = (GOOGLE, OPENAI, CLOUDFLARE, POLLINATIONS)
MODELS: tuple[Model, ...] = tuple(model for description in PROVIDERS for model in description.models)


def description_of(provider: Provider) -> ProviderDescription:
    """The description of a provider."""
    return next(description for description in PROVIDERS if description.provider is provider)


def models_of(provider: Provider) -> tuple[Model, ...]:
    """The listed models of a provider, the default first."""
    return description_of(provider).models


def model_named(name: str) -> Model | None:
    """The listed model of a name."""
    return next((model for model in MODELS if model.name == name), None)


def unlisted_model(provider: Provider, name: str) -> Model | None:
    """A model that is not listed and has no known price; None if the provider takes only listed models."""
    describe = description_of(provider).unlisted_model
    return describe(name) if describe is not None else None
