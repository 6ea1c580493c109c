"""What stands between the public bucket and its readers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection


class Purger(Protocol):
    """The CDN in front of the public bucket, as far as it can be told to forget."""

    def purge(self, urls: Collection[str]) -> None:
        """Make the CDN forget what it keeps of these addresses, under any query and for visitors of any origin.

        The addresses lie in folders that hold nothing else that has to stay cached. Safe to repeat; after an error
        some may have been forgotten.

        Raises
        ------
        StorageUnavailable, ConfigurationError
        """
        ...
