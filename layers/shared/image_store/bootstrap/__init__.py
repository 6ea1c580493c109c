"""The only wiring: chooses an adapter for every port and assembles the services from the ports.

Adapters and services are made, and most are imported, at their first use: importing a handler needs no environment
and no network, and a cold start pays only for what its function uses. Tests assemble another application with `use()`.
"""

import os
from collections.abc import Callable

from image_store.bootstrap.assembly import Application, assemble
from image_store.bootstrap.clients import Clients
from image_store.bootstrap.ports import Ports
from image_store.settings import Settings

__all__ = ["Application", "application", "assemble", "prepare", "use"]


def _deployed() -> Application:
    settings = Settings.from_env(os.environ)
    return assemble(Ports(settings, Clients(settings.storage)), settings)


_assemble: Callable[[], Application] = _deployed
_current: Application | None = None


def application() -> Application:
    """The application of this process, assembled at its first use. Raises ConfigurationError for a bad setting."""
    global _current
    if _current is None:
        _current = _assemble()
    return _current


def use(assemble_application: Callable[[], Application] | None) -> None:
    """Assemble the application of this process in another way from now on; None restores the usual one."""
    global _assemble, _current
    _assemble, _current = assemble_application or _deployed, None


def prepare() -> None:
    """Make what every request needs before the first request: with provisioned concurrency, or in a snapshot.

    Nothing is read: a request reads secrets and records itself.
    """
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand") == "on-demand":
        return
    app = application()
    _ = (app.ports.clients.dynamodb, app.answers, app.images.retrieval, app.ports.repository)
