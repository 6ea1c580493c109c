"""Every source against a server that behaves as its vendor documents: lists, originals, refusals, limits and lies."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import pytest

from image_store.adapters.importing.opening import SecretSources
from image_store.adapters.remote import AddressRules, Connections, SourceHttp
from image_store.adapters.remote.connections import Timeouts
from image_store.domain.errors import ImageStoreError, PayloadTooLarge, SourceUnreadable
from image_store.domain.images.image import Visibility
from image_store.domain.upkeep.importing import ImportOptions, SourceItem
from image_store.ports.upkeep import SourceBusy
from tests.fakes.clock import SetClock
from tests.importing.servers import (
    UPLOADED,
    CloudflareServer,
    CloudinaryServer,
    Heard,
    S3Server,
    Said,
    SupabaseServer,
    UploadThingServer,
    VendorServer,
    said,
)
from tests.samples import OWNER, PICTURE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from image_store.ports.upkeep import ImportSource

pytestmark = pytest.mark.loopback

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
UNTIL = NOON + timedelta(seconds=20)
MAX_BYTES = 1_000_000

DESCRIPTIONS: dict[type[VendorServer], dict[str, Any]] = {
    CloudflareServer: {
        "kind": "cloudflare_images",
        "account_id": CloudflareServer.account,
        "api_token": CloudflareServer.token,
        "api_url": "{}",
    },
    CloudinaryServer: {
        "kind": "cloudinary",
        "cloud_name": "demo",
        "api_key": "123",
        "api_secret": "shh-1",
        "api_url": "{}",
    },
    SupabaseServer: {"kind": "supabase", "url": "{}", "bucket": "avatars", "key": SupabaseServer.key},
    UploadThingServer: {
        "kind": "uploadthing",
        "app_id": "app",
        "api_key": UploadThingServer.key,
        "api_url": "{}",
        "files_url": "{}",
    },
    S3Server: {
        "kind": "s3",
        "endpoint": "{}",
        "region": "auto",
        "bucket": "old",
        "access_key_id": "AKIA1",
        "secret_access_key": "secret",
    },
}
SECRETS = ("cf-token", "shh-1", "sb_secret_1", "sk_live_1", "secret_access", "AKIA1")
EVERY = pytest.mark.parametrize("kind", DESCRIPTIONS, ids=lambda kind: kind.__name__.removesuffix("Server"))


class World:
    """One server and the source that reads it; `reports` are the reasons that were logged."""

    def __init__(self) -> None:
        self.reports: list[tuple[str, str]] = []
        self.clock = SetClock()
        self.clock.instant = NOON

    def source(self, server: VendorServer, *, prefix: str = "", **changes: Any) -> ImportSource:
        members = DESCRIPTIONS[type(server)] | changes
        described = {
            name: value.format(server.url) if value == "{}" else value for name, value in members.items()
        }
        rules = AddressRules(networks=(ip_network("127.0.0.0/8"),))
        connections = Connections(rules, clock=self.clock, timeouts=Timeouts(read=2.0))
        http = SourceHttp(connections, report=lambda reason, url: self.reports.append((reason, url)))
        sources = SecretSources(document=lambda: {"old": described}, http=http, clock=self.clock)
        return sources.open(ImportOptions(source="old", owner=OWNER, prefix=prefix))


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    assert not [report for report in world.reports if any(secret in str(report) for secret in SECRETS)]


def listed(source: ImportSource, limit: int = 50) -> list[SourceItem]:
    items: list[SourceItem] = []
    cursor = None
    for _ in range(50):
        page = source.page(cursor, limit=limit, until=UNTIL)
        items += page.items
        cursor = page.following
        if cursor is None:
            return items
    raise AssertionError("the list does not end")


def fetch(source: ImportSource, item: SourceItem) -> bytes:
    return source.fetch(item, max_bytes=MAX_BYTES, until=UNTIL).data


@EVERY
def test_all_pages_of_a_list_and_all_originals_are_read(world: World, kind: type[VendorServer]) -> None:
    files = {f"{name}.png": PICTURE + name.encode() for name in "abcde"}
    with kind(files) as server:
        source = world.source(server)
        items = listed(source)

        assert sorted(fetch(source, item) for item in items) == sorted(files.values())
        assert {item.created_at for item in items} == {UPLOADED}
        assert len({item.id for item in items}) == len(files)


@EVERY
def test_names_with_slashes_spaces_and_other_scripts_are_read(world: World, kind: type[VendorServer]) -> None:
    names = ("ä b.png", "c%2F+d.png") if kind is CloudinaryServer else ("x/ä b.png", "x/y/c%2F+d.png")
    with kind({name: PICTURE + name.encode() for name in names}) as server:
        source = world.source(server)

        assert sorted(fetch(source, item) for item in listed(source)) == sorted(server.files.values())


@EVERY
def test_wrong_credentials_are_named_and_nothing_is_listed(world: World, kind: type[VendorServer]) -> None:
    wrong = {
        "api_token": "no",
        "api_secret": "no",
        "key": "sb_no",
        "api_key": "no",
        "secret_access_key": "no",
    }
    changes = {name: value for name, value in wrong.items() if name in DESCRIPTIONS[kind]}
    with kind() as server, pytest.raises(SourceUnreadable, match="credentials"):
        world.source(server, **changes).page(None, limit=50, until=UNTIL)


@EVERY
@pytest.mark.parametrize(
    ("answer", "wait", "limits_rate"),
    [
        (Said(status=429, headers={"Retry-After": "17"}), timedelta(seconds=17), True),
        (Said(status=429), None, True),
        (
            Said(status=503, headers={"Retry-After": "Sun, 01 Mar 2026 12:05:00 GMT"}),
            timedelta(minutes=5),
            False,
        ),
        (
            Said(status=420, headers={"X-FeatureRateLimit-Reset": "Sun, 01 Mar 2026 13:00:00 GMT"}),
            timedelta(hours=1),
            True,
        ),
        (Said(status=500), None, False),
        (Said(b"short", headers={"Content-Length": "500"}), None, False),
    ],
)
def test_a_busy_source_says_how_long_it_wants_to_be_left_alone(
    world: World, kind: type[VendorServer], answer: Said, wait: timedelta | None, limits_rate: bool
) -> None:
    with kind() as server:
        source = world.source(server)
        item = listed(source)[0]
        server.before = lambda _: answer

        for call in (lambda: source.page(None, limit=50, until=UNTIL), lambda: fetch(source, item)):
            with pytest.raises(SourceBusy) as busy:
                call()
            assert (busy.value.wait, busy.value.limits_rate) == (wait, limits_rate)


@EVERY
@pytest.mark.parametrize(
    "body",
    [
        b"<html>It works</html>",
        b"",
        b"[]",
        b"\xff",
        b'{"success": true, "result": {"images": [1]}, "resources": [1], "files": [1], "objects": 3}',
        b"[" * 100_000,
        b"<!DOCTYPE x [<!ENTITY a 'b'>]><ListBucketResult/>",
        b"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
    ],
)
def test_a_list_of_another_form_is_refused(world: World, kind: type[VendorServer], body: bytes) -> None:
    with kind() as server:
        server.before = lambda _: Said(body)
        source = world.source(server)

        with pytest.raises(SourceUnreadable):
            listed(source)


@EVERY
def test_a_file_that_is_larger_than_announced_is_cut_off(world: World, kind: type[VendorServer]) -> None:
    with kind() as server:
        source = world.source(server)
        item = listed(source)[0]
        server.before = lambda _: Said(b"x" * (MAX_BYTES + 1))

        with pytest.raises(PayloadTooLarge):
            fetch(source, item)


@EVERY
def test_a_file_that_is_gone_is_an_error_of_its_own(world: World, kind: type[VendorServer]) -> None:
    with kind() as server:
        source = world.source(server)
        item = listed(source)[0]
        server.files.clear()
        if kind is CloudinaryServer:
            server.before = lambda _: Said(status=404)

        with pytest.raises(SourceUnreadable, match="nothing"):
            fetch(source, item)


@pytest.mark.parametrize(
    "kind",
    [CloudflareServer, CloudinaryServer, SupabaseServer, UploadThingServer],
    ids=lambda kind: kind.__name__,
)
def test_a_list_with_half_of_a_surrogate_pair_is_refused(world: World, kind: type[VendorServer]) -> None:
    """It fits into no address, so the source could not even be asked for the image; XML has none."""
    with kind() as server:
        source = world.source(server)

        def halved(heard: Heard) -> Said:
            answer = server.answer(heard)
            return replace(answer, body=answer.body.replace(b"a.png", b"a\\ud800.png"))

        server.before = halved
        with pytest.raises(SourceUnreadable, match="documentation"):
            listed(source)


@pytest.mark.parametrize("kind", [CloudflareServer, CloudinaryServer], ids=lambda kind: kind.__name__)
def test_an_address_that_is_none_has_no_old_path(world: World, kind: type[VendorServer]) -> None:
    with kind({"a.png": PICTURE}) as server:

        def broken(heard: Heard) -> Said:
            answer = server.answer(heard)
            body = json.loads(answer.body)
            for image in body.get("resources", []) or body.get("result", {}).get("images", []):
                image["secure_url"], image["variants"] = "https://[", ["https://["]
            return replace(answer, body=json.dumps(body).encode())

        server.before = broken
        assert [item.paths for item in listed(world.source(server))] == [()]


def test_a_size_of_five_thousand_digits_is_no_size(world: World) -> None:
    with S3Server({"a.png": PICTURE}) as server:
        size = f"<Size>{len(PICTURE)}<".encode()

        def enlarged(heard: Heard) -> Said:
            answer = server.answer(heard)
            return replace(answer, body=answer.body.replace(size, b"<Size>" + 5_000 * b"9" + b"<"))

        server.before = enlarged
        assert [item.size_bytes for item in listed(world.source(server))] == [None]


@EVERY
def test_no_key_follows_a_redirect_to_another_origin(world: World, kind: type[VendorServer]) -> None:
    with kind() as server, UploadThingServer({"a.png": PICTURE}) as other:
        source = world.source(server)
        item = listed(source)[0]
        server.before = lambda _: Said(status=302, headers={"Location": f"{other.url}/f/a.png"})

        assert fetch(source, item) == PICTURE
        (heard,) = other.heard
        assert not {"authorization", "apikey", "x-uploadthing-api-key", "x-amz-date"} & heard.headers.keys()


@pytest.mark.parametrize(
    ("location", "parameter"),
    [("https://10.0.0.1/a.png", "RemoteNetworks"), ("https://203.0.114.1:8443/a.png", "RemoteNetworks")],
)
def test_a_refused_address_that_a_parameter_can_allow_names_it(
    world: World, location: str, parameter: str
) -> None:
    with S3Server() as server:
        source = world.source(server)
        item = listed(source)[0]
        server.before = lambda _: Said(status=302, headers={"Location": location})

        with pytest.raises(SourceUnreadable, match=parameter):
            fetch(source, item)


def test_an_address_that_nothing_allows_names_no_parameter(world: World) -> None:
    with S3Server() as server:
        source = world.source(server)
        item = listed(source)[0]
        server.before = lambda _: Said(status=302, headers={"Location": "http://169.254.169.254/latest"})

        with pytest.raises(SourceUnreadable) as refused:
            fetch(source, item)

    assert "Remote" not in refused.value.message


@EVERY
@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest",
        "https://10.0.0.1/a.png",
        "https://[fd00::1]/a.png",
        "https://[::ffff:192.168.0.1]/a.png",
        "file:///etc/passwd",
        "gopher://example.com/a.png",
    ],
)
def test_no_redirect_leads_to_a_private_address(
    world: World, kind: type[VendorServer], location: str
) -> None:
    with kind() as server:
        source = world.source(server)
        item = listed(source)[0]
        server.before = lambda _: Said(status=302, headers={"Location": location})

        with pytest.raises(SourceUnreadable):
            fetch(source, item)
        assert world.reports[-1][1] != server.url


@pytest.mark.parametrize(
    "kind", [CloudflareServer, S3Server, SupabaseServer, UploadThingServer], ids=lambda kind: kind.__name__
)
def test_a_prefix_selects_what_begins_so(world: World, kind: type[VendorServer]) -> None:
    with kind({"cats/1.png": PICTURE, "cats/2.png": PICTURE, "dogs/1.png": PICTURE}) as server:
        assert len(listed(world.source(server, prefix="cats/"))) == 2


def test_cloudinary_selects_by_its_own_prefix(world: World) -> None:
    with CloudinaryServer() as server:
        listed(world.source(server, prefix="pets/"))

        assert {heard.query["prefix"] for heard in server.heard} == {"pets/"}


# What only one vendor has -----------------------------------------------------------------------------


def by_name(items: list[SourceItem]) -> dict[str | None, SourceItem]:
    return {item.filename: item for item in items}


def test_cloudflare_tells_what_is_private_and_what_its_meta_says(world: World) -> None:
    with CloudflareServer({"a": PICTURE, "b/c": PICTURE}) as server:
        first, second = listed(world.source(server))

    assert (first.visibility, second.visibility) == (Visibility.UNLISTED, Visibility.PRIVATE)
    assert (second.folder, second.alt_text, second.tags, second.metadata) == (
        "b",
        "A cat",
        ("x",),
        {"k": "v"},
    )
    assert first.paths == ("/Vi7wi5KSItxGFsWRG2Us6Q/a/public",)


def test_cloudflare_lists_no_draft(world: World) -> None:
    with CloudflareServer() as server:
        image = {"id": "a", "draft": True}
        server.before = lambda _: said(
            {"success": True, "result": {"images": [image], "continuation_token": None}}
        )

        assert listed(world.source(server)) == []


def test_cloudinary_names_folders_tags_context_and_reads_private_files_by_a_signature(world: World) -> None:
    with CloudinaryServer({"a.png": PICTURE, "b.png": PICTURE + b"b"}) as server:
        source = world.source(server)
        items = by_name(listed(source))
        private = items["b.png"]

        assert fetch(source, private) == PICTURE + b"b"
        assert (private.visibility, items["a.png"].visibility) == (Visibility.PRIVATE, Visibility.UNLISTED)
        assert (private.title, private.alt_text, private.tags) == ("Cat", "A cat", ("x", "y"))
        assert private.folder == "Clothing Sale"
        assert private.metadata == {"public_id": "pets/b", "k": "v", "season": "winter"}


def test_cloudinary_is_left_alone_when_few_calls_of_the_hour_are_left(world: World) -> None:
    with CloudinaryServer() as server:
        server.left = 6

        page = world.source(server).page(None, limit=50, until=UNTIL)

    assert page.rest == timedelta(hours=1)


@pytest.mark.parametrize("lists_recursively", [True, False])
def test_supabase_is_listed_with_its_folders_by_old_and_new_storage(
    world: World, lists_recursively: bool
) -> None:
    names = ["a.png", "b/c.png", "b/d/e.png", "b/f.png", "g/h.png", "z.png", "b/.emptyFolderPlaceholder"]
    with SupabaseServer(dict.fromkeys(names, PICTURE)) as server:
        server.lists_recursively = lists_recursively

        items = listed(world.source(server))

    assert sorted(item.id for item in items) == sorted(f"avatars/{name}" for name in names[:-1])
    assert {item.visibility for item in items} == {Visibility.UNLISTED}
    assert {item.folder for item in items} == {None, "b", "b/d", "g"}


def test_supabase_files_of_a_private_bucket_are_private_and_have_no_old_path(world: World) -> None:
    with SupabaseServer() as server:
        server.is_public = False
        (item, *_) = listed(world.source(server))

    assert (item.visibility, item.paths, item.url) == (Visibility.PRIVATE, (), None)


def test_uploadthing_finds_out_which_files_are_private(world: World) -> None:
    with UploadThingServer({"a.png": PICTURE, "b.png": PICTURE, "x.png": PICTURE}) as server:
        source = world.source(server)
        items = listed(source)
        files = [source.fetch(item, max_bytes=MAX_BYTES, until=UNTIL) for item in items]

    assert [file.visibility for file in files] == [Visibility.UNLISTED, Visibility.PRIVATE]
    assert items[0].paths == ("/f/a.png", "/f/c-a.png")


def test_uploadthing_ends_at_an_empty_page_that_promises_more(world: World) -> None:
    with UploadThingServer() as server:
        server.before = lambda _: said({"hasMore": True, "files": []})

        assert listed(world.source(server)) == []


def test_s3_knows_metadata_archives_and_replaced_objects(world: World) -> None:
    with S3Server({"cold.png": PICTURE, "d/": b"", "e.png": PICTURE}) as server:
        source = world.source(server)
        cold, warm = listed(source)
        file = source.fetch(warm, max_bytes=MAX_BYTES, until=UNTIL)
        server.files["e.png"] = PICTURE + b"2"

        with pytest.raises(SourceUnreadable, match="replaced"):
            fetch(source, warm)

    assert (file.metadata, warm.refusal) == ({"title": "A cat"}, None)
    assert cold.refusal is not None
    assert warm.visibility is Visibility.PRIVATE


@pytest.mark.parametrize(
    "secret",
    [{}, {"old": "text"}, {"old": {}}, {"old": {"kind": "ftp"}}, {"old": {"kind": "s3", "bucket": 3}}],
)
def test_a_source_that_is_described_wrongly_is_named_without_its_values(secret: dict[str, Any]) -> None:
    rules = AddressRules()
    clock = SetClock()
    http = SourceHttp(Connections(rules, clock=clock), report=lambda *_: None)
    sources = SecretSources(document=lambda: secret, http=http, clock=clock)

    with pytest.raises(ImageStoreError, match="secret of imports"):
        sources.open(ImportOptions(source="old", owner=OWNER))
