"""Seals generation requests from the moment a job begins until a provider is called.

All items of a job are sealed with one data key, each text bound to its place in the job. So beginning a job calls KMS
once, and so does opening any number of its requests. The parameters that a provider returns are sealed with the same
key, so that a result can be spooled without another call of KMS.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from image_store.domain.generation.jobs import Job, JobItem
from image_store.domain.generation.ledger import LedgerEntry
from image_store.domain.generation.requests import GenerationRequest, ModelPreference
from image_store.ports.secrets import Cipher, Envelope


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A request in plain text, with the data key it was sealed with; None if it was not sealed."""

    request: GenerationRequest
    index: int
    envelope: Envelope | None
    preference: ModelPreference
    """The preference of the whole job."""

    def seal(self, entry: LedgerEntry) -> LedgerEntry:
        """A ledger entry with its parameters sealed, if the request was."""
        if self.envelope is None or not entry.params:
            return entry
        text = json.dumps(dict(entry.params))
        return replace(entry, params={}, sealed=self.envelope.seal(text, part=self._part(entry)))

    def params(self, entry: LedgerEntry) -> Mapping[str, Any]:
        """The parameters of a ledger entry in plain text."""
        if self.envelope is None or entry.sealed is None:
            return entry.params
        params: dict[str, Any] = json.loads(self.envelope.open(entry.sealed, part=self._part(entry)))
        return params

    def _part(self, entry: LedgerEntry) -> str:
        return f"{self.index}/{entry.call.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedRequests:
    """Seals and opens generation requests; the cipher is made at its first use."""

    cipher: Callable[[], Cipher]
    seals: bool
    """Whether new requests are sealed; sealed ones are opened in any case."""

    def seal(self, items: Sequence[JobItem], *, owner: str, job_id: str) -> list[JobItem]:
        """Seal the requests of a new job's items; StorageUnavailable, ConfigurationError."""
        if not self.seals:
            return list(items)
        envelope = self.cipher().envelope(context=_context(owner, job_id))
        return [replace(item, request=_sealed(item, envelope)) for item in items]

    def open(self, job: Job, item: JobItem) -> OpenRequest:
        """Open the request of one item, like `open_all`."""
        [opened] = self.open_all(job, [item])
        return opened

    def open_all(self, job: Job, items: Sequence[JobItem]) -> list[OpenRequest]:
        """Open the requests of items, which must have been read with them; one call of KMS decrypts their data key.

        Raises
        ------
        StorageUnavailable
        ConfigurationError
            one was sealed for another job, owner or place, or with another key
        """
        envelope: Envelope | None = None
        opened = []
        for item in items:
            request = item.request
            if request is None:
                raise AssertionError  # callers read the item with its request
            if request.sealed is None:
                opened.append(OpenRequest(request, item.index, None, job.preference))
                continue
            if envelope is None:
                context = _context(job.owner, job.id)
                envelope = self.cipher().envelope_of(request.sealed, context=context)
            plain = _unsealed(request, request.sealed, item.index, envelope)
            opened.append(OpenRequest(plain, item.index, envelope, job.preference))
        return opened


def _sealed(item: JobItem, envelope: Envelope) -> GenerationRequest | None:
    request = item.request
    if request is None:
        return None
    texts = {
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt,
        "analysis": request.attributes.analysis,
    }
    text = json.dumps(texts, ensure_ascii=False, separators=(",", ":"))
    return replace(
        request,
        prompt="",
        negative_prompt=None,
        attributes=replace(request.attributes, analysis=None),
        sealed=envelope.seal(text, part=str(item.index)),
    )


def _unsealed(request: GenerationRequest, sealed: str, index: int, envelope: Envelope) -> GenerationRequest:
    texts = json.loads(envelope.open(sealed, part=str(index)))
    attributes = replace(request.attributes, analysis=texts.pop("analysis"))
    return replace(request, **texts, attributes=attributes, sealed=None)


def _context(owner: str, job_id: str) -> dict[str, str]:
    return {"purpose": "generation", "owner": owner, "job": job_id}
