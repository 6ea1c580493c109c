"""Ports of the delivery area: publications, files made on request, and the CDN."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from image_store.domain.delivery.publication import PublicationRow
    from image_store.domain.delivery.render_requests import RenderRequest
    from image_store.domain.delivery.shares import Share


class PublicationRows(Protocol):
    """One row for each publication, which names its copies and exists for as long as there may be any."""

    def publication(self, publication: str) -> PublicationRow | None:
        """Read the row of a publication, strongly consistent."""
        ...

    def publications(self, names: Collection[str]) -> Mapping[str, PublicationRow]:
        """Read the rows of many publications, strongly consistent; absent ones are left out."""
        ...

    def announce_copy(self, publication: str, key: str, *, until: datetime) -> bool:
        """Add a copy to the row of a publication before the copy is written, which must happen by `until`.

        False if the publication is not the current one of its image; then the copy must not be written. Safe to
        repeat.
        """
        ...

    def add_stray_copies(self, row: PublicationRow) -> None:
        """Write a row for copies that have none; nothing changes if their publication has a row. Safe to repeat."""
        ...

    def forget_publication(self, row: PublicationRow, *, at: datetime) -> None:
        """Remove the row of a publication whose copies, as `row` names them, are deleted. Safe to repeat.

        The row stays if the publication is current, if the row names other copies by now, or if a copy may still be
        written at this instant.
        """
        ...


class Renderer(Protocol):
    """Makes missing files in a function that has the memory and the libraries for it."""

    def render(self, request: RenderRequest) -> None:
        """Have a file made and wait for it; the caller reads the result from record or bucket.

        Returns at once if the file exists or another request is making it. Raises StorageUnavailable if it was not
        made.
        """
        ...


class RenderLeases(Protocol):
    """Leases: only one try at a time may make a file of an image."""

    def take_rendering(self, name: str, *, holder: str, at: datetime, until: datetime) -> bool:
        """Take the lease of a file until `until`, when it expires; False while another try holds it.

        `name` is the image's id and the file's name; `holder` names one try.
        """
        ...


class Purger(Protocol):
    """Purges the CDN in front of the public bucket."""

    def purge(self, urls: Collection[str]) -> None:
        """Remove these addresses from the caches of the CDN, with any query and for any origin.

        Other addresses in the same folders may be removed as well. Safe to repeat; after an error some may have been
        removed.

        Raises
        ------
        StorageUnavailable, ConfigurationError
        """
        ...


class Shares(Protocol):
    """Where shares are kept. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def create(self, share: Share) -> None:
        """Keep a new share until a while after its end; Conflict when there is one with its id."""
        ...

    def get(self, share_id: str) -> Share | None:
        """The share as it is now (strongly consistent), revoked and expired ones too; None when there is none."""
        ...

    def page(self, owner: str, *, after: str | None, limit: int) -> tuple[Sequence[Share], str | None]:
        """Shares of an owner that are still kept, the newest first; and where to go on, None at the end."""
        ...

    def count(self, owner: str, *, at: datetime) -> int:
        """How many of an owner's shares are in force, to a second (strongly consistent)."""
        ...

    def revoke(self, share: Share, *, at: datetime) -> None:
        """Revoke a share for good; the first revocation keeps its time. Safe to repeat."""
        ...

    def record_use(self, share_id: str, *, at: datetime) -> None:
        """Note that a share was used, unless a later use is noted, or the share is gone."""
        ...


class OldPaths(Protocol):
    """The images that paths of other stores lead to. Raises StorageUnavailable when DynamoDB does not answer."""

    def image_ids(self, name: str, *, limit: int) -> Sequence[str]:
        """The images with this name of `names_of_path`, the newest first. Eventually consistent."""
        ...
