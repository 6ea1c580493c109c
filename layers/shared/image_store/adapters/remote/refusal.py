"""The reason why a URL is not fetched, for the log and never for the caller."""


class FetchRefusal(Exception):
    """The store refuses a URL, an address or a response; the reason never contains the query of a URL."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
