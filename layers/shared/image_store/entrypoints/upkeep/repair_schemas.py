"""Requests that repair images."""

from typing import Annotated

from pydantic import Field

from image_store.domain.upkeep.repair import MAX_REPAIR_IDS
from image_store.entrypoints.http.fields import Strict
from image_store.entrypoints.http.scalars import Flag


class RepairRequest(Strict):
    """Which images are to be repaired: those named, or all of the store."""

    image_ids: list[Annotated[str, Field(max_length=64)]] | None = Field(
        None, min_length=1, max_length=MAX_REPAIR_IDS, description="All images of all owners when left out."
    )
    dry_run: Flag = Field(default=False, description="Whether to count what is missing and make nothing.")
