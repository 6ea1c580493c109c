"""The models that an owner can name in a request."""

from collections.abc import Sequence
from dataclasses import dataclass

from image_store.domain.generation.catalogue import models_of
from image_store.domain.generation.descriptions.description import Model
from image_store.domain.generation.providers import Provider
from image_store.ports.generation import ProviderKeys


@dataclass(frozen=True, slots=True, kw_only=True)
class UsableModels:
    """Lists models of the providers that the deployment or an owner has keys for."""

    keys: ProviderKeys
    order: Sequence[Provider]
    """Providers that the deployment has keys for, the preferred one first."""

    def of(self, owner: str) -> list[Model]:
        """The listed models that an owner can use, those of preferred providers first."""
        providers = dict.fromkeys((*self.order, *sorted(self.keys.providers(owner))))
        return [model for provider in providers for model in models_of(provider)]
