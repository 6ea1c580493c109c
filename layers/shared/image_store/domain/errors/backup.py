"""The errors of backups."""

from image_store.domain.errors.root import ImageStoreError


class BackupDamaged(ImageStoreError):
    """A file of a backup is missing, incomplete or changed; another manifest may be whole."""

    code = "backup_damaged"


class BackupTooNew(ImageStoreError):
    """A later version of the store wrote the backup."""

    code = "backup_too_new"


class BackupNotFound(ImageStoreError):
    """There is no such backup, or no run of this id."""

    code = "backup_not_found"


class BackupNotConfigured(ImageStoreError):
    """The deployment has no backup store."""

    code = "backup_not_configured"
