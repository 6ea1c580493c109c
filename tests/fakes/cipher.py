"""Ciphers of the tests: one that seals nothing from anybody and tells whose it is, and the real one, counted."""

import base64
import itertools
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from image_store.adapters.kms import KmsCipher, KmsEnvelope
from image_store.domain.errors import ConfigurationError, StorageUnavailable
from image_store.ports.secrets import Cipher, Envelope


class MemoryEnvelope(Envelope):
    """Envelope in memory: what it seals names its data key, its context and its part."""

    def __init__(self, key: str, context: Mapping[str, str]) -> None:
        self._bound = [key, [list(pair) for pair in sorted(context.items())]]

    def seal(self, text: str, *, part: str = "") -> str:
        return base64.b85encode(json.dumps([*self._bound, part, text]).encode()).decode()

    def open(self, sealed: str, *, part: str = "") -> str:
        *bound, text = _told(sealed)
        if bound != [*self._bound, part]:
            raise _unreadable()
        return str(text)


class MemoryCipher(Cipher):
    """Cipher in memory: it binds a text to its context, and hides it from a glance; while `away` it does neither."""

    def __init__(self) -> None:
        self.made = 0
        """Data keys."""
        self.asked = 0
        """For data keys that texts were sealed with."""
        self.away = False
        self._numbers = itertools.count()

    def envelope(self, *, context: Mapping[str, str]) -> MemoryEnvelope:
        self._answer()
        self.made += 1
        return MemoryEnvelope(f"key {id(self)}/{next(self._numbers)}", context)

    def envelope_of(self, sealed: str, *, context: Mapping[str, str]) -> MemoryEnvelope:
        self._answer()
        self.asked += 1
        key, bound, *_ = _told(sealed)
        if bound != [list(pair) for pair in sorted(context.items())]:
            raise _unreadable()
        return MemoryEnvelope(str(key), context)

    def seal(self, text: str, *, context: Mapping[str, str]) -> str:
        return self.envelope(context=context).seal(text)

    def open(self, sealed: str, *, context: Mapping[str, str]) -> str:
        return self.envelope_of(sealed, context=context).open(sealed)

    def _answer(self) -> None:
        if self.away:
            raise StorageUnavailable("The key service is away.", retry_after=timedelta(seconds=1))


def _told(sealed: str) -> list[object]:
    try:
        entry: list[object] = json.loads(base64.b85decode(sealed))
    except ValueError:
        raise _unreadable() from None
    return entry


def _unreadable() -> ConfigurationError:
    return ConfigurationError("It cannot be opened.")


class CountedCipher(KmsCipher):
    """The adapter, counted; while `away` it does not answer."""

    def __init__(self, key_id: str, *, client: Callable[[], Any]) -> None:
        super().__init__(key_id, client=client)
        self.made = 0
        """Data keys."""
        self.asked = 0
        """For data keys that texts were sealed with."""
        self.away = False

    def envelope(self, *, context: Mapping[str, str]) -> KmsEnvelope:
        self._answer()
        self.made += 1
        return super().envelope(context=context)

    def envelope_of(self, sealed: str, *, context: Mapping[str, str]) -> KmsEnvelope:
        self._answer()
        self.asked += 1
        return super().envelope_of(sealed, context=context)

    def _answer(self) -> None:
        if self.away:
            raise StorageUnavailable("The key service is away.", retry_after=timedelta(seconds=1))
