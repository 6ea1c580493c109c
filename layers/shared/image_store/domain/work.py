"""Work that is carried on behind a request."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CompleteUpload:
    """Complete a direct upload whose bytes have arrived."""

    image_id: str


Work = CompleteUpload
