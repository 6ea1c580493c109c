"""The time limit of a whole connection."""

import socket
from contextlib import suppress
from threading import Event, Timer

from urllib3.connection import HTTPConnection


class TimeLimit:
    """Shuts a connection down when its time is over, even while another thread waits for it.

    The timeout of a socket is not enough: it starts again with every byte that arrives.
    """

    def __init__(self, connection: HTTPConnection, seconds: float) -> None:
        self._socket = connection.sock
        self._expired = Event()
        self._timer = Timer(seconds, self._shut_down)
        self._timer.daemon = True

    def __enter__(self) -> "TimeLimit":
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    @property
    def has_expired(self) -> bool:
        """Whether the connection was shut down; what was read may then be incomplete."""
        return self._expired.is_set()

    def _shut_down(self) -> None:
        self._expired.set()
        if self._socket is not None:
            with suppress(OSError):  # it is closed already
                # Not TLS's own shutdown, because another thread uses the connection.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
