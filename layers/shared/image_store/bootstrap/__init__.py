"""The only wiring: which adapter keeps which port, by area.

Everything is made, and most of it imported, at its first use: importing a handler needs no environment and no
network, and a cold start pays only for what its function touches. Tests put their own parts in with `use()`.
"""

import os

from image_store.bootstrap.operations import Watching


class Application(Watching):
    """The parts of the store, each made once and when it is first asked for."""


def prepare() -> None:
    """Make what every request needs while nobody waits for it: in an instance that is kept started, or in a snapshot.

    Nothing is read: secrets and records are those of the time of a request.
    """
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand") == "on-demand":
        return
    app = application()
    for part in ("_dynamodb", "answers", "retrieval", "repository"):
        getattr(app, part)


_current: Application | None = None


def application() -> Application:
    """The application of this process."""
    global _current
    if _current is None:
        _current = Application()
    return _current


def use(application: Application | None) -> None:
    """Put another application in place, or none so that the next use makes a new one."""
    global _current
    _current = application
