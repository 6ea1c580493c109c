"""What is to be made, as `adapters.renderer` asks for it."""

from typing import Any

from image_store.domain.errors import InvalidRequest
from image_store.domain.making import RenditionWanted, Wanted
from image_store.domain.media import MediaType


def wanted_of(event: dict[str, Any]) -> Wanted:
    """What an event asks for; InvalidRequest for one that the store did not send."""
    try:
        return RenditionWanted(event["image_id"], event["preset"], MediaType(event["media_type"]))
    except (KeyError, ValueError):
        raise InvalidRequest("The event asks for nothing that this store makes.") from None
