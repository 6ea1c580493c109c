"""A client of CloudFront in memory, with the cache of one distribution and the limits that its documentation names."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

DISTRIBUTION = "E1EXAMPLE23456"


class MemoryCloudFront:
    """The client; `cached` are the addresses that the distribution holds.

    An invalidation is in progress until a test says that it has `completed`.
    """

    def __init__(self) -> None:
        self.cached: set[str] = set()
        self.accepted: list[tuple[str, ...]] = []
        self._in_progress: list[str] = []
        self._references: dict[str, tuple[str, ...]] = {}

    def completed(self) -> None:
        """Let all invalidations end."""
        self._in_progress.clear()

    def create_invalidation(
        self,
        *,
        DistributionId: str,  # noqa: N803 - as botocore has them
        InvalidationBatch: dict[str, Any],  # noqa: N803 - as above
    ) -> dict[str, Any]:
        """Remove paths from the cache."""
        if DistributionId != DISTRIBUTION:
            raise _error("NoSuchDistribution", 404)
        paths = tuple(InvalidationBatch["Paths"]["Items"])
        if len(paths) != InvalidationBatch["Paths"]["Quantity"] or not paths:
            raise _error("InconsistentQuantities", 400)
        if not all(re.fullmatch(r"/[^*]*\*?", path) and len(path) <= 4_000 for path in paths):
            raise _error("InvalidArgument", 400)
        reference = InvalidationBatch["CallerReference"]
        if self._references.setdefault(reference, paths) != paths:
            raise _error("InvalidationBatchAlreadyExists", 400)
        in_progress = [*self._in_progress, *paths]
        folders = sum(path.endswith("*") for path in in_progress)
        if folders > 15 or len(in_progress) - folders > 3_000:
            raise _error("TooManyInvalidationsInProgress", 400)
        self._in_progress = in_progress
        self.accepted.append(paths)
        self.cached = {url for url in self.cached if not any(_matches(url, path) for path in paths)}
        return {"Invalidation": {"Id": f"I{len(self.accepted)}", "Status": "InProgress"}}


def _matches(url: str, path: str) -> bool:
    """Whether an entry goes with a path; the cache ignores the query string, as the documented policy says."""
    own = urlsplit(url).path
    return own.startswith(path[:-1]) if path.endswith("*") else own == path


def _error(code: str, status: int) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "CreateInvalidation")
