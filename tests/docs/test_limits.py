"""Every limit that a text names is the one that the code declares."""

from __future__ import annotations

import importlib
import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from image_store.adapters import presign
from image_store.adapters.dynamodb.callers.api_keys import KEPT_AFTER_END
from image_store.adapters.dynamodb.operations.figures import MAX_MODELS
from image_store.adapters.dynamodb.upkeep.housekeeping import REPORT_LIFETIME
from image_store.adapters.dynamodb.upkeep.repairs import REPAIR_LIFETIME
from image_store.adapters.imaging.decoding.limits import MAX_ORIGINAL_SIDE_PX, DecodeLimits
from image_store.adapters.providers.plain_http import MAX_ANSWER_BYTES
from image_store.adapters.remote.urls import MAX_REDIRECTS
from image_store.domain.callers import upload_tokens
from image_store.domain.callers.api_keys import MAX_GRACE, MAX_KEYS, MAX_LISTED_KEYS, USUAL_GRACE
from image_store.domain.callers.scopes import KEY_SCOPES
from image_store.domain.delivery import shares
from image_store.domain.delivery.presets import MAX_PRESETS
from image_store.domain.delivery.renditions import MAX_SIDE_PX, MAX_WEBP_SIDE_PX
from image_store.domain.delivery.signed_links import MAX_LIFETIME
from image_store.domain.errors import (
    TooManyGroups,
    TooManyKeys,
    TooManyShares,
    TooManyWebhooks,
    UrlNotAllowed,
)
from image_store.domain.events.event import EVENT_RETENTION
from image_store.domain.finding.groups import MAX_GROUP_RECORDS, MAX_GROUP_TITLE_CHARS
from image_store.domain.finding.projection import MAX_TERMS
from image_store.domain.finding.similarity import MAX_DISTANCE
from image_store.domain.finding.words import MAX_TERM_CHARS
from image_store.domain.generation.jobs import JOB_LIFETIME, MAX_IMAGES, WAITING_LIFETIME
from image_store.domain.generation.requests import (
    MAX_PROMPT_EXCERPT_CHARS,
    MAX_REFERENCES,
    MAX_VARIATIONS,
)
from image_store.domain.images.details import (
    MAX_ANALYSIS_BYTES,
    MAX_GENERATION_BYTES,
    MAX_GROUPS,
    MAX_METADATA_BYTES,
    MAX_TAGS,
)
from image_store.domain.images.ingest import OBJECT_LIFETIME, RESULT_LIFETIME
from image_store.domain.images.media import MAX_BYTES
from image_store.domain.images.reservation import IDEMPOTENCY_LIFETIME, RESERVATION_LIFETIME
from image_store.domain.upkeep.cleanup import LONGEST_RUN
from image_store.domain.upkeep.importing import MAX_WAITS
from image_store.domain.upkeep.migration import KEPT_ERRORS, MAX_LINE_BYTES
from image_store.domain.upkeep.repair import MAX_REPAIR_IDS
from image_store.domain.webhooks.deliveries import DELIVERY_RETENTION
from image_store.domain.webhooks.webhook import MAX_OVERLAP, MAX_WEBHOOKS
from image_store.domain.webhooks.webhook import MAX_URL_CHARS as WEBHOOK_URL_CHARS
from image_store.entrypoints.generation.openai.answers import MAX_ANSWER_BYTES as ANSWER_BYTES
from image_store.entrypoints.generation.openai.requests import REPEAT_PERIOD
from image_store.entrypoints.http.idempotency import MAX_KEY_CHARS
from image_store.entrypoints.http.request import LARGEST_BODY, MAX_BODY_BYTES
from image_store.entrypoints.images.upload_request_schemas import MAX_BATCH
from image_store.entrypoints.operations.console import MAX_REQUEST_BYTES
from image_store.services.events.feed import LONGEST_WAIT
from image_store.services.finding.cursors import CURSOR_LIFETIME
from image_store.services.finding.similarity import MAX_ROWS_OF_A_BAND
from image_store.services.generation.overview import REPORTED_DAYS
from image_store.services.images.batch_deletion import MAX_IDS
from image_store.services.images.direct_uploads import COMPLETION_LIFETIME, LINK_LIFETIME
from image_store_cli.commands import keys, list_images, repair, similar
from image_store_cli.display import cards
from image_store_cli.store import error_translation
from image_store_client.uploads.upload import IN_REQUEST_BYTES
from image_store_client.webhooks import TOLERANCE_SECONDS
from image_store_mcp.protocol.messages import MAX_DEPTH, MAX_MESSAGE_BYTES
from image_store_mcp.tools.generation import WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

ROOT = Path(__file__).resolve().parents[2]
KIB, MIB, MILLION = 1024, 1024**2, 1_000_000
LIMITS = DecodeLimits()
DOCUMENT: dict[str, Any] = json.loads((ROOT / "functions/site/openapi.json").read_text())
LIMIT_IN_TEXT = re.compile(
    r"\b(?:at most|up to|first|last|1 to)(?: about)? (\d[\d,]*(?:\.\d+)?(?: \w+)?)", re.IGNORECASE
)


def minutes(span: timedelta) -> int:
    """The whole minutes of a span."""
    return span.seconds // 60


def hours(span: timedelta) -> int:
    """The whole hours of a span."""
    return int(span.total_seconds()) // 3_600


def page_limit(path: str) -> dict[str, int]:
    """The default and the bounds of `limit` at a route that answers pages."""
    parameters = DOCUMENT["paths"][path]["get"]["parameters"]
    schema: dict[str, int] = next(each["schema"] for each in parameters if each.get("name") == "limit")
    return schema


ON_THE_PAGE = (
    f"carries about {LARGEST_BODY}:",
    f"about {MAX_BODY_BYTES * 3 / 4 / MILLION:.1f} MB as base64",
    f"take up to {MAX_BYTES // MIB} MB.",
    (
        f"must arrive within {minutes(LINK_LIFETIME)} minutes, and it must be completed within "
        f"{minutes(COMPLETION_LIFETIME)}."
    ),
    f"at most {MAX_REDIRECTS} redirects",
    (
        f"up to {LIMITS.max_pixels // MILLION} million pixels, {MAX_BYTES // MIB} MiB and "
        f"{MAX_ORIGINAL_SIDE_PX:,} px on a side"
    ),
    f"at most {LIMITS.max_frames:,} frames and {LIMITS.max_total_pixels // MILLION} million pixels in total",
    f"up to {LIMITS.max_animated_frames} frames and {LIMITS.max_animated_pixels // MILLION} million pixels of its own",
    f"at most {MAX_PRESETS} presets",
    f"a side over {MAX_WEBP_SIDE_PX:,} px, it is made within {MAX_SIDE_PX} px",
    f"at most {page_limit('/v1/images')['maximum']} images.",
    f"at most {MAX_TERMS} words",
    f"at most {MAX_DISTANCE} of 64 bits",
    f"the newest {MAX_ROWS_OF_A_BAND} that share a band",
    (
        f"at most {MAX_TAGS} tags, {MAX_GROUPS} groups, {MAX_METADATA_BYTES // KIB} KB of your own metadata, "
        f"{MAX_GENERATION_BYTES // KIB} KB of generation data and {MAX_ANALYSIS_BYTES // KIB} KB of analysis"
    ),
    f"last for at most {shares.MAX_LIFETIME.days} days",
    f"nothing new after {shares.CACHED_FOR.seconds} seconds",
    f"at most {shares.MAX_SHARES:,} shares in force",
    f"create {MAX_GROUP_RECORDS:,} groups",
    f"at most {MAX_GROUP_TITLE_CHARS} characters",
    f"work for {presign.LINK_MINUTES - presign.STEP_MINUTES} to {presign.LINK_MINUTES} minutes",
    (
        f"at most {MAX_KEYS} keys in force, and {MAX_LISTED_KEYS:,} with those that ended in the last "
        f"{KEPT_AFTER_END.days} days"
    ),
    f"works for at most {MAX_GRACE.days} days",
    f"at most {MAX_IMAGES} images and can be read for {JOB_LIFETIME.days} days",
    f"for at most {minutes(WAITING_LIFETIME)} minutes",
    f"at most {MAX_WEBHOOKS} webhooks",
    f"A URL has at most {WEBHOOK_URL_CHARS:,} characters",
    f"signs for at most {MAX_OVERLAP.days} days",
    f"listed for {DELIVERY_RETENTION.days} days",
    f"can be read for {EVENT_RETENTION.days} days.",
    (
        f"at most {page_limit('/v1/events')['maximum']} events, and a request waits for up to "
        f"{LONGEST_WAIT.seconds} seconds"
    ),
    f"after at most {hours(upload_tokens.MAX_LIFETIME)} hours and allow at most {upload_tokens.MAX_IMAGES:,} images",
)
ON_OTHER_PAGES = [
    ("guarantees.md", f"for {minutes(COMPLETION_LIFETIME)} minutes"),
    ("guarantees.md", f"once, for {minutes(LINK_LIFETIME)} minutes"),
    ("guarantees.md", f"rows end after {JOB_LIFETIME.days} days"),
    ("guarantees.md", f"next run after {minutes(RESERVATION_LIFETIME)} minutes"),
    ("guarantees.md", f"at most {minutes(LONGEST_RUN)} minutes after it began"),
    ("guarantees.md", f"lasts for {hours(IDEMPOTENCY_LIFETIME)} hours"),
    ("guarantees.md", f"lasts for {RESULT_LIFETIME.days} days"),
    ("guarantees.md", f"valid for {hours(CURSOR_LIFETIME)} hours"),
    ("guarantees.md", f"after {MAX_LIFETIME.days} days at most"),
    ("guarantees.md", f"after {shares.MAX_LIFETIME.days} days at most"),
    ("private-gallery.md", f"to {shares.MAX_LIFETIME.days} days; by default an hour"),
    (
        "limits.md",
        f"at most {MAX_MESSAGE_BYTES / MILLION:.1f} million bytes and {MAX_DEPTH} levels of nesting",
    ),
    ("limits.md", f"images for up to {WAIT_SECONDS:.0f} seconds"),
    ("limits.md", f"gets 1 to {MAX_VARIATIONS} images"),
    ("limits.md", f"a response holds {ANSWER_BYTES // MIB} MB"),
    ("mcp.md", f"waits for up to {WAIT_SECONDS:.0f} of them"),
    ("private-gallery.md", f"within {shares.CACHED_FOR.seconds} seconds"),
    ("events.md", f"**{EVENT_RETENTION.days} days.**"),
    ("typescript.md", f"older or newer than {TOLERANCE_SECONDS // 60} minutes"),
    ("events.md", f"works for {EVENT_RETENTION.days} days"),
    (
        "events.md",
        f"up to {page_limit('/v1/events')['maximum']} events, by default {page_limit('/v1/events')['default']}",
    ),
    ("events.md", f"if there is none, up to {LONGEST_WAIT.seconds}"),
    ("generation.md", f"at most {MAX_ANSWER_BYTES // MIB} MiB"),
    ("generation.md", f"up to {minutes(WAITING_LIFETIME)} minutes"),
    ("generation.md", f"the last {REPORTED_DAYS} days"),
    ("importing.md", f"After {MAX_WAITS} waits in a row"),
    ("migration.md", f"at most {MAX_LINE_BYTES // MIB} MiB"),
    ("migration.md", f"up to {LARGEST_BODY}"),
    ("operations.md", f"removed after {OBJECT_LIFETIME.days} days"),
    ("operations.md", f"for {REPORT_LIFETIME.days} days"),
    ("data-model.md", f"the report of a run, for {REPORT_LIFETIME.days} days"),
    ("data-model.md", f"progress of a repair, for {REPAIR_LIFETIME.days} days"),
    ("data-model.md", f"a generation job, for {JOB_LIFETIME.days} days"),
    ("data-model.md", f"at most {MAX_TERM_CHARS} characters"),
    (
        "browser-uploads.md",
        f"{int(upload_tokens.MIN_LIFETIME.total_seconds())} to {int(upload_tokens.MAX_LIFETIME.total_seconds()):,}",
    ),
    ("browser-uploads.md", f"1 to {upload_tokens.MAX_IMAGES:,}"),
    ("openai.md", f"makes 1 to {MAX_VARIATIONS} images (`n`)"),
    ("openai.md", f"from up to {MAX_REFERENCES} others"),
    ("openai.md", f"in the {minutes(REPEAT_PERIOD)} minutes after the job has ended"),
    ("openai.md", f"stands for its job for {hours(IDEMPOTENCY_LIFETIME)} hours"),
    (
        "openai.md",
        f"An answer holds {ANSWER_BYTES // MIB} MB, which is about {ANSWER_BYTES * 3 / 4 / MILLION:.1f} MB",
    ),
    ("openai.md", f"about {MAX_BODY_BYTES / MIB:.1f} MB for all images of a form"),
    ("browser-uploads.md", f"older than {minutes(COMPLETION_LIFETIME)} minutes"),
    ("browser-uploads.md", f"about {LARGEST_BODY}"),
    ("command-line.md", f"up to {IN_REQUEST_BYTES // MILLION} MB are sent in the request"),
    ("first-steps.md", f"about {LARGEST_BODY}"),
    ("first-steps.md", f"up to {MAX_BYTES // MIB} MB"),
]
IN_THE_API_DOCUMENT = {
    LARGEST_BODY,
    f"{MAX_KEY_CHARS} characters",
    f"{MAX_BATCH} images",
    f"{MAX_IDS} images",
    f"{MAX_IMAGES} with",
    f"{MAX_PROMPT_EXCERPT_CHARS} characters",
    f"{KEPT_ERRORS}",
    f"{MAX_DISTANCE}",
    f"{MAX_MODELS:,} models",
    f"{MAX_BYTES // MIB} MiB",
    f"{MAX_WEBHOOKS}",
    f"{EVENT_RETENTION.days} days",
}


@pytest.mark.parametrize(("page", "limit"), [("limits.md", limit) for limit in ON_THE_PAGE] + ON_OTHER_PAGES)
def test_a_page_names_the_limits_of_the_code(page: str, limit: str) -> None:
    text = " ".join((ROOT / "docs" / page).read_text().split())

    assert limit in text


def texts(node: Any) -> Iterator[str]:
    """Every summary and description in a part of the API document."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name in {"summary", "description"} and isinstance(value, str):
                yield " ".join(value.split())
            else:
                yield from texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts(value)


def test_the_api_document_names_only_limits_of_the_code() -> None:
    named = {limit for text in texts(DOCUMENT) for limit in LIMIT_IN_TEXT.findall(text)}

    assert named == IN_THE_API_DOCUMENT


def test_the_message_about_a_url_names_the_redirects() -> None:
    assert f"at most {MAX_REDIRECTS} redirects" in UrlNotAllowed().message


def test_the_message_about_too_many_keys_names_their_limits() -> None:
    for limit in (f"{MAX_KEYS} API keys", f"{MAX_LISTED_KEYS:,} with", f"{KEPT_AFTER_END.days} days"):
        assert limit in TooManyKeys().message


def test_the_message_about_too_many_shares_names_their_limit() -> None:
    assert f"{shares.MAX_SHARES:,} shares in force" in TooManyShares().message


def test_the_message_about_too_many_groups_names_their_limit() -> None:
    assert f"{MAX_GROUP_RECORDS:,} groups" in TooManyGroups().message


def test_the_message_about_too_many_webhooks_names_their_limit() -> None:
    assert f"{MAX_WEBHOOKS} webhooks" in TooManyWebhooks().message


def test_the_command_line_has_the_grace_period_of_the_store() -> None:
    assert USUAL_GRACE.total_seconds() / 3600 == keys.GRACE_HOURS
    assert MAX_GRACE.total_seconds() / 3600 == keys.MOST_GRACE_HOURS
    assert set(keys.SCOPES) == KEY_SCOPES


def test_the_console_names_the_limit_of_metadata() -> None:
    table = (ROOT / "functions/site/console/viewer/attributes.js").read_text()

    assert f"an object of up to {MAX_METADATA_BYTES // KIB} KB" in table


def test_the_command_line_has_the_limits_of_the_store() -> None:
    similar_images, images = page_limit("/v1/images/{image_id}/similar"), page_limit("/v1/images")

    assert MAX_REQUEST_BYTES < MAX_BODY_BYTES
    assert repair.MOST_IDS == MAX_REPAIR_IDS
    assert (similar_images["default"], similar_images["maximum"]) == (similar.LIMIT, similar.MOST)
    assert images["default"] == list_images.LIMIT
    assert images["maximum"] == cards.PAGE


def test_the_command_line_names_the_size_of_a_request() -> None:
    assert f"about {LARGEST_BODY}" in error_translation.TOO_LARGE


@cache
def template_parameters() -> dict[str, dict[str, Any]]:
    """The parameters of the template; not read when the file is collected, because that takes a second."""
    cfn_yaml: Any = importlib.import_module("cfnlint.decode.cfn_yaml")  # it has no types
    parameters: dict[str, dict[str, Any]] = json.loads(
        json.dumps(cfn_yaml.load(str(ROOT / "template.yaml")))
    )["Parameters"]
    return parameters


def test_parameters_are_bounded_as_the_code_is() -> None:
    largest = {
        name: parameter["MaxValue"]
        for name, parameter in template_parameters().items()
        if "MaxValue" in parameter
    }

    assert largest["MaxBytes"] == MAX_BYTES
    assert largest["MaxPixels"] == LIMITS.max_pixels
    assert f"at most {MAX_PRESETS} presets" in template_parameters()["Presets"]["ConstraintDescription"]
    assert f"{{0,{MAX_PRESETS}}}$" in template_parameters()["Presets"]["AllowedPattern"]


def spellings(number: int) -> set[str]:
    """How a text may write a number."""
    written = {str(number), f"{number:,}"}
    for unit, name in ((MILLION, "million"), (MIB, "MiB"), (KIB, "KiB")):
        if number % unit == 0:
            written.add(f"{number // unit} {name}")
    return written


def largest_in_settings() -> dict[str, str]:
    """The largest value that a row of docs/settings.md names, by parameter."""
    rows = re.findall(
        r"^\| `(\w+)` \| .*? \| (.*) \|$", (ROOT / "docs/settings.md").read_text(), flags=re.MULTILINE
    )
    named = {
        name: re.search(r"\b(?:up to|at most|\d to|KiB to) (\d+(?:,\d{3})*(?: million| MiB)?)", text)
        for name, text in rows
    }
    return {
        name: match[1] for name, match in named.items() if match and "MaxValue" in template_parameters()[name]
    }


def test_settings_name_the_bounds_of_their_parameters() -> None:
    wrong = {
        name: largest
        for name, largest in largest_in_settings().items()
        if largest not in spellings(template_parameters()[name]["MaxValue"])
    }

    assert wrong == {}


def test_settings_name_bounds() -> None:
    assert {"TrashRetentionDays", "MaxMetadataBytes", "MaxFramePixels"} <= largest_in_settings().keys()
