"""The streams of the protocol, which nothing else in this process uses."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

STDIN, STDOUT, STDERR = 0, 1, 2


@contextmanager
def private_streams() -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Take stdin and stdout; from then on, what is printed goes to stderr, and stdin is empty.

    So neither a print nor a program that this process starts, such as a `token_command`, can break a message.
    """
    source, target = os.fdopen(os.dup(STDIN), "rb"), os.fdopen(os.dup(STDOUT), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, STDIN)
    os.close(nothing)
    os.dup2(STDERR, STDOUT)
    try:
        yield source, target
    finally:
        source.close()
        with suppress(OSError):  # the client is gone
            target.close()
