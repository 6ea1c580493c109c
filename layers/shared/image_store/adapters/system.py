"""The clock and the random numbers of the machine."""

import secrets
from datetime import UTC, datetime

from image_store.domain.ids import uuid7
from image_store.ports.system import Clock

_ID_RANDOM_BITS = 74
_TOKEN_BYTES = 8
_PUBLICATION_BYTES = 16
_SECRET_BYTES = 32


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class RandomIds:
    """Ids from random numbers of the operating system and a clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def image_id(self) -> str:
        return uuid7(self._clock.now(), secrets.randbits(_ID_RANDOM_BITS))

    def attempt(self) -> str:
        return self.token()

    def token(self) -> str:
        return secrets.token_hex(_TOKEN_BYTES)

    def publication(self) -> str:
        return secrets.token_urlsafe(_PUBLICATION_BYTES)

    def secret(self) -> str:
        return secrets.token_urlsafe(_SECRET_BYTES)
