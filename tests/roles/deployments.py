"""Deployments that together have each value of every parameter that changes the calls of functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.fakes.cloudflare import ZONE
from tests.fakes.cloudfront import DISTRIBUTION

if TYPE_CHECKING:
    from collections.abc import Mapping

POLICY = {"kind": "upload", "older_than_days": 1, "keep_newest": 0}
DEPLOYMENTS: Mapping[str, Mapping[str, str]] = {
    "with defaults": {},
    "with every feature": {
        "CLOUDFLARE_ZONE_ID": ZONE,
        "CLOUDFLARE_SECRET": "image-store/cloudflare",
        "ENCRYPT_SENSITIVE_FIELDS": "true",
        "QUOTA_IMAGES": "1000",
        "QUOTA_BYTES": "1000000000",
        "PROVENANCE": "prompt",
        "CLEANUP_POLICIES": json.dumps([POLICY]),
        "CLEANUP_ON_SAVE": "true",
        "FEED_DETAILS": "true",
        "FEED_OWNERS": "true",
        "BUDGET_OWNER_DAILY": "10",
        "BUDGET_OWNER_MONTHLY": "100",
        "BUDGET_DEPLOYMENT_DAILY": "10",
        "BUDGET_DEPLOYMENT_MONTHLY": "100",
        "UNKNOWN_PRICE_RESERVE": "0.1",
    },
    "in S3, behind CloudFront": {
        "BYTE_STORE": "s3",
        "R2_SECRET": "",
        "CLOUDFRONT_DISTRIBUTION": DISTRIBUTION,
    },
    "in two stores": {
        "PUBLIC_BYTE_STORE": "compatible",
        "PUBLIC_STORE_SECRET": "image-store/public-store",
    },
    "with fewer features": {"TRASH_RETENTION_DAYS": "0", "PUBLIC_BUCKET": "", "PUBLIC_URL": ""},
}
"""Environment variables of the functions in each deployment."""
IN_A_TEST_OF_ITS_OWN = frozenset({"BACKUP_STORE", "IMPORT_SECRET", "MIGRATION_TABLE", "PROVIDERS"})
"""Parameters whose values the tests of backups, imports, migrations and generation have."""
CHANGES_NO_CALL = frozenset(
    {
        "ADMIN_SCOPE",
        "ADMIN_SUBJECTS",
        "ALLOWED_ORIGINS",
        "API_URL",
        "AUDIENCE",
        "BACKUP_ENDPOINT",
        "BACKUP_PARAMETERS",
        "BACKUP_REGION",
        "BACKUP_RETENTION_DAYS",
        "BACKUP_SECRET",
        "CDN_API_URL",
        "CLEANUP_MAX_DELETIONS",
        "CONSOLE_CLIENT_ID",
        "CONSOLE_SCOPES",
        "CONSOLE_TOKEN_URL",
        "DELIVERY_CONCURRENCY",
        "FEED_CACHE_SECONDS",
        "GENERATION_RETRIES",
        "ISSUER",
        "ISSUERS",
        "MCP_SIGN_IN",
        "KEY_LAYOUT",
        "MAX_BYTES",
        "MAX_DECODE_MEGABYTES",
        "MAX_DECODE_SECONDS",
        "MAX_FRAMES",
        "MAX_FRAME_PIXELS",
        "MAX_METADATA_BYTES",
        "MAX_PIXELS",
        "PRESETS",
        "PRIVATE_BUCKET",
        "PROVIDERS_SECRET",
        "PROVIDER_URLS",
        "PUBLIC_CACHE_CONTROL",
        "PUBLIC_STORE_ENDPOINT",
        "PUBLIC_STORE_REGION",
        "R2_ENDPOINT",
        "R2_REGION",
        "REMOTE_HOSTS",
        "REMOTE_NETWORKS",
        "WEBHOOK_NETWORKS",
    }
)
"""Names, addresses and limits that do not change which calls are made."""
