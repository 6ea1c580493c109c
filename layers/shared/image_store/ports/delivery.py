"""Ports of delivery: publications, renditions made on request, and the CDN."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from image_store.domain.delivery.publication import PublicationRow
    from image_store.domain.delivery.render_requests import RenderRequest
    from image_store.domain.delivery.shares import Share


class PublicationRows(Protocol):
    """One row for each publication, which names its copies for as long as there are any."""

    def publication(self, publication: str) -> PublicationRow | None:
        """Read what is kept of a publication, strongly consistent."""
        ...

    def publications(self, names: Collection[str]) -> Mapping[str, PublicationRow]:
        """Read what is kept of many publications, strongly consistent; absent ones are left out."""
        ...

    def announce_copy(self, publication: str, key: str, *, until: datetime) -> bool:
        """Name one more copy of a publication before it is made, at the latest by `until`.

        False when the publication is not the current one of its image, and then the copy must not be made. Safe
        to repeat.
        """
        ...

    def add_stray_copies(self, row: PublicationRow) -> None:
        """Keep a row for copies that none names; nothing changes when their publication has one. Safe to repeat."""
        ...

    def forget_publication(self, row: PublicationRow, *, at: datetime) -> None:
        """Forget a publication of which all copies are gone that `row` names. Safe to repeat.

        One that is current stays, and so does one that has other copies by now or for which, at this instant, a
        copy may still be made.
        """
        ...


class Renderer(Protocol):
    """Makes what is missing, somewhere with the memory and the libraries for it."""

    def render(self, request: RenderRequest) -> None:
        """Have it made, and wait until it is; the record shows the result.

        Returns at once if it exists or another request is making it.
        Raises StorageUnavailable when it was not made.
        """
        ...


class RenderLeases(Protocol):
    """The right to make a file of an image, for one at a time."""

    def take_rendering(self, name: str, *, holder: str, at: datetime, until: datetime) -> bool:
        """Take the right to make a file of an image until `until`; False while another try holds it.

        `name` is the image's id and the file's name; `holder` names one try. The right ends by itself.
        """
        ...


class Purger(Protocol):
    """Purges the CDN in front of the public bucket."""

    def purge(self, urls: Collection[str]) -> None:
        """Make the CDN forget what it keeps of these addresses, under any query and for visitors of any origin.

        The addresses lie in folders that hold nothing else that has to stay cached. Safe to repeat; after an error
        some may have been forgotten.

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

    def revoke(self, share: Share, *, at: datetime) -> None:
        """Revoke a share for good; the first revocation keeps its time. Safe to repeat."""
        ...
