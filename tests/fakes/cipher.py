"""A cipher that seals nothing from anybody, and tells whose what it sealed is."""

import base64
import json
from collections.abc import Mapping

from image_store.domain.errors import ConfigurationError
from image_store.ports.secrets import Cipher


class MemoryCipher(Cipher):
    """Cipher in memory: it binds a text to its context, and hides it from a glance."""

    def seal(self, text: str, *, context: Mapping[str, str]) -> str:
        return base64.b85encode(json.dumps([sorted(context.items()), text]).encode()).decode()

    def open(self, sealed: str, *, context: Mapping[str, str]) -> str:
        try:
            bound, text = json.loads(base64.b85decode(sealed))
        except ValueError:
            raise ConfigurationError("It cannot be opened.") from None
        if bound != [list(pair) for pair in sorted(context.items())]:
            raise ConfigurationError("It cannot be opened.")
        return str(text)
