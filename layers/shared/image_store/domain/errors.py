"""Every way the store says no, each with a stable code that clients may rely on.

The codes are those of the HTTP contract. Their statuses live in one table in
`entrypoints/http/problems.py`. A message is written for the caller: it names what was wrong and what to do,
never a key, a bucket or another owner's data.
"""

from datetime import timedelta


class ImageStoreError(Exception):
    """The root of all errors of the store; `code` is stable, the message is safe to show."""

    code = "internal_error"

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after


class UnreadableRow(ImageStoreError):
    """A row of the table that this version of the store cannot read; the message says what to do about it."""

    code = "internal_error"


class ConfigurationError(ImageStoreError):
    """A setting or secret is missing or malformed; the message names it and never shows its value."""

    code = "internal_error"


# What the caller sent ---------------------------------------------------------------------------------


class InvalidRequest(ImageStoreError):
    """The request does not have the form the contract asks for.

    `errors` holds one `(location, type, message)` for each fault and never the input itself.
    """

    code = "invalid_request"

    def __init__(
        self, message: str, *, errors: tuple[tuple[tuple[str | int, ...], str, str], ...] = ()
    ) -> None:
        super().__init__(message)
        self.errors = errors


class MethodNotAllowed(ImageStoreError):
    """There is such an address, and it does not answer this method; `allowed` names those that it does."""

    code = "method_not_allowed"

    def __init__(self, allowed: tuple[str, ...]) -> None:
        super().__init__(f"This address answers {', '.join(allowed)}.")
        self.allowed = allowed


class InvalidCursor(ImageStoreError):
    """The cursor was altered, has expired, or belongs to another owner or query."""

    code = "invalid_cursor"


class AttributesTooLarge(ImageStoreError):
    """Prompt and params, or the custom metadata, are larger than a record may be."""

    code = "attributes_too_large"


class PayloadTooLarge(ImageStoreError):
    """The body or the object has more bytes than this way in accepts."""

    code = "payload_too_large"


class UnsupportedMediaType(ImageStoreError):
    """The bytes, or the body's content type, are of a kind the store does not take."""

    code = "unsupported_media_type"


class ContentTypeMismatch(ImageStoreError):
    """The declared type is not the type the bytes show."""

    code = "content_type_mismatch"


class InvalidImage(ImageStoreError):
    """The bytes begin like an image and cannot be decoded to their end."""

    code = "invalid_image"


class ImageTooLarge(ImageStoreError):
    """The image has more pixels than the deployment decodes."""

    code = "image_too_large"


class UrlNotAllowed(ImageStoreError):
    """No image could be fetched from a URL.

    Always the same message, whether the URL is refused or its server failed: whoever sends URLs learns nothing of
    the network behind the store. The log says why.
    """

    code = "url_not_allowed"

    def __init__(self) -> None:
        super().__init__(
            "No image can be fetched from this URL. It must lead, in at most 3 redirects and over http or https, "
            "to a public address that answers 200 with the unencoded bytes of an image of an accepted size."
        )


class TooManyFrames(ImageStoreError):
    """The animation has more frames, or more pixels in all its frames, than the deployment decodes."""

    code = "too_many_frames"


class ChecksumMismatch(ImageStoreError):
    """The bytes that arrived are not those that were announced."""

    code = "checksum_mismatch"


# What the store holds ---------------------------------------------------------------------------------


class ImageNotFound(ImageStoreError):
    """There is no such image for this caller: none at all, deleted, or somebody else's."""

    code = "image_not_found"


class DuplicateImage(ImageStoreError):
    """The owner already has these bytes, and the caller asked to refuse a second copy."""

    code = "duplicate_image"

    def __init__(self, existing_id: str) -> None:
        super().__init__(f"You already store these bytes as image {existing_id}.")
        self.existing_id = existing_id


class UploadNotFound(ImageStoreError):
    """There is no such direct upload for this caller: none at all, expired, deleted, or somebody else's."""

    code = "upload_not_found"


class UploadIncomplete(ImageStoreError):
    """A direct upload is to be completed and its bytes have not arrived."""

    code = "upload_incomplete"


class RepairNotFound(ImageStoreError):
    """There is no such repair: none at all, or one that is longer ago than 90 days."""

    code = "repair_not_found"


class MigrationNotFound(ImageStoreError):
    """There is no such migration."""

    code = "migration_not_found"


class SourceUnreadable(ImageStoreError):
    """The source of a migration is not there, was changed while it was read, or may not be read."""

    code = "source_unreadable"


class JobNotFound(ImageStoreError):
    """There is no such generation job for this caller: none at all, forgotten, or somebody else's."""

    code = "job_not_found"


class Conflict(ImageStoreError):
    """Another request changed the same thing at the same moment; reading again and repeating is safe."""

    code = "conflict"


class PreconditionFailed(ImageStoreError):
    """If-Match names a version that is no longer current."""

    code = "precondition_failed"


class IdempotencyInProgress(ImageStoreError):
    """A request with the same Idempotency-Key has not ended yet."""

    code = "idempotency_in_progress"


class IdempotencyMismatch(ImageStoreError):
    """The Idempotency-Key was used before for another request body."""

    code = "idempotency_mismatch"


class QuotaExceeded(ImageStoreError):
    """The owner's quota of images or bytes would be passed."""

    code = "quota_exceeded"


class BudgetExceeded(ImageStoreError):
    """The request alone costs more than a budget allows; waiting does not help."""

    code = "budget_exceeded"


class BudgetUsedUp(BudgetExceeded):
    """A budget has no room for the request until it begins anew."""

    def __init__(self, message: str, *, whose: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message, retry_after=retry_after)
        self.whose = whose
        """`owner` or `deployment`."""


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


class AdminRequired(ImageStoreError):
    """The caller is known and is no admin."""

    code = "admin_required"


# What the store stands on -----------------------------------------------------------------------------


class StorageUnavailable(ImageStoreError):
    """R2 or DynamoDB did not answer as it should; nothing is known to have changed; retrying is safe."""

    code = "storage_unavailable"


class ProviderFailed(ImageStoreError):
    """No provider of images is configured that can do what is asked."""

    code = "provider_failed"


class DeadlineExceeded(ImageStoreError):
    """The function ran out of its time before the work was done; retrying is safe."""

    code = "deadline_exceeded"


RETRYABLE: tuple[type[ImageStoreError], ...] = (
    StorageUnavailable,
    DeadlineExceeded,
    Conflict,
    IdempotencyInProgress,
    ConfigurationError,
)
"""What may go better later, for work that can wait; everything else the store says of an image is final."""
