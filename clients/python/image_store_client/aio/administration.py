"""Shares, API keys, upload tokens, providers, and the routes of admins."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from image_store_client.aio.paths import path_of
from image_store_client.errors import UnavailableError
from image_store_client.paging import AsyncPages

if TYPE_CHECKING:
    from typing import Unpack

    from image_store_client.http.transport import Transport
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

SHARES, KEYS, TOKENS = "/v1/shares", "/v1/keys", "/v1/upload-tokens"
CLEANUP, MIGRATIONS, REPAIRS = "/v1/admin/cleanup", "/v1/admin/migrations", "/v1/admin/repairs"
REBUILDS, RESTORES = "/v1/admin/rebuilds", "/v1/admin/restores"
BACKUPS = "/v1/admin/backups"
IMPORTS = "/v1/admin/imports"
OWNERS = "/v1/admin/owners"


class AsyncShares:
    """The shares of the owner; `store.share` creates one."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, *, page_size: int = 50) -> AsyncPages[Share]:
        """List shares, newest first; expired ones stay for a week."""
        return AsyncPages(
            lambda cursor: self._transport.json("GET", SHARES, params={"limit": page_size, "cursor": cursor})
        )

    async def revoke(self, share_id: str) -> None:
        """End a share for good; it stops working within a minute."""
        self._transport.share_cache.forget(lambda share: share.id == share_id)
        await self._transport.request("DELETE", path_of(SHARES, share_id))


class AsyncKeys:
    """API keys, with which programs call the store."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def create(self, **request: Unpack[ApiKeyRequest]) -> NewApiKey:
        """Create a key; its secret `key` is only in this answer.

        The request is sent once: a second try would make a second key.
        """
        return cast("NewApiKey", await self._transport.json("POST", KEYS, json=request, once=True))

    def list(
        self, *, owner: str | None = None, all_owners: bool = False, page_size: int = 50
    ) -> AsyncPages[ApiKey]:
        """List your keys, or as an admin those of another owner or of all owners."""
        query = {"owner": owner, "all_owners": True if all_owners else None, "limit": page_size}
        return AsyncPages(
            lambda cursor: self._transport.json("GET", KEYS, params={**query, "cursor": cursor})
        )

    async def get(self, key_id: str) -> ApiKey:
        """Return a key without its secret."""
        return cast("ApiKey", await self._transport.json("GET", path_of(KEYS, key_id)))

    async def update(self, key_id: str, changes: ApiKeyPatch) -> ApiKey:
        """Change name, scopes, expiry or limits; fields that are left out stay as they are."""
        return cast("ApiKey", await self._transport.json("PATCH", path_of(KEYS, key_id), json=dict(changes)))

    async def rotate(self, key_id: str, *, grace_seconds: int | None = None) -> NewApiKey:
        """Give a key a new secret; the old one works for the grace period.

        The request is sent once: a second try would end the secret that the first one left in use.
        """
        body = {} if grace_seconds is None else {"grace_seconds": grace_seconds}
        path = path_of(KEYS, key_id, "/rotate")
        return cast("NewApiKey", await self._transport.json("POST", path, json=body, once=True))

    async def usage(self, key_id: str, *, since: str | None = None, until: str | None = None) -> KeyUsage:
        """Return what a key has used by day, by default in the last 30 days."""
        params = {"from": since, "to": until}
        return cast(
            "KeyUsage", await self._transport.json("GET", path_of(KEYS, key_id, "/usage"), params=params)
        )

    async def revoke(self, key_id: str) -> None:
        """End a key for good; it works for at most another minute."""
        await self._transport.request("DELETE", path_of(KEYS, key_id))


class AsyncUploadTokens:
    """Upload tokens, with which pages upload."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def create(self, **request: Unpack[UploadTokenRequest]) -> UploadToken:
        """Create a token with its limits; it is not stored anywhere, and cannot be revoked."""
        return cast("UploadToken", await self._transport.json("POST", TOKENS, json=request, repeatable=True))


class AsyncProviders:
    """The providers of generated images."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self) -> ProviderList:
        """Return the providers with their models, limits, prices and health, and what was spent."""
        return cast("ProviderList", await self._transport.json("GET", "/v1/providers"))

    async def set_key(self, provider: Provider, key: str, *, account_id: str | None = None) -> None:
        """Use the owner's own key with a provider; it is never read back."""
        body = {"key": key} | ({"account_id": account_id} if account_id else {})
        await self._transport.request("PUT", path_of("/v1/provider-keys", provider), json=body)

    async def delete_key(self, provider: Provider) -> None:
        """Remove the owner's own key of a provider."""
        await self._transport.request("DELETE", path_of("/v1/provider-keys", provider))


class AsyncMigrations:
    """Imports from another store."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def create(self, request: MigrationRequest) -> Migration:
        """Start a migration."""
        return cast("Migration", await self._transport.json("POST", MIGRATIONS, json=dict(request)))

    async def get(self, migration_id: str) -> Migration:
        """Return a migration with its progress."""
        return cast("Migration", await self._transport.json("GET", path_of(MIGRATIONS, migration_id)))

    def records(self, migration_id: str, *, page_size: int = 100) -> AsyncPages[MigratedRecord]:
        """List the records of a migration with their images."""
        path = path_of(MIGRATIONS, migration_id, "/records")
        return AsyncPages(
            lambda cursor: self._transport.json("GET", path, params={"limit": page_size, "cursor": cursor})
        )

    async def content(self, migration_id: str, record_id: str) -> str | bytes:
        """Return the picture of a record: the link to its image, or the bytes of a record that was not moved."""
        answer = await self._transport.request(
            "GET", path_of(MIGRATIONS, migration_id, "/content"), params={"record": record_id}
        )
        link: str | None = answer.headers.get("Location")
        return answer.content if link is None else link


class AsyncImports:
    """Imports from other stores, which the deployment's secret of imports names."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def create(self, **request: Unpack[ImportRequest]) -> Import:
        """Start an import; `dry_run` only lists, counts and estimates."""
        return cast("Import", await self._transport.json("POST", IMPORTS, json=request))

    async def get(self, import_id: str) -> Import:
        """Return an import with its progress."""
        return cast("Import", await self._transport.json("GET", path_of(IMPORTS, import_id)))

    def records(self, import_id: str, *, page_size: int = 100) -> AsyncPages[ImportedRecord]:
        """List the images of the source with the images that they became, or their errors."""
        path = path_of(IMPORTS, import_id, "/records")
        return AsyncPages(
            lambda cursor: self._transport.json("GET", path, params={"limit": page_size, "cursor": cursor})
        )

    async def cancel(self, import_id: str) -> Import:
        """End an import; what it has stored stays."""
        return cast("Import", await self._transport.json("DELETE", path_of(IMPORTS, import_id)))


class AsyncRepairs:
    """Repairs of images whose objects are damaged."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def create(self, **request: Unpack[RepairRequest]) -> Repair:
        """Start a repair; `dry_run` only reports."""
        return cast("Repair", await self._transport.json("POST", REPAIRS, json=request))

    async def get(self, repair_id: str) -> Repair:
        """Return a repair with its progress."""
        return cast("Repair", await self._transport.json("GET", path_of(REPAIRS, repair_id)))


class AsyncBackups:
    """Runs of the backup."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def create(self, **request: Unpack[BackupRequest]) -> Backup:
        """Back up what has changed; with `task="verify"` compare the backup with its manifest."""
        return cast("Backup", await self._transport.json("POST", BACKUPS, json=request))

    async def get(self, backup_id: str) -> Backup:
        """Return a run with its progress."""
        return cast("Backup", await self._transport.json("GET", path_of(BACKUPS, backup_id)))

    async def list(self, *, limit: int | None = None) -> list[Backup]:
        """Return the last runs, newest first."""
        answer = await self._transport.json("GET", BACKUPS, params={"limit": limit})
        return cast("list[Backup]", answer["items"])


class AsyncRebuilds:
    """Rebuilds of lost records from the originals in the private bucket."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def create(self, **request: Unpack[RebuildRequest]) -> Recovery:
        """Start a rebuild; `dry_run` only counts."""
        return cast("Recovery", await self._transport.json("POST", REBUILDS, json=request))

    async def get(self, rebuild_id: str) -> Recovery:
        """Return a rebuild with its progress."""
        return cast("Recovery", await self._transport.json("GET", path_of(REBUILDS, rebuild_id)))


class AsyncRestores:
    """Restores of what the store has lost from a backup."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def create(self, **request: Unpack[RestoreRequest]) -> Recovery:
        """Start a restore; `dry_run` only counts."""
        return cast("Recovery", await self._transport.json("POST", RESTORES, json=request))

    async def get(self, restore_id: str) -> Recovery:
        """Return a restore with its progress."""
        return cast("Recovery", await self._transport.json("GET", path_of(RESTORES, restore_id)))


class AsyncAdmin:
    """What admins do."""

    migrations: AsyncMigrations
    rebuilds: AsyncRebuilds
    restores: AsyncRestores
    imports: AsyncImports
    repairs: AsyncRepairs
    backups: AsyncBackups

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.migrations = AsyncMigrations(transport)
        self.imports = AsyncImports(transport)
        self.repairs = AsyncRepairs(transport)
        self.rebuilds = AsyncRebuilds(transport)
        self.restores = AsyncRestores(transport)
        self.backups = AsyncBackups(transport)

    async def cleanup(self, **request: Unpack[CleanupRequest]) -> CleanupReport:
        """Run the cleanup; `dry_run` is True unless it is False."""
        return cast(
            "CleanupReport", await self._transport.json("POST", CLEANUP, json=request, repeatable=True)
        )

    async def cleanup_reports(self, *, limit: int | None = None) -> list[CleanupReport]:
        """Return the reports of past cleanups, newest first."""
        answer = await self._transport.json("GET", f"{CLEANUP}/reports", params={"limit": limit})
        return cast("list[CleanupReport]", answer["items"])

    def owners(self, *, page_size: int = 1000) -> AsyncPages[Owner]:
        """List everybody who has or had an image."""
        return AsyncPages(
            lambda cursor: self._transport.json("GET", OWNERS, params={"limit": page_size, "cursor": cursor})
        )

    async def health(self) -> DeepHealth:
        """Return the health of each part of the store, also when a part is down."""
        try:
            health = await self._transport.json("GET", "/v1/admin/health", once=True)
        except UnavailableError as down:
            if "components" not in down.body:
                raise
            health = down.body
        return cast("DeepHealth", health)
