"""Paths that images had in another store, before they moved here.

A store has many addresses for one image: variants, transformations, versions. The rows of redirects hold each path as
it is, and its general form, which is the same for all of these. Both are made here, when a row is written and when an
address is looked up.
"""

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

MAX_OLD_PATH_BYTES = 2_048

_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_CLOUDFLARE = re.compile(r"(?:cdn-cgi/imagedelivery/)?([A-Za-z0-9_-]{22})/(.+)/[^/]+")
"""Account, image and variant (https://developers.cloudflare.com/images/manage-images/serve-images/)."""
_CLOUDINARY = re.compile(r"([^/]+)/image/(upload|private|authenticated)/(.+)")
_CLOUDINARY_PREFIX = re.compile(
    r"(?:s--[A-Za-z0-9_-]{8,32}--|v[0-9]+|\$[^/]*"
    r"|(?:ac?|af|ar|b|bo|br|c|co|cs|d|dl|dn|dpr|du|e|eo|f|fl|fn|fps|g|h|if|ki|l|o|p|pg|q|r|so|sp|t|u|vc|vs|w|x|y|z)_[^/]*)/"
)
"""A signature, a version, or a transformation in the address of Cloudinary."""
_SUPABASE = re.compile(r"storage/v1/render/image/public/(.+)")


def names_of_path(path: str) -> Iterator[str]:
    """The names of an old path, the most exact first, each once; none for a path that no address can have.

    `path` is decoded once; with or without the slash at its beginning.
    """
    names = dict.fromkeys(name for text in (path, _decoded(path)) if (name := _name(text)) is not None)
    yield from dict.fromkeys((*names, *(_general(name) for name in names)))


def _decoded(path: str) -> str:
    """The path without percent-encoding, which gateways leave in it or remove."""
    if not _PERCENT.search(path):
        return path
    try:
        return unquote(path, errors="strict")
    except UnicodeDecodeError:
        return path


def _name(path: str) -> str | None:
    path = path.lstrip("/")
    if not path or len(path) > MAX_OLD_PATH_BYTES or _CONTROLS.search(path):
        return None
    if len(path.encode()) > MAX_OLD_PATH_BYTES:
        return None
    return path if path.isascii() else unicodedata.normalize("NFC", path)


def _general(name: str) -> str:
    """The form that the addresses of all variants of an image share."""
    if match := _CLOUDINARY.fullmatch(name):
        rest = match[3]
        while prefix := _CLOUDINARY_PREFIX.match(rest):
            rest = rest[prefix.end() :]
        folder, slash, last = rest.rpartition("/")
        return f"{match[1]}/image/{match[2]}/~/{folder}{slash}{last.partition('.')[0]}"
    if match := _SUPABASE.fullmatch(name):
        return f"storage/v1/object/public/{match[1]}"
    if match := _CLOUDFLARE.fullmatch(name):
        return f"{match[1]}/{match[2]}/~"
    return name
