"""What is kept of publications besides the records that name them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from image_store.domain.publication import PublicationRow


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

    def adopt_strays(self, row: PublicationRow) -> None:
        """Keep a row for copies that none names; nothing changes when their publication has one. Safe to repeat."""
        ...

    def forget_publication(self, row: PublicationRow, *, at: datetime) -> None:
        """Forget a publication of which all copies are gone that `row` names. Safe to repeat.

        One that is current stays, and so does one that has other copies by now or for which, at this instant, a
        copy may still be made.
        """
        ...
