"""What cleanup removes, and when."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from image_store.domain.errors import ConfigurationError
from image_store.settings.variables import Variables

if TYPE_CHECKING:
    from image_store.domain.upkeep.cleanup import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanupSettings:
    """What cleanup removes, and when."""

    trash_retention: timedelta
    policies: "tuple[Policy, ...]"
    runs_after_save: bool
    """Whether the policies apply to an owner's images after each stored image, and not only once a day."""
    max_deletions: int
    """The most that one run removes without a row that requests it."""

    @classmethod
    def from_env(cls, variables: Variables) -> Self:
        """Read the settings of cleanup."""
        return cls(
            trash_retention=timedelta(days=variables.number("TRASH_RETENTION_DAYS", 7)),
            policies=_policies(variables),
            runs_after_save=variables.flag("CLEANUP_ON_SAVE"),
            max_deletions=variables.number("CLEANUP_MAX_DELETIONS", 1_000),
        )


def _policies(variables: Variables) -> "tuple[Policy, ...]":
    """The enabled policies of CLEANUP_POLICIES, a JSON list of objects."""
    try:
        policies = json.loads(variables.text("CLEANUP_POLICIES") or "[]")
        return tuple(_policy(**policy) for policy in policies if policy.pop("enabled", True) is True)
    except (ValueError, TypeError, AttributeError):
        raise ConfigurationError(
            "CLEANUP_POLICIES must be a JSON list of objects with kind and optionally category, older_than_days, "
            "keep_newest (whole numbers, not below 0) and enabled."
        ) from None


def _policy(
    *, kind: str, category: str | None = None, older_than_days: int = 30, keep_newest: int = 100
) -> "Policy":
    # Few functions know policies, so the others do not import them.
    from image_store.domain.images.attributes import normalize_text
    from image_store.domain.images.image import Kind
    from image_store.domain.upkeep.cleanup import Policy

    if not all(type(number) is int and number >= 0 for number in (older_than_days, keep_newest)):
        raise ValueError("not a whole number")
    if category is not None and not isinstance(category, str):
        raise TypeError("not a text")
    return Policy(
        kind=Kind(kind),
        category=normalize_text(category) if category is not None else None,
        older_than=timedelta(days=older_than_days),
        keep_newest=keep_newest,
    )
