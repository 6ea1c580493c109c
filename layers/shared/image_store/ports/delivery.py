"""Ports of the delivery area: publications, files made on request, and the CDN."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from image_store.domain.delivery.publication import PublicationRow
    from image_store.domain.delivery.render_requests import RenderRequest


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
