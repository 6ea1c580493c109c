"""Rows of images in the trash."""

import json
from typing import Any

from image_store.adapters.dynamodb.finding.cards import TRASH_CARD_VERSION
from image_store.domain.backup.lines import canonical_json


def without_end(item: dict[str, Any]) -> dict[str, Any]:
    """A row without the end of its image's time in the trash, which its card names and a restore begins anew."""
    if "card" not in item:
        return item
    card = json.loads(item["card"]["S"])
    return item | {"card": {"S": canonical_json(card[:-1] if card[0] == TRASH_CARD_VERSION else card)}}
