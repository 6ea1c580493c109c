"""An end to what a connection may take in all."""

import socket
from contextlib import suppress
from threading import Event, Timer

from urllib3.connection import HTTPConnection


class TimeLimit:
    """Cuts a connection off when its time is over, whatever is being waited for.

    Time limits of a socket begin anew with every byte that arrives.
    """

    def __init__(self, connection: HTTPConnection, seconds: float) -> None:
        self._socket = connection.sock
        self._over = Event()
        self._timer = Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> "TimeLimit":
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    @property
    def has_expired(self) -> bool:
        """Whether the connection was cut off: what was read then may look like an end, and is none."""
        return self._over.is_set()

    def _cut(self) -> None:
        self._over.set()
        if self._socket is not None:
            with suppress(OSError):  # it is closed already
                # Not TLS's own shutdown: another thread is using that.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
