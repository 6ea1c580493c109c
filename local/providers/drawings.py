"""Draws the pictures of the stand-ins."""

from __future__ import annotations

import hashlib
import io
import random
import textwrap

from PIL import Image, ImageDraw, ImageFont

from local.providers.modes import DIRECTIVE

MAX_SIDE = 2048
"""Larger pictures would take a laptop too long; they are drawn with this side."""


def draw(
    prompt: str, *, seed: int, width: int, height: int, media_format: str, is_transparent: bool = False
) -> bytes:
    """Draw a picture that depends only on what is requested; `media_format` is Pillow's name of the format."""
    width, height = (max(16, min(side, MAX_SIDE)) for side in (width, height))
    digest = hashlib.sha256(f"{seed}\0{prompt}".encode()).digest()
    dice = random.Random(digest)  # noqa: S311 - pictures need no secrecy
    colours = [tuple(dice.randrange(30, 226) for _ in range(3)) for _ in range(4)]
    picture = Image.new("RGB", (2, 2))
    picture.putdata(colours)
    picture = picture.resize((width, height), Image.Resampling.BICUBIC)
    if is_transparent:
        picture = Image.new("RGBA", (width, height))
    pen = ImageDraw.Draw(picture, "RGBA")
    for _ in range(dice.randrange(5, 12)):
        x, y = dice.randrange(width), dice.randrange(height)
        radius = dice.randrange(min(width, height) // 20 + 1, min(width, height) // 4 + 2)
        colour = tuple(dice.randrange(256) for _ in range(3))
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(*colour, 120))
    size = max(12, width // 28)
    lines = textwrap.wrap(DIRECTIVE.sub("", prompt), width=36)[:6]
    text = "\n".join(lines).encode("latin-1", "replace").decode("latin-1")
    font = ImageFont.load_default(size)
    pen.multiline_text(
        (width // 20, height // 20), text, fill="white", font=font, stroke_width=2, stroke_fill="black"
    )
    out = io.BytesIO()
    picture.save(out, media_format, **({"quality": 88} if media_format == "JPEG" else {}))
    return out.getvalue()
