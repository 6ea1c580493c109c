"""The store with its real R2 adapter at a server on this machine, and its records in memory."""

from functools import cached_property

from image_store.bootstrap import Application
from image_store.settings import Settings
from tests.fakes.repository import MemoryRepository
from tests.fakes.rows import Rows


class NearApplication(Application):
    """The application, with R2 at `endpoint`."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint

    @cached_property
    def settings(self) -> Settings:
        return Settings.from_env({"PRIVATE_BUCKET": "private", "R2_ENDPOINT": self._endpoint})

    @cached_property
    def repository(self) -> Rows:
        return MemoryRepository()

    def _r2_credentials(self) -> tuple[str, str]:
        return "example", "example"
