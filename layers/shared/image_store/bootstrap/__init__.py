"""Connects adapters to ports and assembles the services; no other package does.

Adapters and services are created, and most are imported, at their first use. So importing a handler needs no
environment and no network, and a cold start pays only for what its function uses. Tests set another application with
`use()`.
"""

import os
from collections.abc import Callable

from image_store.bootstrap.assembly import Application, assemble
from image_store.bootstrap.clients import Clients
from image_store.bootstrap.ports import Ports
from image_store.domain.callers.caller import Caller
from image_store.entrypoints.callers.admission import count_with
from image_store.settings import Settings

__all__ = ["Application", "application", "assemble", "prepare", "use"]


def _deployed() -> Application:
    settings = Settings.from_env(os.environ)
    return assemble(Ports(settings, Clients(settings.storage)), settings)


_assemble: Callable[[], Application] = _deployed
_current: Application | None = None


def application() -> Application:
    """The application of this process, assembled at its first use; ConfigurationError if a setting is wrong."""
    global _current
    if _current is None:
        _current = _assemble()
    return _current


def use(assemble_application: Callable[[], Application] | None) -> None:
    """Replace how the application of this process is assembled; None restores the usual way."""
    global _assemble, _current
    _assemble, _current = assemble_application or _deployed, None


class _KeyCounters:
    """Counts for API keys with the application, which is assembled at the first request that has to be counted."""

    def count_request(self, caller: Caller) -> None:
        application().callers.request_limits.count(caller)

    def count_refusal(self, code: str) -> None:
        from image_store.entrypoints.callers.metrics import count_key_refusal

        count_key_refusal(code, namespace=application().settings.metrics_namespace)


count_with(_KeyCounters())


def prepare() -> None:
    """Create what every request needs, before the first request, with provisioned concurrency or in a snapshot.

    Reads no secret and no record; each request does that itself.
    """
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand") == "on-demand":
        return
    app = application()
    _ = (app.ports.clients.dynamodb, app.answers, app.images.retrieval, app.ports.repository)
