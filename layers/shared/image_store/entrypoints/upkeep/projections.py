"""The state of a rebuild of the projections, for its caller and the log."""

from typing import Any

from image_store.domain.finding.projection import Rebuild
from image_store.domain.times import rfc3339


def rebuild_body(rebuild: Rebuild) -> dict[str, Any]:
    """Its progress; until it is finished, start the function again, but not before `begins_at`."""
    return {
        "finished": not rebuild.is_under_way,
        "begins_at": rfc3339(rebuild.begins_at) if rebuild.begins_at else None,
        "examined": rebuild.examined,
    }
