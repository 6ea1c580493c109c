"""The accepted image formats, recognised by their first bytes."""

from enum import StrEnum

MAX_BYTES = 100 * 1024 * 1024
"""The largest original; a deployment may set a lower limit."""


class MediaType(StrEnum):
    """A format the store accepts and can decode."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    GIF = "image/gif"
    WEBP = "image/webp"
    AVIF = "image/avif"

    @property
    def extension(self) -> str:
        """The file name extension, without a dot."""
        return _EXTENSIONS[self]

    @classmethod
    def of_extension(cls, extension: str) -> "MediaType":
        """The type whose file name extension this is; KeyError for any other text."""
        return _OF_EXTENSION[extension]


_EXTENSIONS = {
    MediaType.JPEG: "jpg",
    MediaType.PNG: "png",
    MediaType.GIF: "gif",
    MediaType.WEBP: "webp",
    MediaType.AVIF: "avif",
}
_OF_EXTENSION = {extension: media_type for media_type, extension in _EXTENSIONS.items()}

# ISO/IEC 23000-22 (MIAF) and the AVIF specification: `avif` is a still picture, `avis` a sequence.
_AVIF_BRANDS = (b"avif", b"avis")
FTYP_LIMIT_BYTES = 512
"""How many bytes of the `ftyp` box are read."""


def sniff(data: bytes) -> MediaType | None:
    """Recognise the format by the first bytes; None for a format that is not accepted.

    Only signatures are read, so a match does not mean that the file can be decoded. HEIC shares its container with
    AVIF; the brands of the `ftyp` box distinguish them.
    """
    if data.startswith(b"\xff\xd8\xff"):
        return MediaType.JPEG
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return MediaType.PNG
    if data.startswith((b"GIF87a", b"GIF89a")):
        return MediaType.GIF
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return MediaType.WEBP
    if data[4:8] == b"ftyp" and _has_avif_brand(data):
        return MediaType.AVIF
    return None


def _has_avif_brand(data: bytes) -> bool:
    size = min(int.from_bytes(data[:4], "big"), FTYP_LIMIT_BYTES, len(data))
    # The major brand is at 8, the minor version at 12, compatible brands follow from 16.
    return any(data[at : at + 4] in _AVIF_BRANDS for at in (8, *range(16, size - 3, 4)))


_ALIASES = {
    "image/jpg": MediaType.JPEG,
    "image/pjpeg": MediaType.JPEG,
    "image/apng": MediaType.PNG,
    "image/vnd.mozilla.apng": MediaType.PNG,
    "image/x-png": MediaType.PNG,
}
"""Names that browsers and tools send besides the registered ones; an APNG is an animated PNG."""

_GENERIC = frozenset({"application/octet-stream", "binary/octet-stream", "text/plain"})


def parse_declared(content_type: str) -> MediaType | None:
    """The accepted format a Content-Type names, parameters ignored; None when it names none."""
    essence = essence_of_type(content_type)
    try:
        return _ALIASES.get(essence) or MediaType(essence)
    except ValueError:
        return None


def is_generic(content_type: str) -> bool:
    """Whether a Content-Type is one that clients send for unknown bytes."""
    return essence_of_type(content_type) in _GENERIC


def essence_of_type(content_type: str) -> str:
    """A Content-Type in lower case without its parameters."""
    return content_type.partition(";")[0].strip().lower()
