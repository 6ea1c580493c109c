"""The error for problems of the local stack that a person can repair."""


class CannotRun(Exception):
    """The stack cannot run. The message is one sentence that says what to do. Exit code 2."""
