"""`store.toml`: what a small file means, and that whatever is wrong in a file is named before anything happens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from image_store_cli.deploying.store_file import parse, read
from image_store_cli.errors import UsageError
from tests.fakes.cloudflare_account import ACCOUNT
from tests.unit.deploying.store import described, r2_of, store_of

R2 = {"account": ACCOUNT}


def test_a_small_file_has_sensible_defaults() -> None:
    place = r2_of(store_of(r2={**R2, "public_domain": "images.example.com"}))

    assert place.buckets == ("image-store-private", "image-store-public")
    assert place.address == "https://images.example.com"
    assert place.purge
    assert place.cache_rule
    assert place.endpoint == f"https://{ACCOUNT}.r2.cloudflarestorage.com"


def test_aws_s3_needs_nothing_but_its_table() -> None:
    values = described(s3={})
    del values["r2"]

    store = parse(values, Path("store.toml"))

    assert store.place.buckets == ("image-store-private",)
    assert store.architecture == "arm64"


def test_without_a_domain_there_is_no_public_bucket_and_no_purging() -> None:
    place = r2_of(store_of(r2=R2))

    assert place.buckets == ("image-store-private",)
    assert not place.purge


def test_a_jurisdiction_has_its_own_endpoint() -> None:
    place = r2_of(store_of(r2={**R2, "jurisdiction": "eu"}))

    assert place.endpoint == f"https://{ACCOUNT}.eu.r2.cloudflarestorage.com"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"stak": "x"}, "there is no setting stak. Did you mean stack?"),
    ({"stack": "Image Store"}, "stack must be a letter and at most 27"),
    ({"stack": "a" * 29}, "stack must be"),
    ({"region": "Frankfurt"}, "region must be an AWS region"),
    ({"origins": ["https://app.example.com/"]}, "origins must be a list of origins"),
    ({"origins": "https://app.example.com"}, "origins must be a list of origins"),
    ({"issuer": {"url": "id.example.com", "audience": "a"}}, "issuer.url must be an address"),
    ({"issuer": {"url": "https://id.example.com"}}, "issuer.audience is missing"),
    ({"r2": {}}, "r2.account is missing"),
    ({"s3": {}}, "in one of the tables [r2], [s3] and [compatible]"),
    ({"r2": {"account": "0f3a"}}, "r2.account must be the 32 hexadecimal digits"),
    ({"r2": {**R2, "token": "x"}}, "there is no setting r2.token"),
    ({"r2": {**R2, "location": "eu", }}, "r2.location must be one of apac"),
    ({"r2": {**R2, "location": "weur", "jurisdiction": "eu"}}, "exclude each other"),
    ({"r2": {**R2, "public_bucket": "x-public"}}, "needs r2.public_domain or r2.public_url"),
    ({"r2": {**R2, "purge": True}}, "r2.purge needs r2.public_domain"),
    ({"r2": {**R2, "public_domain": "https://images.example.com"}}, "must be a domain"),
    ({"r2": {**R2, "public_domain": "a.example.com", "public_url": "https://a.example.com"}}, "two addresses"),
    (
        {"r2": {**R2, "public_domain": "a.example.com", "public_bucket": "b-1", "private_bucket": "b-1"}},
        "the two buckets must differ",
    ),
    ({"parameters": {"Presets": ["a"]}}, "parameters.Presets must be a text"),
    ({"first_key": {"name": "x", "scopes": ["everything"]}}, "first_key.scopes must be a list of some of"),
    ({"first_key": {"scopes": ["images:read"]}}, "first_key.name is missing"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "message"), WRONG, ids=[message for _, message in WRONG])
def test_what_is_wrong_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse(described(**changes), Path("store.toml"))

    assert message in refused.value.message


def test_a_missing_and_a_broken_file_are_errors_of_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no file"):
        read(tmp_path / "store.toml")
    (tmp_path / "store.toml").write_text("stack = ")
    with pytest.raises(UsageError, match="is not TOML"):
        read(tmp_path / "store.toml")


def test_numbers_and_flags_become_texts_of_the_template() -> None:
    store = store_of(parameters={"LogRetentionDays": 7, "RaiseAlarms": False})

    assert store.parameters == {"LogRetentionDays": "7", "RaiseAlarms": "false"}
