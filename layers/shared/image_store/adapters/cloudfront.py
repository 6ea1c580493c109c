"""Purges CloudFront's cache; no other module calls its API.

A folder is one path with `*` at its end, which also takes the copies with a query string. CloudFront bills each path,
and works on at most 15 paths with `*` at a time; a deletion of many images needs more. Of plain paths it takes 3,000,
independently of the others, so when it refuses the folders it gets their files one by one.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html#limits-invalidations

The caches are empty a few seconds to minutes after CloudFront has accepted the paths.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from itertools import batched
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from image_store.domain.errors import ConfigurationError, StorageUnavailable
from image_store.ports.delivery import Purger

FOLDERS_IN_PROGRESS = 15
FILES_IN_PROGRESS = 3_000
_TOO_MANY = frozenset({"TooManyInvalidationsInProgress"})
_REFUSED = frozenset({"AccessDenied", "NoSuchDistribution"})


class CloudFrontPurger(Purger):
    """Purger on one distribution; `client` returns the same client at each call.

    `reference` names one request: CloudFront answers a repeated request of the same name with the first one, so
    repetitions by botocore cost nothing, and each purge needs a new name.
    """

    def __init__(self, distribution: str, *, client: Callable[[], Any], reference: Callable[[], str]) -> None:
        self._distribution = distribution
        self._client = client
        self._reference = reference

    def purge(self, urls: Collection[str]) -> None:
        files: dict[str, list[str]] = {}
        for url in urls:
            path = urlsplit(url).path
            files.setdefault(path.rpartition("/")[0], []).append(path)
        is_busy = False
        for folders in batched(files, FOLDERS_IN_PROGRESS, strict=False):
            is_busy = is_busy or not self._accepts([f"{folder}/*" for folder in folders])
            if is_busy:
                self._send_files([file for folder in folders for file in files[folder]])

    def _send_files(self, paths: Sequence[str]) -> None:
        for batch in batched(paths, FILES_IN_PROGRESS, strict=False):
            if not self._accepts(batch):
                raise StorageUnavailable(
                    "The CDN accepts no more purges for now.", retry_after=timedelta(minutes=1)
                )

    def _accepts(self, paths: Sequence[str]) -> bool:
        """Whether CloudFront has accepted the paths; False if it works on too many of their kind."""
        batch = {
            "Paths": {"Quantity": len(paths), "Items": list(paths)},
            "CallerReference": self._reference(),
        }
        try:
            self._client().create_invalidation(DistributionId=self._distribution, InvalidationBatch=batch)
        except ClientError as exc:
            code = exc.response.get("Error", {}).get("Code")
            if code in _TOO_MANY:
                return False
            if code in _REFUSED:
                raise ConfigurationError("CloudFront refuses to purge this distribution.") from exc
            raise StorageUnavailable("CloudFront did not purge; try again.") from exc
        except BotoCoreError as exc:
            raise StorageUnavailable("CloudFront did not answer.") from exc
        return True
