"""The image store, with the key of this backend."""

import os
from typing import Annotated

from fastapi import Depends, Request

from image_store_client import AsyncImageStore
from session import current_user


def open_store() -> AsyncImageStore:
    """Connect with the key of this backend; close it when the app ends."""
    return AsyncImageStore(os.environ["IMAGE_STORE_URL"], key=os.environ["IMAGE_STORE_KEY"])


User = Annotated[str, Depends(current_user)]


def store_of_user(request: Request, user: User) -> AsyncImageStore:
    """Return the store, acting for the signed-in user."""
    store: AsyncImageStore = request.app.state.store
    return store.as_owner(user)


Store = Annotated[AsyncImageStore, Depends(store_of_user)]
