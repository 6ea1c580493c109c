"""A rebuild of the projections as its caller and the log see it."""

from typing import Any

from image_store.domain.finding.projection import Rebuild
from image_store.domain.times import rfc3339


def rebuild_body(rebuild: Rebuild) -> dict[str, Any]:
    """How far it has come: until it is finished it has to be started again, not before `begins_at`."""
    return {
        "finished": not rebuild.is_under_way,
        "begins_at": rfc3339(rebuild.begins_at) if rebuild.begins_at else None,
        "examined": rebuild.examined,
    }
