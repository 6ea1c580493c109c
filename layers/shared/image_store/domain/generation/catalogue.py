"""Finds the descriptions of providers, and their models by name.

`Provider` is the registry. Everything else about a provider is found by its name: its description here, its adapter in
`adapters/providers`, its stand-in in `local/providers`.
"""

from functools import cache
from importlib import import_module

from image_store.domain.generation.descriptions.description import Model, ProviderDescription
from image_store.domain.generation.providers import Provider


@cache
def description_of(provider: Provider) -> ProviderDescription:
    """The description of a provider."""
    module = import_module(f"image_store.domain.generation.descriptions.{provider}")
    description: ProviderDescription = module.DESCRIPTION
    return description


def models_of(provider: Provider) -> tuple[Model, ...]:
    """The listed models of a provider, the default first."""
    return description_of(provider).models


def model_named(name: str) -> Model | None:
    """The listed model of a name."""
    return next((model for provider in Provider for model in models_of(provider) if model.name == name), None)


def unlisted_model(provider: Provider, name: str) -> Model | None:
    """A model that is not listed and has no known price; None if the provider takes only listed models."""
    describe = description_of(provider).unlisted_model
    return describe(name) if describe is not None else None
