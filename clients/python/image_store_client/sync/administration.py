"""Shares, API keys, upload tokens, providers, and the routes of admins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store_client.paging import Pages

if TYPE_CHECKING:
    from typing import Unpack

    from image_store_client.aio.administration import (
        AsyncAdmin,
        AsyncBackups,
        AsyncImports,
        AsyncKeys,
        AsyncMigrations,
        AsyncProviders,
        AsyncRebuilds,
        AsyncRepairs,
        AsyncRestores,
        AsyncShares,
        AsyncUploadTokens,
    )
    from image_store_client.http.runtime import Run
    from image_store_client.schemas import (
        ApiKey,
        ApiKeyPatch,
        ApiKeyRequest,
        Backup,
        BackupRequest,
        CleanupReport,
        CleanupRequest,
        DeepHealth,
        Import,
        ImportedRecord,
        ImportRequest,
        KeyUsage,
        MigratedRecord,
        Migration,
        MigrationRequest,
        NewApiKey,
        Owner,
        Provider,
        ProviderList,
        RebuildRequest,
        Recovery,
        Repair,
        RepairRequest,
        RestoreRequest,
        Share,
        UploadToken,
        UploadTokenRequest,
    )


class Shares:
    """The shares of the owner; `store.share` creates one."""

    def __init__(self, core: AsyncShares, run: Run) -> None:
        self._core = core
        self._run = run

    def list(self, *, page_size: int = 50) -> Pages[Share]:
        """List shares, newest first; expired ones stay for a week."""
        return Pages(self._core.list(page_size=page_size), self._run)

    def revoke(self, share_id: str) -> None:
        """End a share for good; it stops working within a minute."""
        self._run(self._core.revoke(share_id))


class Keys:
    """API keys, with which programs call the store."""

    def __init__(self, core: AsyncKeys, run: Run) -> None:
        self._core = core
        self._run = run

    def create(self, **request: Unpack[ApiKeyRequest]) -> NewApiKey:
        """Create a key; its secret `key` is only in this answer.

        The request is sent once: a second try would make a second key.
        """
        return self._run(self._core.create(**request))

    def list(
        self, *, owner: str | None = None, all_owners: bool = False, page_size: int = 50
    ) -> Pages[ApiKey]:
        """List your keys, or as an admin those of another owner or of all owners."""
        return Pages(self._core.list(owner=owner, all_owners=all_owners, page_size=page_size), self._run)

    def get(self, key_id: str) -> ApiKey:
        """Return a key without its secret."""
        return self._run(self._core.get(key_id))

    def update(self, key_id: str, changes: ApiKeyPatch) -> ApiKey:
        """Change name, scopes, expiry or limits; fields that are left out stay as they are."""
        return self._run(self._core.update(key_id, changes))

    def rotate(self, key_id: str, *, grace_seconds: int | None = None) -> NewApiKey:
        """Give a key a new secret; the old one works for the grace period.

        The request is sent once: a second try would end the secret that the first one left in use.
        """
        return self._run(self._core.rotate(key_id, grace_seconds=grace_seconds))

    def usage(self, key_id: str, *, since: str | None = None, until: str | None = None) -> KeyUsage:
        """Return what a key has used by day, by default in the last 30 days."""
        return self._run(self._core.usage(key_id, since=since, until=until))

    def revoke(self, key_id: str) -> None:
        """End a key for good; it works for at most another minute."""
        self._run(self._core.revoke(key_id))


class UploadTokens:
    """Upload tokens, with which pages upload."""

    def __init__(self, core: AsyncUploadTokens, run: Run) -> None:
        self._core = core
        self._run = run

    def create(self, **request: Unpack[UploadTokenRequest]) -> UploadToken:
        """Create a token with its limits; it is not stored anywhere, and cannot be revoked."""
        return self._run(self._core.create(**request))


class Providers:
    """The providers of generated images."""

    def __init__(self, core: AsyncProviders, run: Run) -> None:
        self._core = core
        self._run = run

    def list(self) -> ProviderList:
        """Return the providers with their models, limits, prices and health, and what was spent."""
        return self._run(self._core.list())

    def set_key(self, provider: Provider, key: str, *, account_id: str | None = None) -> None:
        """Use the owner's own key with a provider; it is never read back."""
        self._run(self._core.set_key(provider, key, account_id=account_id))

    def delete_key(self, provider: Provider) -> None:
        """Remove the owner's own key of a provider."""
        self._run(self._core.delete_key(provider))


class Migrations:
    """Imports from another store."""

    def __init__(self, core: AsyncMigrations, run: Run) -> None:
        self._core = core
        self._run = run

    def create(self, request: MigrationRequest) -> Migration:
        """Start a migration."""
        return self._run(self._core.create(request))

    def get(self, migration_id: str) -> Migration:
        """Return a migration with its progress."""
        return self._run(self._core.get(migration_id))

    def records(self, migration_id: str, *, page_size: int = 100) -> Pages[MigratedRecord]:
        """List the records of a migration with their images."""
        return Pages(self._core.records(migration_id, page_size=page_size), self._run)

    def content(self, migration_id: str, record_id: str) -> str | bytes:
        """Return the picture of a record: the link to its image, or the bytes of a record that was not moved."""
        return self._run(self._core.content(migration_id, record_id))


class Imports:
    """Imports from other stores, which the deployment's secret of imports names."""

    def __init__(self, core: AsyncImports, run: Run) -> None:
        self._core = core
        self._run = run

    def create(self, **request: Unpack[ImportRequest]) -> Import:
        """Start an import; `dry_run` only lists, counts and estimates."""
        return self._run(self._core.create(**request))

    def get(self, import_id: str) -> Import:
        """Return an import with its progress."""
        return self._run(self._core.get(import_id))

    def records(self, import_id: str, *, page_size: int = 100) -> Pages[ImportedRecord]:
        """List the images of the source with the images that they became, or their errors."""
        return Pages(self._core.records(import_id, page_size=page_size), self._run)

    def cancel(self, import_id: str) -> Import:
        """End an import; what it has stored stays."""
        return self._run(self._core.cancel(import_id))


class Repairs:
    """Repairs of images whose objects are damaged."""

    def __init__(self, core: AsyncRepairs, run: Run) -> None:
        self._core = core
        self._run = run

    def create(self, **request: Unpack[RepairRequest]) -> Repair:
        """Start a repair; `dry_run` only reports."""
        return self._run(self._core.create(**request))

    def get(self, repair_id: str) -> Repair:
        """Return a repair with its progress."""
        return self._run(self._core.get(repair_id))


class Backups:
    """Runs of the backup."""

    def __init__(self, core: AsyncBackups, run: Run) -> None:
        self._core = core
        self._run = run

    def create(self, **request: Unpack[BackupRequest]) -> Backup:
        """Back up what has changed; with `task="verify"` compare the backup with its manifest."""
        return self._run(self._core.create(**request))

    def get(self, backup_id: str) -> Backup:
        """Return a run with its progress."""
        return self._run(self._core.get(backup_id))

    def list(self, *, limit: int | None = None) -> list[Backup]:
        """Return the last runs, newest first."""
        return self._run(self._core.list(limit=limit))


class Rebuilds:
    """Rebuilds of lost records from the originals in the private bucket."""

    def __init__(self, core: AsyncRebuilds, run: Run) -> None:
        self._core = core
        self._run = run

    def create(self, **request: Unpack[RebuildRequest]) -> Recovery:
        """Start a rebuild; `dry_run` only counts."""
        return self._run(self._core.create(**request))

    def get(self, rebuild_id: str) -> Recovery:
        """Return a rebuild with its progress."""
        return self._run(self._core.get(rebuild_id))


class Restores:
    """Restores of what the store has lost from a backup."""

    def __init__(self, core: AsyncRestores, run: Run) -> None:
        self._core = core
        self._run = run

    def create(self, **request: Unpack[RestoreRequest]) -> Recovery:
        """Start a restore; `dry_run` only counts."""
        return self._run(self._core.create(**request))

    def get(self, restore_id: str) -> Recovery:
        """Return a restore with its progress."""
        return self._run(self._core.get(restore_id))


class Admin:
    """What admins do."""

    def __init__(self, core: AsyncAdmin, run: Run) -> None:
        self._core = core
        self._run = run
        self.migrations = Migrations(core.migrations, run)
        self.rebuilds = Rebuilds(core.rebuilds, run)
        self.restores = Restores(core.restores, run)
        self.imports = Imports(core.imports, run)
        self.repairs = Repairs(core.repairs, run)
        self.backups = Backups(core.backups, run)

    def cleanup(self, **request: Unpack[CleanupRequest]) -> CleanupReport:
        """Run the cleanup; `dry_run` is True unless it is False."""
        return self._run(self._core.cleanup(**request))

    def cleanup_reports(self, *, limit: int | None = None) -> list[CleanupReport]:
        """Return the reports of past cleanups, newest first."""
        return self._run(self._core.cleanup_reports(limit=limit))

    def owners(self, *, page_size: int = 1000) -> Pages[Owner]:
        """List everybody who has or had an image."""
        return Pages(self._core.owners(page_size=page_size), self._run)

    def health(self) -> DeepHealth:
        """Return the health of each part of the store, also when a part is down."""
        return self._run(self._core.health())
