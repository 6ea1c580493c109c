"""The checksums of images, kept on this machine: the bytes of an image never change, and lists do not have them."""

from __future__ import annotations

import hashlib
import re
import threading
from typing import TYPE_CHECKING

from image_store_cli.settings.state_folder import state_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from image_store_cli.store.api import ApiClient

_LINE = re.compile(r"([0-9A-Za-z_-]{1,64}) ([0-9a-f]{64})", re.ASCII)


def default_path(environment: Mapping[str, str], url: str) -> Path:
    """Return the path of the checksums of a store."""
    name = hashlib.sha256(url.encode()).hexdigest()[:32]
    return state_folder(environment) / "checksums" / f"{name}.txt"


class Checksums:
    """The checksums of the images of one store, by id; safe to use from several threads.

    The file has a line for each image. Several commands may add lines at once; a damaged line is read again from the
    store.
    """

    def __init__(self, api: ApiClient, path: Path) -> None:
        self._api = api
        self._path = path
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lines = path.read_text().splitlines() if path.exists() else []
        self._known = {match[1]: match[2] for line in lines if (match := _LINE.fullmatch(line))}

    def of(self, image_id: str) -> str:
        """The checksum of an image; raises a CommandError if the store does not answer or has no such image."""
        if (checksum := self._known.get(image_id)) is None:
            checksum = self._api.images.get(image_id)["sha256"]
            self.keep(image_id, checksum)
        return checksum

    def keep(self, image_id: str, checksum: str) -> None:
        """Keep a checksum for later runs."""
        with self._lock:
            if self._known.get(image_id) == checksum:
                return
            self._known[image_id] = checksum
            with self._path.open("a") as file:
                file.write(f"{image_id} {checksum}\n")
