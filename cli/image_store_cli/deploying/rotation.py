"""Replaces R2's key pair in two runs that are a day apart, so that no request fails.

1. A second token is created, and the secret gets its key pair. Functions read a secret once in the life of their
   process, so the older token stays valid.
2. A day later no process has the older key pair any more, and its token is deleted.

Nothing is remembered between the runs: the secret names the token that is in use, and Cloudflare says when each token
was issued. A token that is newer than the one in use is of a run that was killed before it wrote the secret. Nobody has
its value, so it is deleted at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from image_store_cli.deploying.plan import Action, PlannedChange
from image_store_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from image_store_cli.deploying.keys import R2Key

OVERLAP = timedelta(days=1)
"""How long both key pairs work; AWS replaces the processes of functions every few hours."""
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Tokens:
    """The tokens of one name."""

    current: str
    """The id of the token in the secret."""
    since: datetime
    lost: tuple[str, ...]
    older: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyRotation:
    """The rotation of R2's key pair, as far as it is."""

    key: R2Key
    now: Callable[[], datetime]
    name: str = "R2 key"

    def look(self) -> Sequence[PlannedChange]:
        """Return what `act` would do; UsageError if the secret does not hold the key pair of a token of `deploy`."""
        tokens = self._tokens()
        changes = [
            PlannedChange(
                self.name, Action.REMOVE, "a token of a run that was interrupted, which nobody uses"
            )
            for _ in tokens.lost
        ]
        if not tokens.older:
            second = f"a second token {self.key.token!r} → secret {self.key.secret.name}"
            text = f"{second}; the one in use works for another day"
            return [*changes, PlannedChange(self.name, Action.ADD, text)]
        if self._is_over(tokens):
            text = f"the older token {self.key.token!r}, whose key pair stops working"
            changes += [PlannedChange(self.name, Action.REMOVE, text) for _ in tokens.older]
        return changes

    def act(self) -> None:
        """Begin the rotation, or end it if its day is over."""
        tokens = self._tokens()
        for token_id in tokens.lost:
            self.key.tokens.delete(token_id)
        if not tokens.older:
            self.key.replace(keep={tokens.current})
        elif self._is_over(tokens):
            for token_id in tokens.older:
                self.key.tokens.delete(token_id)

    def ends_at(self) -> datetime | None:
        """The moment from which a run deletes the older token; None if there is none."""
        tokens = self._tokens()
        return tokens.since + OVERLAP if tokens.older else None

    def _is_over(self, tokens: _Tokens) -> bool:
        return self.now() >= tokens.since + OVERLAP

    def _tokens(self) -> _Tokens:
        members = self.key.members() or {}
        issued = {str(each["id"]): _issued(each) for each in self.key.tokens.of_name(self.key.token)}
        current = members.get("access_key_id")
        if current not in issued:
            raise UsageError(
                f"The secret {self.key.secret.name} does not hold the key pair of a token {self.key.token!r}: run "
                "`image-store deploy` first, or rotate it by hand as docs/operations.md describes."
            )
        since = issued.pop(str(current))
        return _Tokens(
            current=str(current),
            since=since,
            lost=tuple(each for each, at in issued.items() if at > since),
            older=tuple(each for each, at in issued.items() if at <= since),
        )


def _issued(token: dict[str, Any]) -> datetime:
    """When a token was issued; long ago if Cloudflare does not say, so that it is kept for a day at least."""
    try:
        at = datetime.fromisoformat(str(token.get("issued_on")))
    except ValueError:
        return _LONG_AGO
    return at if at.tzinfo else at.replace(tzinfo=UTC)
