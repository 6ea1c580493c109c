"""``stack.json``: the addresses and keys with which other programs use the running stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.settings import (
    BACKUP_BUCKET,
    MCP_PATH,
    PRIVATE_BUCKET,
    PUBLIC_BUCKET,
    REGION,
    STACK_NAME,
    LocalSettings,
)

if TYPE_CHECKING:
    from local.deployment import DeployedStack
    from local.emulator import Emulator
    from local.issuer import Issuer


def stack_description(
    settings: LocalSettings,
    *,
    emulator: Emulator,
    issuer: Issuer,
    second_issuer: Issuer,
    stack: DeployedStack,
) -> dict[str, str]:
    """Return the fields of ``stack.json``; the key pair is the emulator's root and is valid nowhere else."""
    addresses = {} if stack.openai_url is None else {"openai_url": f"{settings.api_url}/openai/v1"}
    return {
        "api_url": settings.api_url,
        **addresses,
        "console_url": f"{settings.api_url}/",
        "mcp_url": f"{settings.api_url}{MCP_PATH}",
        "issuer": issuer.url,
        "token_url": issuer.token_url,
        "second_issuer": second_issuer.url,
        "second_token_url": second_issuer.token_url,
        "s3_endpoint": emulator.endpoint,
        "table": stack.outputs["TableName"],
        "private_bucket": PRIVATE_BUCKET,
        "backup_bucket": BACKUP_BUCKET,
        "public_bucket": PUBLIC_BUCKET,
        "public_url": settings.public_url,
        "ingest_bucket": stack.outputs["IngestBucketName"],
        "stack_name": STACK_NAME,
        "log_file": str(emulator.log),
        "region": REGION,
        "access_key": emulator.root.access_key,
        "secret_key": emulator.root.secret_key,
    }
