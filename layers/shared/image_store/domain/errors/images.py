"""Errors of images, uploads and jobs: they do not exist, are in another state than needed, or meet a limit."""

from datetime import timedelta

from image_store.domain.errors.root import ImageStoreError


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


class RecoveryNotFound(ImageStoreError):
    """There is no such restore or rebuild, or it has expired."""

    code = "recovery_not_found"


class RecoveryInProgress(ImageStoreError):
    """Another restore or rebuild is running."""

    code = "recovery_in_progress"


class RecoveryImpossible(ImageStoreError):
    """A restore or rebuild cannot go on, however often it is tried."""

    code = "recovery_impossible"


class BrokenOriginal(ImageStoreError):
    """An object in the private bucket lacks what a rebuild needs to know."""

    code = "broken_original"


class RepairNotFound(ImageStoreError):
    """The repair does not exist, or is older than 90 days."""

    code = "repair_not_found"


class MigrationNotFound(ImageStoreError):
    """The migration does not exist."""

    code = "migration_not_found"


class ImportNotFound(ImageStoreError):
    """The import does not exist."""

    code = "import_not_found"


class SourceUnreadable(ImageStoreError):
    """The source of a migration or an import is missing, changed while it was read, or may not be read."""

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
