"""API keys in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from image_store.domain.callers.api_keys import ApiKey
from image_store.domain.errors import Conflict
from image_store.ports.callers import ApiKeys


class MemoryApiKeys(ApiKeys):
    """API keys in memory; `reads` counts the keys that were looked up."""

    def __init__(self) -> None:
        self.reads = 0
        self._keys: dict[str, ApiKey] = {}

    def create(self, key: ApiKey) -> None:
        if key.id in self._keys:
            raise Conflict("There is a key with this id.")
        self._keys[key.id] = key

    def get(self, key_id: str) -> ApiKey | None:
        self.reads += 1
        return self._keys.get(key_id)

    def save(self, after: ApiKey) -> None:
        current = self._keys.get(after.id)
        if current is not None and replace(current, last_used_at=after.last_used_at) == after:
            return
        if current is None or current.version != after.version - 1:
            raise Conflict("Another request changed this key at the same moment; read it again and repeat.")
        self._keys[after.id] = replace(after, last_used_at=current.last_used_at)

    def page(
        self, owner: str | None, *, after: str | None, limit: int
    ) -> tuple[Sequence[ApiKey], str | None]:
        places = sorted(
            (f"{key.owner}/{key.id}", key) for key in self._keys.values() if owner in (None, key.owner)
        )
        rest = [place for place in places if after is None or place[0] > after]
        page = rest[:limit]
        return [key for _, key in page], page[-1][0] if len(rest) > limit else None

    def counts(self, owner: str, *, at: datetime) -> tuple[int, int]:
        keys = [key for key in self._keys.values() if key.owner == owner]
        return sum(key.is_in_force(at) for key in keys), len(keys)

    def record_use(self, key_id: str, *, at: datetime) -> None:
        key = self._keys.get(key_id)
        if key is not None and (key.last_used_at is None or key.last_used_at < at):
            self._keys[key_id] = replace(key, last_used_at=at)
