"""Making the renditions of one decoded picture, each from the next larger one."""

from collections.abc import Sequence
from io import BytesIO

from PIL import Image, ImageChops

from image_store.adapters.imaging.crop import square_window
from image_store.adapters.imaging.picture import Picture
from image_store.adapters.imaging.sizes import Size, whole_size
from image_store.domain.media import MediaType
from image_store.domain.renditions import THUMB_SIDE_PX, Preset, RenderedFile, Rendition

_JPEG_THUMB_QUALITY = 70
_JPEG_DISPLAY_QUALITY = 85
_WEBP_QUALITY = 80
# Of libwebp's 0–6: half the time of its default 4 for about a tenth more bytes.
_WEBP_METHOD = 2
_PNG_LEVEL = 9
# Drawings and screenshots have few colours; PNG keeps them crisp and often smaller than JPEG or WebP can.
_FLAT_ART_COLORS = 256
_FLAT_ART_GREYS = 64
_OVERVIEW_LONG_SIDE_PX = 64
_OVERVIEW_SHORT_SIDE_PX = 8
# Against Lanczos both ways, encoding included, a display picture takes 0.75 of the CPU time and a thumbnail
# 0.95, each for 0.003 less SSIM. Columns are filtered first, from all rows, and so cost most.
_FILTER = Image.Resampling.BICUBIC
_COLUMN_FILTER = Image.Resampling.HAMMING
# Averaging whole blocks of pixels is cheap, and hardly seen as long as the filter has this factor left to do:
# SSIM of a thumbnail, encoded, is still within 0.003 of Lanczos alone.
_DISPLAY_GAP = 2.0
_THUMB_GAP = 1.5


def render(
    picture: Picture, *, size: Size, presets: Sequence[Preset]
) -> tuple[tuple[RenderedFile, ...], Image.Image]:
    """Make `presets`, in their order, of a picture seen in `size`, and a tiny copy for the placeholder.

    `thumb` is a square of 300 px, or of the shorter side where that is smaller, cut where there is most to
    see. `display` is the whole picture within 2048 × 2048. Neither is ever larger than the picture, and the
    thumb, which is a JPEG, shows white where the picture is transparent.
    """
    files: dict[Preset, RenderedFile] = {}
    thumb_side = min(THUMB_SIDE_PX, *size)
    if Preset.DISPLAY in presets:
        display = _resized(picture, picture.stored_size(whole_size(size, Preset.DISPLAY))).finished()
        files[Preset.DISPLAY] = _display_file(display.image)
        if min(display.image.size) >= thumb_side:
            picture = display
    picture = _reduced(_flattened(picture), thumb_side)
    overview = _overview(picture)
    if Preset.THUMB in presets:
        window = square_window(picture.image.size, overview.image)
        thumb = _filtered(picture.image.crop(window), (thumb_side, thumb_side))
        files[Preset.THUMB] = _thumb_file(picture.with_image(thumb).finished().image)
    return tuple(files[preset] for preset in presets), overview.finished().image


def _resized(picture: Picture, size: Size) -> Picture:
    if picture.image.size == size:
        return picture
    image = picture.image
    factor = int(min(image.width / size[0], image.height / size[1]) / _DISPLAY_GAP)
    if factor > 1:
        image = image.reduce(factor)
    return picture.with_image(_filtered(image, size))


def _filtered(image: Image.Image, size: Size) -> Image.Image:
    return image.resize((size[0], image.height), _COLUMN_FILTER).resize(size, _FILTER)


def _flattened(picture: Picture) -> Picture:
    """Lay a transparent picture on white; weighing by alpha leaves no dark fringe of hidden colours."""
    if not picture.has_alpha:
        return picture
    image = picture.image
    opaque = Image.new(image.mode[:-1], image.size, "white")
    opaque.paste(image.convert(opaque.mode), mask=image.getchannel("A"))
    return picture.with_image(opaque)


def _reduced(picture: Picture, thumb_side: int) -> Picture:
    """Shrink by a whole number, leaving the filter at least its gap above the thumb."""
    factor = int(min(picture.image.size) / (thumb_side * _THUMB_GAP))
    return picture.with_image(picture.image.reduce(factor)) if factor > 1 else picture


def _overview(picture: Picture) -> Picture:
    """A copy of some dozens of pixels each way, of other proportions than a very long and narrow picture."""
    longest = max(picture.image.size)
    factors = [
        max(1, side // max(_OVERVIEW_SHORT_SIDE_PX, side * _OVERVIEW_LONG_SIDE_PX // longest))
        for side in picture.image.size
    ]
    return picture.with_image(picture.image.reduce((factors[0], factors[1])))


def _thumb_file(image: Image.Image) -> RenderedFile:
    return _file(Preset.THUMB, MediaType.JPEG, image, _jpeg(image, quality=_JPEG_THUMB_QUALITY))


def _display_file(image: Image.Image) -> RenderedFile:
    if image.mode in ("LA", "RGBA"):
        media_type, data = MediaType.WEBP, _webp(image)
    else:
        media_type, data = MediaType.JPEG, _jpeg(image, quality=_JPEG_DISPLAY_QUALITY, progressive=True)
    if _is_flat_art(image):
        png = _png(image)
        if len(png) < len(data):
            media_type, data = MediaType.PNG, png
    return _file(Preset.DISPLAY, media_type, image, data)


def _file(preset: Preset, media_type: MediaType, image: Image.Image, data: bytes) -> RenderedFile:
    return RenderedFile(Rendition(preset, media_type, image.width, image.height, len(data)), data)


def _is_flat_art(image: Image.Image) -> bool:
    limit = _FLAT_ART_GREYS if image.mode == "L" else _FLAT_ART_COLORS
    return image.getcolors(limit) is not None


def _jpeg(image: Image.Image, *, quality: int, progressive: bool = False) -> bytes:
    out = BytesIO()
    image.save(out, "JPEG", quality=quality, progressive=progressive, optimize=True)
    return out.getvalue()


def _webp(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "WEBP", quality=_WEBP_QUALITY, method=_WEBP_METHOD)
    return out.getvalue()


def _png(image: Image.Image) -> bytes:
    out = BytesIO()
    _with_palette(image).save(out, "PNG", compress_level=_PNG_LEVEL)
    return out.getvalue()


def _with_palette(image: Image.Image) -> Image.Image:
    """The same picture with a palette, a third of the bytes to compress; itself where that loses a colour."""
    if image.mode != "RGB":
        return image
    indexed = image.quantize(_FLAT_ART_COLORS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    is_same = ImageChops.difference(indexed.convert("RGB"), image).getbbox() is None
    return indexed if is_same else image
