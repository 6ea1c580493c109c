"""Renditions and transforms that are made when somebody asks for them, through the real API (B2, B3)."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from PIL import Image

from image_store.domain.delivery.renditions import Recipe
from image_store.domain.delivery.signed_links import SignedLink, encode_link, transform
from image_store.domain.images.media import MediaType, sniff
from image_store.services.delivery.signed_links import LinkSignatures
from tests.e2e import anyone
from tests.e2e.test_images import patch, refused, upload
from tests.pictures import animation, jpeg

if TYPE_CHECKING:
    from tests.e2e.conftest import Stack

STAMPEDE = 6
"""Each of them starts two functions; larger crowds are in the fault tests."""
ATTEMPTS = 3
"""How often somebody asks whom the gateway kept waiting for its 30 s, as on a machine that is busy otherwise."""
PATIENCE_SECONDS = 45
ACCEPTED = [
    ("image/webp,*/*;q=0.8", MediaType.WEBP),
    ("image/avif", MediaType.AVIF),
    ("image/jpeg", MediaType.JPEG),
    ("*/*", MediaType.WEBP),
]


def show(client: httpx.Client, url: str, accept: str) -> tuple[httpx.Response, httpx.Response]:
    """Ask for a rendition and follow the redirect, without the token as browsers do."""
    for _ in range(ATTEMPTS):
        answer = client.get(url, headers={"Accept": accept}, timeout=PATIENCE_SECONDS)
        if answer.status_code != 503:  # the gateway, which waits no longer
            break
    assert answer.status_code == 302, answer.text
    return answer, httpx.get(answer.headers["location"], timeout=PATIENCE_SECONDS)


def bytes_of(answer: httpx.Response, media_type: MediaType) -> bytes:
    assert answer.status_code == 200, answer.text
    assert (answer.headers["content-type"], sniff(answer.content)) == (media_type.value, media_type)
    return answer.content


@pytest.mark.parametrize(("accept", "media_type"), ACCEPTED)
def test_an_owner_is_shown_a_rendition_in_the_format_that_is_accepted(
    stack: Stack, accept: str, media_type: MediaType
) -> None:
    with stack.http(f"renditions-{media_type.extension}") as client:
        image = upload(client, jpeg(1600, 900))
        url = f"/v1/images/{image['id']}/content?rendition=w640"

        redirect, first = show(client, url, accept)
        _, again = show(client, url, accept)

        assert redirect.headers["cache-control"] == "private, no-store"
        assert "/w640-" in redirect.headers["location"]
        assert bytes_of(first, media_type) == bytes_of(again, media_type)
        shown = client.get(f"/v1/images/{image['id']}")
        assert shown.headers["etag"] == '"2"'
        assert set(shown.json()["renditions"]) == {"thumb", "display"}


@pytest.mark.parametrize(("accept", "media_type"), ACCEPTED[:3])
def test_everybody_is_shown_a_rendition_of_a_published_image(
    stack: Stack, accept: str, media_type: MediaType
) -> None:
    with stack.http(f"published-{media_type.extension}") as client, stack.http(None) as stranger:
        image = upload(client, jpeg(1600, 900), visibility="public")

        redirect, seen = show(stranger, f"{image['public_url']}/w640", accept)

        assert redirect.headers["location"].endswith(f"/w640.{media_type.extension}")
        assert redirect.headers["cache-control"] == "public, max-age=60"
        bytes_of(seen, media_type)


def copies(stack: Stack) -> set[str]:
    """Every key of the public bucket."""
    pages = (
        stack.client("s3").get_paginator("list_objects_v2").paginate(Bucket=stack.described["public_bucket"])
    )
    return {entry["Key"] for page in pages for entry in page.get("Contents", [])}


def test_unpublishing_takes_the_copies_of_all_renditions_away(stack: Stack) -> None:
    with stack.http("unpublished-renditions") as client, stack.http(None) as stranger:
        image = upload(client, jpeg(1600, 900), visibility="unlisted")
        keys = []
        for preset, accept in (("w640", "image/webp"), ("w640", "image/avif"), ("w1280", "image/jpeg")):
            redirect, seen = show(stranger, f"{image['public_url']}/{preset}", accept)
            assert seen.status_code == 200
            keys.append(redirect.headers["location"])
        folder = "/".join(keys[0].rsplit("/", 2)[:2]).removeprefix(stack.described["public_url"] + "/")
        assert len({key for key in copies(stack) if key.startswith(folder)}) == 5

        patch(client, image["id"], visibility="private")

        assert {key for key in copies(stack) if key.startswith(folder)} == set()
        assert [anyone.get(url).status_code for url in keys] == [404] * 3
        refused(stranger.get(f"{image['public_url']}/w640"), 404, "image_not_found")
        _, private = show(client, f"/v1/images/{image['id']}/content?rendition=w640", "image/webp")
        bytes_of(private, MediaType.WEBP)


def tries(stack: Stack, image_id: str) -> list[str]:
    """The private objects of an image that were made on request."""
    pages = (
        stack.client("s3").get_paginator("list_objects_v2").paginate(Bucket=stack.described["private_bucket"])
    )
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    return [key for key in keys if f"/{image_id}/" in key and "/w2048-" in key]


def test_a_stampede_makes_a_rendition_once_and_everybody_sees_a_picture(stack: Stack) -> None:
    with stack.http("stampede") as client, stack.http(None) as stranger:
        image = upload(client, jpeg(3000, 2000), visibility="public")

        def ask(_: int) -> Any:
            return show(stranger, f"{image['public_url']}/w2048", "image/webp")

        with ThreadPoolExecutor(STAMPEDE) as crowd:
            answers = list(crowd.map(ask, range(STAMPEDE)))

        assert [seen.status_code for _, seen in answers] == [200] * STAMPEDE
        redirects = [redirect for redirect, _ in answers if "/w2048." in redirect.headers["location"]]
        others = [redirect for redirect, _ in answers if redirect not in redirects]
        assert redirects
        assert {redirect.headers["cache-control"] for redirect in others} <= {"private, no-store"}
        assert len(tries(stack, image["id"])) == 1
        redirect, _ = ask(0)
        assert redirect in redirects or "/w2048.webp" in redirect.headers["location"]


def test_an_animation_moves_in_display_and_rests_in_every_other_rendition(stack: Stack) -> None:
    with stack.http("animations") as client:
        moving = animation("GIF", frames=5, width=800, height=600)
        stored = client.post("/v1/images", content=moving, headers={"Content-Type": "image/gif"})
        content = f"/v1/images/{stored.json()['id']}/content?rendition="

        frames = {}
        for preset in ("display", "thumb", "w640"):
            answer = client.get(f"{content}{preset}", headers={"Accept": "image/webp"}, follow_redirects=True)
            with Image.open(BytesIO(answer.content)) as picture:
                frames[preset] = (picture.format, getattr(picture, "n_frames", 1))

        assert frames == {"display": ("WEBP", 5), "thumb": ("JPEG", 1), "w640": ("WEBP", 1)}


# Signed links --------------------------------------------------------------------------------------------

SQUARE = {
    "w": 120,
    "h": 120,
    "fit": "cover",
    "gravity": "smart",
    "format": "avif",
    "q": 50,
    "expires_in": 600,
}


def share(client: httpx.Client, image_id: str, **body: Any) -> str:
    """A signed link."""
    answer = client.post(f"/v1/images/{image_id}/links", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.json().keys() == {"url", "expires_at"}
    return str(answer.json()["url"])


def signing_keys(stack: Stack) -> dict[str, str]:
    """The keys of the deployment, as only its functions read them."""
    secret = stack.client("secretsmanager").get_secret_value(
        SecretId=f"{stack.described['stack_name']}/signing"
    )
    keys: dict[str, str] = json.loads(secret["SecretString"])
    return keys


def size_of(data: bytes) -> tuple[int, int]:
    with Image.open(BytesIO(data)) as picture:
        return picture.size


def test_a_signed_link_shows_a_stranger_exactly_what_was_signed(stack: Stack) -> None:
    with stack.http("shares-a-square") as client, stack.http(None) as stranger:
        image = upload(client, jpeg(1600, 900))
        url = share(client, image["id"], **SQUARE)

        redirect, first = show(stranger, url, "*/*")
        _, again = show(stranger, url, "*/*")

        assert redirect.headers["cache-control"] == "private, no-store"
        assert f"/transforms/{image['id']}/" in redirect.headers["location"]
        assert size_of(bytes_of(first, MediaType.AVIF)) == (120, 120)
        assert first.content == again.content
        at = len(url) - 40
        altered = url[:at] + ("A" if url[at] != "A" else "B") + url[at + 1 :]
        refused(stranger.get(altered), 404, "image_not_found")


def test_only_a_link_that_is_signed_and_not_over_shows_anything(stack: Stack) -> None:
    with stack.http("shares-nothing-else") as client, stack.http(None) as stranger:
        image = upload(client, jpeg(1600, 900))
        links = LinkSignatures(keys=lambda: signing_keys(stack))
        forged = LinkSignatures(
            keys=lambda: {**signing_keys(stack), signing_keys(stack)["current"]: "guessed"}
        )
        now, what = datetime.now(UTC).replace(microsecond=0), transform(Recipe(200))
        soon = SignedLink(image["id"], now + timedelta(minutes=5), what)
        over = SignedLink(image["id"], now - timedelta(seconds=1), what)
        unsigned = base64.urlsafe_b64encode(encode_link(soon)).rstrip(b"=").decode()

        _, seen = show(stranger, f"/i/{links.make(soon)}", "*/*")

        assert size_of(bytes_of(seen, MediaType.WEBP)) == (200, 112)
        for link in (links.make(over), forged.make(soon), unsigned):
            refused(stranger.get(f"/i/{link}"), 404, "image_not_found")


def test_a_signed_link_shows_a_private_rendition_and_ends_with_its_image(stack: Stack) -> None:
    with stack.http("shares-a-rendition") as client, stack.http(None) as stranger:
        image = upload(client, jpeg(1600, 900))
        display, small = share(client, image["id"]), share(client, image["id"], rendition="w640")
        square = share(client, image["id"], **SQUARE)

        bytes_of(show(stranger, display, "*/*")[1], MediaType.JPEG)
        bytes_of(show(stranger, small, "image/avif")[1], MediaType.AVIF)
        location = show(stranger, square, "*/*")[0].headers["location"]
        assert client.delete(f"/v1/images/{image['id']}?permanent=true").status_code == 204

        for link in (display, small, square):
            refused(stranger.get(link), 404, "image_not_found")
        assert anyone.get(location).status_code == 404


def test_a_crowd_makes_a_transform_once_and_everybody_sees_a_picture(stack: Stack) -> None:
    with stack.http("shared-with-a-crowd") as client, stack.http(None) as stranger:
        image = upload(client, jpeg(3000, 2000))
        url = share(client, image["id"], w=800)

        with ThreadPoolExecutor(STAMPEDE) as crowd:
            answers = list(crowd.map(lambda _: show(stranger, url, "*/*"), range(STAMPEDE)))

        assert [seen.status_code for _, seen in answers] == [200] * STAMPEDE
        _, last = show(stranger, url, "*/*")
        assert size_of(bytes_of(last, MediaType.WEBP)) == (800, 533)


def test_transforms_have_a_lifecycle_and_nothing_else_has(stack: Stack) -> None:
    bucket = stack.described["private_bucket"]
    [rule] = stack.client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]

    assert (rule["Filter"]["Prefix"], rule["Expiration"]["Days"]) == ("transforms/", 30)
