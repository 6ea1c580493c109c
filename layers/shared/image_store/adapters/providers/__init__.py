"""Providers of generated images: one module for each, and what they have in common.

The SDKs are imported at the first call, and only where a provider is called: they lie in a layer of the worker's.
"""

from collections.abc import Callable, Mapping

from image_store.adapters.providers.cloudflare import CloudflareImages
from image_store.adapters.providers.google import GoogleImages
from image_store.adapters.providers.openai import OpenAIImages
from image_store.adapters.providers.pollinations import PollinationsImages
from image_store.domain.generation.providers import Provider
from image_store.ports.generation import ImageProvider
from image_store.ports.images import Fetcher
from image_store.ports.system import Clock


def image_providers(
    urls: Mapping[Provider, str], *, clock: Clock, fetcher: Callable[[], Fetcher]
) -> dict[Provider, ImageProvider]:
    """Every provider, at its own address or at another one that speaks the same.

    `fetcher` reads pictures that an answer only names.
    """
    return {
        Provider.GOOGLE: GoogleImages(urls.get(Provider.GOOGLE), clock=clock, fetcher=fetcher),
        Provider.OPENAI: OpenAIImages(urls.get(Provider.OPENAI), clock=clock, fetcher=fetcher),
        Provider.CLOUDFLARE: CloudflareImages(urls.get(Provider.CLOUDFLARE), clock=clock, fetcher=fetcher),
        Provider.POLLINATIONS: PollinationsImages(
            urls.get(Provider.POLLINATIONS), clock=clock, fetcher=fetcher
        ),
    }
