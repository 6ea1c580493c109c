"""What a message comes with besides its text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from image_store_mcp.tools.patience import UNLIMITED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from image_store_client import ImageStore
    from image_store_mcp.tools.patience import Patience


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestContext:
    """What one message comes with.

    `store` connects to the store for the caller; many messages need none. `headers`, with names in lower case, are
    those of HTTP, and None for other transports. `version` is what was agreed in `initialize`.
    """

    store: Callable[[], ImageStore]
    version: str
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    patience: Patience = UNLIMITED
    """How long an answer may wait for a task."""
