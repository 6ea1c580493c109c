"""The store with its real R2 adapter at a server on this machine, and its records in memory."""

from image_store.adapters.presign import AccessKeys
from image_store.bootstrap import Application, assemble
from image_store.bootstrap.clients import Clients
from image_store.bootstrap.ports import Ports
from image_store.settings import Settings
from image_store.settings.byte_stores import ByteStoreSettings
from tests.fakes.repository import MemoryRepository


class NearClients(Clients):
    """Clients with a key pair for a server that checks none."""

    def access_keys(self, store: ByteStoreSettings) -> AccessKeys:
        return AccessKeys("example", "example")


def near_application(endpoint: str) -> Application:
    """Assemble the application, with R2 at `endpoint`."""
    settings = Settings.from_env(
        {"PRIVATE_BUCKET": "private", "R2_ENDPOINT": endpoint, "R2_SECRET": "the key pair"}
    )
    ports = Ports(settings, NearClients(settings.storage))
    ports.repository = ports.claims = MemoryRepository()
    return assemble(ports, settings)
