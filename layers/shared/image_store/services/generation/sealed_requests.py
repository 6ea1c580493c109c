"""What owners wish for, sealed from the moment a job is made until a provider is asked.

All images of a job are sealed with one data key, each for its place in the job: beginning a job asks KMS once, and so
does opening any number of its wishes. What a provider tells with its answer is sealed with that same key, so that a
paid answer can be kept without asking anybody.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from image_store.domain.generation.jobs import GenerationRequest, JobItem, LedgerEntry, ModelPreference
from image_store.ports.secrets import Cipher, Envelope


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A wish in plain, with the data key it was sealed with; None where it was not sealed."""

    wish: GenerationRequest
    index: int
    envelope: Envelope | None
    preference: ModelPreference = field(default_factory=ModelPreference)
    """By whom the whole job is to be made."""

    def seal(self, receipt: LedgerEntry) -> LedgerEntry:
        """A receipt as it may be kept."""
        if self.envelope is None or not receipt.params:
            return receipt
        text = json.dumps(dict(receipt.params))
        return replace(receipt, params={}, sealed=self.envelope.seal(text, part=self._part(receipt)))

    def params(self, receipt: LedgerEntry) -> Mapping[str, Any]:
        """The parameters of a receipt that was kept."""
        if self.envelope is None or receipt.sealed is None:
            return receipt.params
        found: dict[str, Any] = json.loads(self.envelope.open(receipt.sealed, part=self._part(receipt)))
        return found

    def _part(self, receipt: LedgerEntry) -> str:
        return f"{self.index}/{receipt.call.id}"


@dataclass(slots=True)
class OpenRequests:
    """Opens the wishes of one job; their data key is asked for once."""

    cipher: Callable[[], Cipher]
    owner: str
    job_id: str
    _envelope: Envelope | None = field(default=None, init=False)

    def open(self, item: JobItem) -> OpenRequest:
        """The wish of an image that was read with it.

        Raises
        ------
        StorageUnavailable
        ConfigurationError
            it was sealed for another job, owner or place, or with another key
        """
        wish = item.wish
        if wish is None:
            raise AssertionError  # whoever opens a wish has read it
        if wish.sealed is None:
            return OpenRequest(wish, item.index, None)
        if self._envelope is None:
            self._envelope = self.cipher().envelope_of(wish.sealed, context=_context(self.owner, self.job_id))
        said = json.loads(self._envelope.open(wish.sealed, part=str(item.index)))
        attributes = replace(wish.attributes, analysis=said.pop("analysis"))
        return OpenRequest(
            replace(wish, **said, attributes=attributes, sealed=None), item.index, self._envelope
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedRequests:
    """Seals and opens what owners wish for; the cipher is made at its first use."""

    cipher: Callable[[], Cipher]
    seals: bool
    """Whether what is new is sealed; what was sealed before is opened all the same."""

    def seal(self, items: Sequence[JobItem], *, owner: str, job_id: str) -> list[JobItem]:
        """The images of a new job as they may be stored; StorageUnavailable, ConfigurationError."""
        if not self.seals:
            return list(items)
        envelope = self.cipher().envelope(context=_context(owner, job_id))
        return [replace(item, wish=_sealed(item, envelope)) for item in items]

    def of(self, owner: str, job_id: str) -> OpenRequests:
        """Opens the wishes of a job."""
        return OpenRequests(self.cipher, owner, job_id)


def _sealed(item: JobItem, envelope: Envelope) -> GenerationRequest | None:
    wish = item.wish
    if wish is None:
        return None
    said = {
        "prompt": wish.prompt,
        "negative_prompt": wish.negative_prompt,
        "analysis": wish.attributes.analysis,
    }
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    return replace(
        wish,
        prompt="",
        negative_prompt=None,
        attributes=replace(wish.attributes, analysis=None),
        sealed=envelope.seal(text, part=str(item.index)),
    )


def _context(owner: str, job_id: str) -> dict[str, str]:
    return {"purpose": "generation", "owner": owner, "job": job_id}
