"""What the record of a generated image says of how it was made: what was requested, and what was done."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from image_store.domain.generation.jobs import LedgerEntry, ProviderCall
from image_store.domain.generation.money import MICROS, usd
from image_store.domain.generation.prices import VERSION
from image_store.domain.images.generated_filenames import generated_filename
from image_store.domain.images.media import sniff
from image_store.domain.images.processing import ProcessedImage
from image_store.domain.times import rfc3339
from image_store.services.generation.sealed_requests import OpenRequest


def generation_of(opened: OpenRequest, receipt: LedgerEntry) -> dict[str, object]:
    """How the image was made, as its record keeps it. `request` is what its owner requested of that."""
    wish, preference = opened.wish, opened.preference
    given_seed = wish.seed if wish.has_own_seed else None
    # None where a given seed was not used; -1 says that none was given.
    done_seed = receipt.seed if receipt.seed is not None or given_seed is not None else -1
    return {
        "prompt": wish.prompt,
        "negative_prompt": wish.negative_prompt,
        "model": receipt.call.model,
        "provider": receipt.call.provider.value,
        "seed": done_seed,
        "size": receipt.size,
        "quality": receipt.quality,
        "params": dict(opened.params(receipt)),
        "reference_ids": list(wish.reference_ids),
        "request": {
            "provider": preference.provider.value if preference.provider is not None else None,
            "model": preference.model,
            "seed": given_seed,
            "size": wish.size,
            "quality": wish.quality,
        },
        "generated_at": rfc3339(receipt.generated_at),
        "cost_usd": usd(receipt.cost_micros),
        "duration_ms": receipt.duration_ms,
        "original_url": None,
    }


def remarks_of(opened: OpenRequest, receipt: LedgerEntry, made: ProcessedImage) -> tuple[str, ...]:
    """Where the picture is not what was requested; nothing of it is secret."""
    wish, call, preference = opened.wish, receipt.call, opened.preference
    size = f"{made.width}x{made.height}"
    remarks = []
    if preference.provider not in {None, call.provider}:
        remarks.append(f"{call.provider} made the image in place of {preference.provider}.")
    if wish.size is not None and wish.size != size:
        remarks.append(f"The image is {size} pixels. {wish.size} was requested.")
    if wish.quality is not None and wish.quality != receipt.quality:
        done = (
            f"It used {receipt.quality}." if receipt.quality is not None else "It has no choice of quality."
        )
        remarks.append(f"The model does not know the quality {wish.quality}. {done}")
    if wish.has_own_seed and receipt.seed is None:
        remarks.append(f"The model takes no seed. The seed {wish.seed} was not used.")
    if receipt.pictures > 1:
        remarks.append(f"The provider answered with {receipt.pictures} pictures. The first one is stored.")
    return tuple(remarks)


def filename_of(opened: OpenRequest, receipt: LedgerEntry, data: bytes, *, seals: bool) -> str | None:
    """A filename by the prompt, or by the title where prompts are sealed; None for bytes of no known format."""
    media_type = sniff(data)
    if media_type is None:
        return None
    wish = opened.wish
    is_sealed = seals or opened.envelope is not None
    return generated_filename(
        wish.attributes.title if is_sealed else wish.prompt,
        variation=wish.variation,
        extension=media_type.extension,
        at=receipt.generated_at,
    )


def receipt_in(generation: Mapping[str, Any] | None, call: ProviderCall, *, now: datetime) -> LedgerEntry:
    """The receipt of a stored image whose answer is no longer kept, as far as its record tells."""
    told = generation or {}
    cost, seed, generated_at = told.get("cost_usd"), told.get("seed"), told.get("generated_at")
    return LedgerEntry(
        call=call,
        cost_micros=round(cost * MICROS) if isinstance(cost, (int, float)) else None,
        usage=None,
        prices=VERSION,
        duration_ms=int(told.get("duration_ms") or 0),
        seed=seed if isinstance(seed, int) and seed >= 0 else None,
        size=str(told.get("size") or ""),
        quality=told.get("quality"),
        params=told.get("params") or {},
        generated_at=datetime.fromisoformat(generated_at) if isinstance(generated_at, str) else now,
    )
