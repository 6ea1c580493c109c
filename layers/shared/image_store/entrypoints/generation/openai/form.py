"""Reads the form of an edit (`multipart/form-data`), as the clients of OpenAI's API write it.

Files are parts `image` or `image[]`, once or several times, in any order among the others. Their types are often
missing or general, so the store recognizes an image by its bytes.
"""

from image_store.domain.errors import InvalidRequest
from image_store.domain.generation.requests import MAX_REFERENCES, NewReference, ReferenceFile
from image_store.domain.images.filenames import clean_filename
from image_store.entrypoints.generation.openai.errors import wrong_value
from image_store.entrypoints.http.forms import Part, read_parts

_MAX_FIELDS = 30
"""More than OpenAI documents."""
MAX_PARTS = MAX_REFERENCES + _MAX_FIELDS
_FILES = frozenset({"image", "image[]"})
_MASKS = {"mask[]": "mask"}


def read(body: bytes, content_type: str) -> tuple[dict[str, str], list[NewReference]]:
    """The texts of a form by their names, and its images in order; InvalidRequest, EndpointError."""
    parts = read_parts(body, content_type, most=MAX_PARTS, too_many=f"A form has at most {MAX_PARTS} parts.")
    texts: dict[str, str] = {}
    images: list[NewReference] = []
    for part in parts:
        if part.name is None:
            raise InvalidRequest("The form has a part without a name.")
        if part.name in _FILES:
            images.append(_file(part))
            continue
        name = _MASKS.get(part.name, part.name)
        if name in texts:
            raise wrong_value(name, f"The form has the part '{name[:64]}' more than once.")
        texts[name] = "" if name == "mask" else _text(name, part)
    return texts, images


def _file(part: Part) -> ReferenceFile:
    if not part.data:
        raise wrong_value("image", "An image of the form has no bytes.")
    return ReferenceFile(data=part.data, filename=clean_filename(part.filename or ""))


def _text(name: str, part: Part) -> str:
    try:
        return part.data.decode("utf-8")
    except UnicodeDecodeError:
        raise wrong_value(name, f"The part '{name[:64]}' of the form is not UTF-8.") from None
