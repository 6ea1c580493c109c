"""Upload tokens in memory."""

from dataclasses import replace

from image_store.domain.callers.upload_tokens import UploadToken
from image_store.domain.errors import Conflict
from image_store.domain.images.reservation import Counter, CounterKind
from image_store.ports.callers import UploadTokens
from tests.fakes.repository import MemoryRepository


class MemoryUploadTokens(UploadTokens):
    """Upload tokens in memory, whose images are counted with the records; `reads` counts the look-ups."""

    def __init__(self, records: MemoryRepository) -> None:
        self.reads = 0
        self._tokens: dict[str, UploadToken] = {}
        self._records = records

    def create(self, token: UploadToken) -> None:
        if self._tokens.get(token.id, token) != token:
            raise Conflict("There is a token with this id.")
        self._tokens[token.id] = token
        self._records.counters.open(Counter(CounterKind.UPLOAD_TOKEN, token.id))

    def get(self, token_id: str) -> UploadToken | None:
        self.reads += 1
        token = self._tokens.get(token_id)
        counter = Counter(CounterKind.UPLOAD_TOKEN, token_id)
        return replace(token, images=self._records.counters.images(counter)) if token is not None else None
