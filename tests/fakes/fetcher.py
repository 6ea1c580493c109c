"""Other people's servers in memory."""

from collections.abc import Mapping
from datetime import datetime

from image_store.domain.errors import UrlNotAllowed
from image_store.ports.images import Fetcher, RemoteFile


class MemoryFetcher(Fetcher):
    """Fetcher of what it is given; `asked` are the URLs, in their order."""

    def __init__(self, files: Mapping[str, RemoteFile]) -> None:
        self.held = dict(files)
        self.asked: list[str] = []

    def fetch(self, url: str, *, max_bytes: int, until: datetime) -> RemoteFile:
        self.asked.append(url)
        file = self.held.get(url)
        if file is None or len(file.data) > max_bytes:
            raise UrlNotAllowed
        return file
