"""The end of a deployment: the API answers, the doctor agrees, and there is a first key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from image_store_cli.commands.doctor import check_store
from image_store_cli.doctor.results import Status
from image_store_cli.errors import CommandError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_store_cli.context import Context
    from image_store_cli.deploying.store_file import FirstKey

READY_SECONDS = 60
POLL_SECONDS = 2
PAGE = 100


def wait_for_api(context: Context) -> None:
    """Wait until a new API serves its console, and reaches a new table, which takes some seconds.

    Unavailable if it does not answer after a minute. If it only does not reach its table, the doctor says so.
    """
    is_ready = False
    for _ in range(READY_SECONDS // POLL_SECONDS):
        is_ready = is_ready or _is_ready(context.http, context.settings.url)
        if is_ready and _reads(context):
            return
        context.sleep(POLL_SECONDS)
    if is_ready:
        return
    raise Unavailable(f"{context.settings.url} does not answer yet. Run the command again: it continues.")


def _is_ready(http: httpx.Client, url: str) -> bool:
    try:
        return http.get(f"{url}/config.json").is_success
    except httpx.HTTPError:
        return False


def _reads(context: Context) -> bool:
    """Whether a list of images is there: IAM applies the rights on a new table after some seconds."""
    if not has_token(context):
        return True
    try:
        context.api.images.list(page_size=1).page()
    except CommandError as failed:
        return not failed.may_pass
    return True


def has_token(context: Context) -> bool:
    """Whether this run has a token for the store."""
    try:
        return bool(context.settings.tokens.current())
    except CommandError:
        return False


def check(context: Context) -> bool:
    """Run the doctor; true if it found nothing wrong. Without a token, it checks what needs none."""
    findings = check_store(context, with_token=has_token(context))
    return findings.number(Status.WRONG) == 0


def first_key(context: Context, wish: FirstKey) -> str | None:
    """Create the first API key; None if there is one of this name already."""
    for key in context.api.keys.list(page_size=PAGE):
        if key["name"] == wish.name and key["status"] == "active":
            return None
    return str(context.api.keys.create(name=wish.name, scopes=list(wish.scopes))["key"])


def addresses(outputs: Mapping[str, str], public_url: str) -> dict[str, str]:
    """Return the addresses of a deployed store by name."""
    api = outputs["ApiUrl"]
    named = {
        "console": f"{api}/",
        "api": api,
        "mcp": f"{api}/mcp",
        "openai": outputs.get("OpenAiUrl", ""),
        "images": public_url,
    }
    return {name: address for name, address in named.items() if address}
