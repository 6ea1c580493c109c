"""Adapters of the providers: one module for each, named after it, and the modules they share.

A module is imported at the first call of its provider, and the SDK with it, because only the worker has the layer that
contains the SDKs.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from image_store.domain.generation.providers import Provider
from image_store.ports.generation import ImageProvider
from image_store.ports.images import Fetcher
from image_store.ports.system import Clock

if TYPE_CHECKING:
    from image_store.adapters.providers.adapter import ProviderAdapter


class _ImageProviders(dict[Provider, ImageProvider]):
    """The providers that were called, each made at its first call."""

    def __init__(self, make: Callable[[Provider], ImageProvider]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, provider: Provider) -> ImageProvider:
        return self.setdefault(provider, self._make(provider))


def image_providers(
    urls: Mapping[Provider, str], *, clock: Clock, fetcher: Callable[[], Fetcher]
) -> Mapping[Provider, ImageProvider]:
    """Every provider, at its own address or at a compatible one in `urls`.

    `fetcher` reads pictures of answers that contain only a link.
    """

    def make(provider: Provider) -> ImageProvider:
        adapter: type[ProviderAdapter] = import_module(f"{__name__}.{provider}").ADAPTER
        return adapter(urls.get(provider), clock=clock, fetcher=fetcher)

    return _ImageProviders(make)
