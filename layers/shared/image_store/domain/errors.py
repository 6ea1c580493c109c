"""The errors of the store, each with a stable code that clients may rely on.

The codes belong to the HTTP contract; the table in `entrypoints/http/problems.py` gives each its status. A message is
written for the caller: it says what was wrong and what to do, and never names a key, a bucket or another owner's data.
"""

from datetime import timedelta


class ImageStoreError(Exception):
    """The base class of all errors of the store; the message is safe to show to the caller."""

    code = "internal_error"
    is_of_key = False
    """Whether a limit of an API key caused it."""

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after


class UnreadableRow(ImageStoreError):
    """This version of the store cannot read a row of the table; the message says what to do about it."""

    code = "internal_error"


class ConfigurationError(ImageStoreError):
    """A setting or secret is missing or malformed; the message names it and never shows its value."""

    code = "internal_error"


# The request ------------------------------------------------------------------------------------------


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


# Images and jobs --------------------------------------------------------------------------------------


class ImageNotFound(ImageStoreError):
    """The image does not exist, was deleted, or belongs to another owner."""

    code = "image_not_found"


class DuplicateImage(ImageStoreError):
    """The owner already has an image with these bytes, and the caller wants no second one."""

    code = "duplicate_image"

    def __init__(self, existing_id: str) -> None:
        super().__init__(f"You already store these bytes as image {existing_id}.")
        self.existing_id = existing_id


class UploadNotFound(ImageStoreError):
    """The direct upload does not exist, has expired, was deleted, or belongs to another owner."""

    code = "upload_not_found"


class UploadIncomplete(ImageStoreError):
    """A direct upload cannot be completed, because its bytes have not arrived."""

    code = "upload_incomplete"


class RepairNotFound(ImageStoreError):
    """The repair does not exist, or is older than 90 days."""

    code = "repair_not_found"


class MigrationNotFound(ImageStoreError):
    """The migration does not exist."""

    code = "migration_not_found"


class SourceUnreadable(ImageStoreError):
    """The source of a migration is missing, changed while it was read, or may not be read."""

    code = "source_unreadable"


class JobNotFound(ImageStoreError):
    """The generation job does not exist, has expired, or belongs to another owner."""

    code = "job_not_found"


class Conflict(ImageStoreError):
    """Another request changed the same row at the same time; reading again and retrying is safe."""

    code = "conflict"


class PreconditionFailed(ImageStoreError):
    """`If-Match` names a version that is not the current one."""

    code = "precondition_failed"


class IdempotencyInProgress(ImageStoreError):
    """A request with the same `Idempotency-Key` is still running."""

    code = "idempotency_in_progress"


class IdempotencyMismatch(ImageStoreError):
    """The `Idempotency-Key` was used for another request body."""

    code = "idempotency_mismatch"


class QuotaExceeded(ImageStoreError):
    """The image would exceed the owner's quota of images or bytes."""

    code = "quota_exceeded"


class KeyQuotaExceeded(QuotaExceeded):
    """The image would exceed a limit of the API key on images or bytes."""

    is_of_key = True


class RateLimited(ImageStoreError):
    """The API key sends more requests a minute than it may."""

    code = "rate_limited"
    is_of_key = True

    def __init__(self, per_minute: int, *, retry_after: timedelta) -> None:
        super().__init__(f"This API key may send {per_minute:,} requests a minute.", retry_after=retry_after)


class BudgetExceeded(ImageStoreError):
    """The request alone costs more than a budget allows; a retry cannot succeed."""

    code = "budget_exceeded"

    def __init__(self, message: str, *, budget: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message, retry_after=retry_after)
        self.budget = budget
        """Whose budget: `owner`, `key` or `deployment`."""
        self.is_of_key = budget == "key"


class BudgetUsedUp(BudgetExceeded):
    """A budget is used up until its next day or month."""


# Who is calling ---------------------------------------------------------------------------------------


class InvalidToken(ImageStoreError):
    """The request has no credential, or one that is malformed, forged, expired, or of an unknown issuer."""

    code = "invalid_token"


class KeyRevoked(ImageStoreError):
    """The API key was revoked."""

    code = "key_revoked"

    def __init__(self) -> None:
        super().__init__("The API key was revoked.")


class KeyExpired(ImageStoreError):
    """The API key has expired."""

    code = "key_expired"

    def __init__(self) -> None:
        super().__init__("The API key has expired.")


class IssuerUnavailable(ImageStoreError):
    """The keys of the token's issuer cannot be read now; retrying is safe."""

    code = "issuer_unavailable"

    def __init__(self, *, retry_after: timedelta = timedelta(seconds=10)) -> None:
        super().__init__("The keys of the token's issuer cannot be read; try again.", retry_after=retry_after)


class UploadNotAllowed(ImageStoreError):
    """The upload token does not allow this upload; the message says what it does not allow."""

    code = "upload_not_allowed"


class UploadTokenUsedUp(ImageStoreError):
    """As many images were uploaded with the token as it allows."""

    code = "upload_token_used_up"

    def __init__(self) -> None:
        super().__init__("As many images were uploaded with this upload token as it allows.")


class ScopeRequired(ImageStoreError):
    """The caller is known, and its API key or token does not have the scope that this needs."""

    code = "scope_required"

    def __init__(self, scope: str) -> None:
        super().__init__(f"This needs the scope {scope}.")


class ActAsRequired(ImageStoreError):
    """The caller names another owner and may not act for others."""

    code = "act_as_required"

    def __init__(self) -> None:
        super().__init__("Only a key with the scope act-as can name another owner in Image-Store-Owner.")


class ShareNotFound(ImageStoreError):
    """There is no such share for this caller: none at all, or somebody else's."""

    code = "share_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such share.")


class KeyNotFound(ImageStoreError):
    """There is no such API key for this caller: none at all, or somebody else's."""

    code = "key_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such API key.")


class TooManyKeys(ImageStoreError):
    """The owner has as many API keys as one owner may have."""

    code = "too_many_keys"

    def __init__(self) -> None:
        super().__init__(
            "An owner can have 100 API keys in force, and 1,000 with those that ended in the last 90 days."
        )


class TooManyShares(ImageStoreError):
    """The owner has as many shares as one owner may have."""

    code = "too_many_shares"

    def __init__(self) -> None:
        super().__init__("An owner can have 1,000 shares in force; revoke some that are no longer needed.")


class AdminRequired(ImageStoreError):
    """The caller is not an admin."""

    code = "admin_required"


# Other services ---------------------------------------------------------------------------------------


class StorageUnavailable(ImageStoreError):
    """R2 or DynamoDB failed. The change may or may not have been made; retrying is safe."""

    code = "storage_unavailable"


class ProviderFailed(ImageStoreError):
    """No provider can generate the requested images."""

    code = "provider_failed"


class DeadlineExceeded(ImageStoreError):
    """The function ran out of time before the work was done; retrying is safe."""

    code = "deadline_exceeded"


RETRYABLE: tuple[type[ImageStoreError], ...] = (
    StorageUnavailable,
    DeadlineExceeded,
    Conflict,
    IdempotencyInProgress,
    ConfigurationError,
)
"""Errors after which queued work is tried again; every other error of an image is final."""
