"""The provenance of a generated image: what was requested and how it was made."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from image_store.domain.generation.catalogue import PRICES_VERSION
from image_store.domain.generation.filenames import generated_filename
from image_store.domain.generation.ledger import LedgerEntry, ProviderCall
from image_store.domain.generation.money import MICROS, usd
from image_store.domain.images.media import sniff
from image_store.domain.images.processing import ProcessedImage
from image_store.domain.times import rfc3339
from image_store.services.generation.sealed_requests import OpenRequest


def generation_attribute_of(opened: OpenRequest, entry: LedgerEntry) -> dict[str, object]:
    """The JSON attribute `generation` of an image; its `request` holds what the owner requested."""
    request, preference = opened.request, opened.preference
    requested_seed = request.seed if request.has_own_seed else None
    # None if a requested seed was not used; -1 if none was requested.
    used_seed = entry.seed if entry.seed is not None or requested_seed is not None else -1
    return {
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt,
        "model": entry.call.model,
        "provider": entry.call.provider.value,
        "seed": used_seed,
        "size": entry.size,
        "quality": entry.quality,
        "params": dict(opened.params(entry)),
        "reference_ids": list(request.reference_ids),
        "request": {
            "provider": preference.provider.value if preference.provider is not None else None,
            "model": preference.model,
            "seed": requested_seed,
            "size": request.size,
            "quality": request.quality,
            "background": request.background,
            "output_format": request.output_format,
        },
        "generated_at": rfc3339(entry.generated_at),
        "cost_usd": usd(entry.cost_micros),
        "duration_ms": entry.duration_ms,
        "original_url": None,
    }


def extra_warnings_of(opened: OpenRequest, entry: LedgerEntry, processed: ProcessedImage) -> tuple[str, ...]:
    """Remarks on each difference between request and picture; they contain nothing secret."""
    request, call, preference = opened.request, entry.call, opened.preference
    size = f"{processed.width}x{processed.height}"
    warnings = []
    if preference.provider not in {None, call.provider}:
        warnings.append(f"{call.provider} made the image in place of {preference.provider}.")
    if request.size is not None and request.size != size:
        warnings.append(f"The image is {size} pixels. {request.size} was requested.")
    if request.quality is not None and request.quality != entry.quality:
        used = f"It used {entry.quality}." if entry.quality is not None else "It has no choice of quality."
        warnings.append(f"The model does not know the quality {request.quality}. {used}")
    made_format = processed.media_type.removeprefix("image/")
    if request.output_format not in {None, made_format}:
        warnings.append(f"The image is in the format {made_format}. {request.output_format} was requested.")
    if request.has_own_seed and entry.seed is None:
        warnings.append(f"The model takes no seed. The seed {request.seed} was not used.")
    if entry.pictures > 1:
        warnings.append(f"The provider answered with {entry.pictures} pictures. The first one is stored.")
    return tuple(warnings)


def filename_of(opened: OpenRequest, entry: LedgerEntry, data: bytes, *, seals: bool) -> str | None:
    """A filename made of the prompt, or of the title if prompts are sealed; None for bytes of no known format."""
    media_type = sniff(data)
    if media_type is None:
        return None
    request = opened.request
    is_sealed = seals or opened.envelope is not None
    return generated_filename(
        request.attributes.title if is_sealed else request.prompt,
        variation=request.variation,
        extension=media_type.extension,
        at=entry.generated_at,
    )


def entry_from_provenance(
    provenance: Mapping[str, Any] | None, call: ProviderCall, *, now: datetime
) -> LedgerEntry:
    """Rebuild the ledger entry of a stored image whose result was removed, from the image's provenance."""
    known = provenance or {}
    cost, seed, generated_at = known.get("cost_usd"), known.get("seed"), known.get("generated_at")
    return LedgerEntry(
        call=call,
        cost_micros=round(cost * MICROS) if isinstance(cost, (int, float)) else None,
        usage=None,
        prices=PRICES_VERSION,
        duration_ms=int(known.get("duration_ms") or 0),
        seed=seed if isinstance(seed, int) and seed >= 0 else None,
        size=str(known.get("size") or ""),
        quality=known.get("quality"),
        params=known.get("params") or {},
        generated_at=datetime.fromisoformat(generated_at) if isinstance(generated_at, str) else now,
    )
