"""Errors of requests: what a caller sent breaks the contract, or is not what it is said to be."""

from image_store.domain.errors.root import ImageStoreError

_DOUBLED_VERSION = (
    "There is no such address: /v1 is in it twice. "
    "Give your client the address of the store without /v1 at its end."
)


class InvalidRequest(ImageStoreError):
    """The request does not follow the API's schema.

    `errors` holds `(location, type, message)` of each fault, and never the input itself.
    """

    code = "invalid_request"

    def __init__(
        self, message: str, *, errors: tuple[tuple[tuple[str | int, ...], str, str], ...] = ()
    ) -> None:
        super().__init__(message)
        self.errors = errors


class MethodNotAllowed(ImageStoreError):
    """The address does not accept this method; `allowed` lists the methods that it accepts."""

    code = "method_not_allowed"

    def __init__(self, allowed: tuple[str, ...]) -> None:
        super().__init__(f"This address answers {', '.join(allowed)}.")
        self.allowed = allowed


class RouteNotFound(ImageStoreError):
    """The API has no such address."""

    code = "route_not_found"

    def __init__(self, path: str = "") -> None:
        is_doubled = f"{path}/".startswith("/v1/v1/")
        super().__init__(
            _DOUBLED_VERSION if is_doubled else "There is no such address; /docs lists all of them."
        )


class InvalidCursor(ImageStoreError):
    """The cursor was changed, has expired, or belongs to another owner or query."""

    code = "invalid_cursor"


class AttributesTooLarge(ImageStoreError):
    """An attribute, such as the prompt or the custom metadata, is too large for the record."""

    code = "attributes_too_large"


class PayloadTooLarge(ImageStoreError):
    """The body or the object has more bytes than this way of uploading accepts."""

    code = "payload_too_large"


class UnsupportedMediaType(ImageStoreError):
    """The store does not accept this image format, or this content type of a body."""

    code = "unsupported_media_type"


class ContentTypeMismatch(ImageStoreError):
    """The declared type differs from the type of the bytes."""

    code = "content_type_mismatch"


class InvalidImage(ImageStoreError):
    """The bytes begin like an image, but cannot be decoded completely."""

    code = "invalid_image"


class ImageTooLarge(ImageStoreError):
    """The image has more pixels, or needs more memory, than the deployment allows."""

    code = "image_too_large"


class UrlNotAllowed(ImageStoreError):
    """No image could be fetched from a URL.

    The message is the same for a refused URL and for a server that failed, so that a caller cannot explore the network
    of the store. The log has the reason.
    """

    code = "url_not_allowed"

    def __init__(self) -> None:
        super().__init__(
            "No image can be fetched from this URL. It must lead, in at most 3 redirects and over http or https, "
            "to a public address that answers 200 with the unencoded bytes of an image of an accepted size."
        )


class TooManyFrames(ImageStoreError):
    """The animation has more frames, or more pixels in all frames together, than the deployment allows."""

    code = "too_many_frames"


class ChecksumMismatch(ImageStoreError):
    """The bytes that arrived do not have the announced checksum."""

    code = "checksum_mismatch"
