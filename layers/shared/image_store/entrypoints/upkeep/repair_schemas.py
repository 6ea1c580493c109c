"""Schema of requests for repairs."""

from typing import Annotated

from pydantic import Field

from image_store.domain.upkeep.repair import MAX_REPAIR_IDS
from image_store.entrypoints.http.fields import Strict
from image_store.entrypoints.http.scalars import Flag


class RepairRequest(Strict):
    """Which images to repair: the named ones, or all."""

    image_ids: list[Annotated[str, Field(max_length=64)]] | None = Field(
        None, min_length=1, max_length=MAX_REPAIR_IDS, description="By default all images of all owners."
    )
    dry_run: Flag = Field(default=False, description="Whether to only count what is missing.")
