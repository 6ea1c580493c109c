"""Adapters of the providers of images: one module for each, and the modules they share.

The SDKs are imported at the first call, because only the worker has the layer that contains them.
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

_ADAPTERS: Mapping[Provider, Callable[..., ImageProvider]] = {
    Provider.GOOGLE: GoogleImages,
    Provider.OPENAI: OpenAIImages,
    Provider.CLOUDFLARE: CloudflareImages,
    Provider.POLLINATIONS: PollinationsImages,
}


def image_providers(
    urls: Mapping[Provider, str], *, clock: Clock, fetcher: Callable[[], Fetcher]
) -> dict[Provider, ImageProvider]:
    """Make every provider, at its own address or at a compatible one in `urls`.

    `fetcher` reads pictures of answers that contain only a link.
    """
    return {
        provider: adapter(urls.get(provider), clock=clock, fetcher=fetcher)
        for provider, adapter in _ADAPTERS.items()
    }
