"""What stops the local stack and a person can mend."""


class CannotRun(Exception):
    """The stack cannot run as things are; the message is one sentence that says what to do. Exit code 2."""
