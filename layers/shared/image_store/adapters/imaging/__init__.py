"""Everything that decodes or encodes pictures; the only code that knows Pillow.

Read `processor.py` first. An original passes, in this order: `headers` (how large does it claim to be),
`limits` (is that too much), `decoding` (are the bytes whole), `color` (sRGB), `renditions` and `placeholder`.
"""

from image_store.adapters.imaging.decoding.limits import DecodeLimits
from image_store.adapters.imaging.processor import PillowProcessor

__all__ = ["DecodeLimits", "PillowProcessor"]
