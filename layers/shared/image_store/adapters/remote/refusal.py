"""The reason why a URL is not fetched, for the log and never for the caller."""


class FetchRefusal(Exception):
    """The store refuses a URL, an address or a response; the reason never contains the query of a URL."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotAllowed(FetchRefusal):
    """A host or an address that a deployment may allow with a parameter, and does not."""

    def __init__(self, reason: str, *, parameter: str) -> None:
        super().__init__(reason)
        self.parameter = parameter


class Unreachable(FetchRefusal):
    """There is no response, or not in time; a later try may succeed."""


class TooManyBytes(FetchRefusal):
    """A body has more bytes than allowed."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"more than {max_bytes} bytes")
