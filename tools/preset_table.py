"""The table of renditions in docs/renditions.md, from the table of presets."""

from image_store.domain.delivery.renditions import DISPLAY, PRESETS, Fit, Preset
from tools.tables import table

_OTHERS = (
    (
        "transform",
        "the size and crop that the owner signed; made at the first request, kept for 30 days",
        "JPEG, PNG, WebP or AVIF, as signed",
        "`POST /v1/images/{id}/links`, then its `url`",
    ),
    ("original", "the uploaded bytes, for the owner only", "as uploaded", "`…/content`"),
)
"""What can be requested beside presets."""


def preset_parts() -> dict[str, str]:
    """The content of the marked part."""
    rows = [
        (f"`{preset.name}`", _description(preset), _formats(preset), _addresses(preset))
        for preset in PRESETS.values()
    ]
    return {"presets": table(("rendition", "description", "formats", "address"), (*rows, *_OTHERS))}


def _description(preset: Preset) -> str:
    recipe = preset.recipe
    size = (
        f"{recipe.width} × {recipe.height}"
        if recipe.width and recipe.height
        else f"{recipe.width} px wide"
        if recipe.width
        else f"{recipe.height} px high"
    )
    crop = ", cropped to the part with the most detail" if recipe.gravity.is_smart else ", cropped"
    parts = [f"at most {size}{crop if recipe.fit is Fit.COVER else ''}"]
    parts.append("made at upload" if preset.at_upload else "made at the first request, then kept")
    if recipe.animated:
        parts.append("an animation stays animated, as a WebP")
    return "; ".join(parts)


def _formats(preset: Preset) -> str:
    if not preset.formats:
        return "the one of JPEG, PNG and WebP that suits the picture"
    names = ", ".join(media_type.name.replace("WEBP", "WebP") for media_type in preset.formats)
    return f"{names} by `Accept`" if preset.formats[1:] else names


def _addresses(preset: Preset) -> str:
    public = "/i/{link}" if preset.name == DISPLAY else f"/i/{{link}}/{preset.name}"
    return f"`…/content?rendition={preset.name}`, `{public}`"
