"""The settings of a deployment; an error names the wrong variable and never shows its value."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from image_store.domain.delivery.renditions import PRESETS
from image_store.domain.errors import ConfigurationError
from image_store.domain.images.byte_stores import ByteStore
from image_store.domain.images.key_layout import KeyLayout
from image_store.domain.images.media import MediaType
from image_store.domain.images.quota import Quota
from image_store.settings import Settings


def test_without_variables_the_settings_have_the_documented_defaults() -> None:
    settings = Settings.from_env({})

    assert (settings.storage.key_layout, settings.cleanup.trash_retention) == (
        KeyLayout.MONTH,
        timedelta(days=7),
    )
    assert (settings.quota, settings.limits.max_pixels) == (Quota(0, 0), 50_000_000)
    assert (settings.storage.private_store.region, settings.publication.cache_control) == (
        "auto",
        "public, max-age=300",
    )
    assert settings.storage.table == settings.publication.url == settings.api_url == ""


def test_presets_are_the_default_ones_or_the_configured_ones() -> None:
    """B2."""
    default, configured = (
        Settings.from_env(variables).renditions.presets for variables in ({}, {"PRESETS": "w320=320x,avif"})
    )

    assert default == PRESETS
    assert set(configured) == {"thumb", "display", "w320"}
    assert configured["w320"].formats == (MediaType.AVIF,)


def test_an_error_in_the_presets_names_their_variable() -> None:
    with pytest.raises(
        ConfigurationError, match=r"^PRESETS cannot be read\. The preset w320 cannot be used: "
    ):
        Settings.from_env({"PRESETS": "w320=5000x"})


def test_urls_lose_their_final_slash() -> None:
    names = ("PUBLIC_URL", "API_URL", "R2_ENDPOINT")

    settings = Settings.from_env(dict.fromkeys(names, "https://a.example.com/") | {"PUBLIC_BUCKET": "p"})

    addresses = {settings.publication.url, settings.api_url, settings.storage.private_store.endpoint}
    assert addresses == {"https://a.example.com"}


@pytest.mark.parametrize("value", ["", "-1", "1.5", "1e3", " 1", "٣", "²", "seven", "0x10"])
@pytest.mark.parametrize(
    "name",
    ["TRASH_RETENTION_DAYS", "QUOTA_IMAGES", "QUOTA_BYTES", "MAX_PIXELS", "MAX_BYTES", "MAX_DECODE_SECONDS"],
)
def test_an_error_names_the_variable_that_is_not_a_whole_number(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Settings.from_env({name: value})

    assert str(raised.value) == f"{name} must be a whole number, not below 0."


def test_an_unknown_layout_is_refused_without_its_value() -> None:
    with pytest.raises(ConfigurationError) as raised:
        Settings.from_env({"KEY_LAYOUT": "by-mood"})

    assert "KEY_LAYOUT" in str(raised.value)
    assert "by-mood" not in str(raised.value)


def test_a_public_url_without_a_public_bucket_is_refused() -> None:
    """A9: a clear configuration error."""
    with pytest.raises(ConfigurationError) as raised:
        Settings.from_env({"PUBLIC_URL": "https://cdn.example.com"})

    assert {"PUBLIC_URL", "PUBLIC_BUCKET"} <= set(str(raised.value).replace(",", "").split())
    assert "cdn.example.com" not in str(raised.value)


def test_settings_without_providers_and_policies_do_not_import_them() -> None:
    """A cold start of other functions does not pay for them."""
    code = "import sys; from image_store.settings import Settings; Settings.from_env({}); print(*sys.modules)"
    package = Path(sys.modules["image_store"].__path__[0])

    python = subprocess.run(
        [sys.executable, "-c", code], cwd=package.parent, capture_output=True, text=True, check=True
    )

    modules = set(python.stdout.split())
    assert "image_store.settings.generation" in modules
    assert not {"image_store.domain.generation.providers", "image_store.domain.upkeep.cleanup"} & modules


def test_both_buckets_are_in_one_store_unless_the_public_one_has_its_own() -> None:
    private = {"BYTE_STORE": "s3", "R2_REGION": "eu-west-1"}
    public = {"PUBLIC_BYTE_STORE": "r2", "PUBLIC_STORE_ENDPOINT": "https://r2.example.com/"}

    one = Settings.from_env(private | {"PUBLIC_STORE_ENDPOINT": "https://unused.example.com"}).storage
    two = Settings.from_env(private | public).storage

    assert one.public_store == one.private_store
    assert two.private_store == one.private_store
    assert (two.public_store.kind, two.public_store.url) == (ByteStore.R2, "https://r2.example.com")


@pytest.mark.parametrize(
    ("variables", "origin"),
    [
        ({}, ""),
        ({"R2_ENDPOINT": "https://account.r2.example.com"}, "https://account.r2.example.com"),
        ({"BYTE_STORE": "s3", "R2_REGION": "eu-west-1"}, "https://mine.s3.eu-west-1.amazonaws.com"),
        ({"BYTE_STORE": "s3", "R2_REGION": "cn-north-1"}, "https://mine.s3.cn-north-1.amazonaws.com.cn"),
        ({"BYTE_STORE": "s3", "R2_ENDPOINT": "http://localhost:4566"}, "http://localhost:4566"),
    ],
)
def test_pages_may_load_images_of_one_bucket_and_not_of_all_of_s3(
    variables: dict[str, str], origin: str
) -> None:
    assert Settings.from_env(variables).storage.private_store.origin("mine") == origin


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"BYTE_STORE": "gcs"}, "BYTE_STORE"),
        ({"PUBLIC_BYTE_STORE": "gcs"}, "PUBLIC_BYTE_STORE"),
        ({"CLOUDFRONT_DISTRIBUTION": "E1EXAMPLE"}, "PUBLIC_URL"),
        (
            {
                "CLOUDFRONT_DISTRIBUTION": "E1EXAMPLE",
                "CLOUDFLARE_ZONE_ID": "z",
                "CLOUDFLARE_SECRET": "s",
                "PUBLIC_BUCKET": "p",
                "PUBLIC_URL": "https://a.example.com",
            },
            "exclude each other",
        ),
    ],
)
def test_stores_and_cdns_that_cannot_be_are_refused(variables: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        Settings.from_env(variables)
