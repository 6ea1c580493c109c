"""The image store, with the key of this backend."""

import os
import time
from typing import Annotated

from fastapi import Depends, Request

from image_store_client import AsyncImageStore, ImageShare
from session import current_user

SHARED_FOR_S = 3600
MARGIN_S = 600
_shares: dict[str, tuple[float, ImageShare]] = {}
"""The share of each user, and until when it is used."""


def open_store() -> AsyncImageStore:
    """Connect with the key of this backend; close it when the app ends."""
    return AsyncImageStore(os.environ["IMAGE_STORE_URL"], key=os.environ["IMAGE_STORE_KEY"])


User = Annotated[str, Depends(current_user)]


def store_of_user(request: Request, user: User) -> AsyncImageStore:
    """Return the store, acting for the signed-in user."""
    store: AsyncImageStore = request.app.state.store
    return store.as_owner(user)


Store = Annotated[AsyncImageStore, Depends(store_of_user)]


async def share_of(store: AsyncImageStore, user: str) -> ImageShare:
    """Share all images of a user for an hour; requests within that hour use the same share."""
    ends, share = _shares.get(user, (0.0, None))
    if share is None or time.monotonic() > ends:
        share = await store.share(all=True, expires_in=SHARED_FOR_S, name="Gallery")
        _shares[user] = (time.monotonic() + SHARED_FOR_S - MARGIN_S, share)
    return share
