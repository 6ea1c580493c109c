"""The only wiring: chooses an adapter for every port and assembles the services from the ports.

Adapters and services are made, and most are imported, at their first use: importing a handler needs no environment
and no network, and a cold start pays only for what its function uses. Tests replace the application with `use()`.
"""

import os

from image_store.bootstrap.assembly import Application, assemble
from image_store.bootstrap.clients import Clients
from image_store.bootstrap.ports import Ports
from image_store.settings import Settings

__all__ = ["Application", "application", "assemble", "prepare", "use"]

_current: Application | None = None


def application() -> Application:
    """The application of this process, with the settings of its environment."""
    global _current
    if _current is None:
        settings = Settings.from_env(os.environ)
        _current = assemble(Ports(settings, Clients(settings)), settings)
    return _current


def use(application: Application | None) -> None:
    """Replace the application of this process; with None the next use assembles a new one."""
    global _current
    _current = application


def prepare() -> None:
    """Make what every request needs before the first request: with provisioned concurrency, or in a snapshot.

    Nothing is read: a request reads secrets and records itself.
    """
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand") == "on-demand":
        return
    app = application()
    _ = (app.ports.clients.dynamodb, app.answers, app.images.retrieval, app.ports.repository)
