"""Errors of what the store depends on: storage, providers, and the time that a function has."""

from image_store.domain.errors.root import ImageStoreError


class StorageUnavailable(ImageStoreError):
    """R2 or DynamoDB failed. The change may or may not have been made; retrying is safe."""

    code = "storage_unavailable"


class ProviderFailed(ImageStoreError):
    """No provider can generate the requested images."""

    code = "provider_failed"


class ContentRefused(ImageStoreError):
    """A provider's policy does not allow the image. Another call of it would be refused again, and may cost money."""

    code = "content_refused"


class DeadlineExceeded(ImageStoreError):
    """The function ran out of time before the work was done; retrying is safe."""

    code = "deadline_exceeded"
