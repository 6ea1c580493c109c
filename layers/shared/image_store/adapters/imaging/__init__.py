"""Everything that decodes or encodes pictures; the only code that knows Pillow.

Read `processor.py` first. An original passes through these modules in order: `headers` (the size that it claims),
`limits` (whether that is too much), `decoding` (whether the bytes are complete), `color` (sRGB), `renditions` and
`placeholder`.
"""

from image_store.adapters.imaging.decoding.limits import DecodeLimits
from image_store.adapters.imaging.processor import PillowProcessor

__all__ = ["DecodeLimits", "PillowProcessor"]
