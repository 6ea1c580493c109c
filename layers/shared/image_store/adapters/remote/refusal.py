"""Why a URL is not fetched: for the log, never for the caller."""


class FetchRefusal(Exception):
    """A URL, an address or an answer that the store does not take; the reason holds no query of a URL."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
