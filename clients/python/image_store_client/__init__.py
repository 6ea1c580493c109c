"""The client of an image store: `ImageStore`, and `AsyncImageStore` for asyncio.

>>> from pathlib import Path
>>> from image_store_client import ImageStore
>>> store = ImageStore("https://images.example.com", key="isk_…")
>>> image = store.upload(Path("cat.jpg"), title="A cat")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from image_store_client.version import __version__

if TYPE_CHECKING:
    from image_store_client.aio.images import ImageVersion
    from image_store_client.aio.operations import FailedUpload, UploadedImage, UploadResults
    from image_store_client.async_client import AsyncImageStore
    from image_store_client.delivery import ImageShare, src, srcset
    from image_store_client.errors import ImageStoreError, NotFoundError, UnavailableError
    from image_store_client.paging import AsyncPages, Page, Pages
    from image_store_client.progress import DownloadProgress, UploadManyProgress, UploadProgress, UploadState
    from image_store_client.sync_client import ImageStore
    from image_store_client.uploads.image_of_upload import ImageOfUpload

_PLACES = {
    "AsyncImageStore": "async_client",
    "AsyncPages": "paging",
    "DownloadProgress": "progress",
    "FailedUpload": "aio.operations",
    "ImageOfUpload": "uploads.image_of_upload",
    "ImageShare": "delivery",
    "ImageStore": "sync_client",
    "ImageStoreError": "errors",
    "ImageVersion": "aio.images",
    "NotFoundError": "errors",
    "Page": "paging",
    "Pages": "paging",
    "UnavailableError": "errors",
    "UploadManyProgress": "progress",
    "UploadProgress": "progress",
    "UploadResults": "aio.operations",
    "UploadState": "progress",
    "UploadedImage": "aio.operations",
    "src": "delivery",
    "srcset": "delivery",
}
"""Where each name is. A name is imported at its first use: a program that needs one client does not load the other."""

__all__ = [
    "AsyncImageStore",
    "AsyncPages",
    "DownloadProgress",
    "FailedUpload",
    "ImageOfUpload",
    "ImageShare",
    "ImageStore",
    "ImageStoreError",
    "ImageVersion",
    "NotFoundError",
    "Page",
    "Pages",
    "UnavailableError",
    "UploadManyProgress",
    "UploadProgress",
    "UploadResults",
    "UploadState",
    "UploadedImage",
    "__version__",
    "src",
    "srcset",
]


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"image_store_client.{_PLACES[name]}"), name)
