"""The exit codes of commands; docs/command-line.md documents them."""

from enum import IntEnum


class Exit(IntEnum):
    """The reason a command ended."""

    OK = 0
    SOME_FAILED = 1
    USAGE = 2
    NOT_SIGNED_IN = 3
    NOT_FOUND = 4
    UNAVAILABLE = 5
    REFUSED = 6
    NOT_OFFERED = 7
    INTERRUPTED = 130
    OUTPUT_CLOSED = 141
