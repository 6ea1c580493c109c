"""Groups and tags as places, on the table's real stream and behind the real gateway's paths (I3)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.e2e.test_find import eventually
from tests.pictures import jpeg

if TYPE_CHECKING:
    import httpx

    from tests.e2e.conftest import Stack

ODD = "what? 50% a/b #1 é日 %2F"


def stored(client: httpx.Client, seed: int, *albums: str) -> str:
    """Store a picture in albums and answer its id."""
    picture = base64.b64encode(jpeg(64 + seed, 48)).decode()
    body = {"source": {"base64": picture}, "groups": {"album": albums}, "tags": ["sea", f"n{seed}"]}
    answer = client.post("/v1/images", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def counts(client: httpx.Client, path: str, name: str) -> dict[str, int]:
    """The number of images of each group or tag."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return {item[name]: item["images"] for item in answer.json()["items"]}


def ok(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def test_an_album_is_made_filled_named_and_ended(stack: Stack) -> None:
    with stack.http("albums") as client:
        new = ok(client.post("/v1/groups", json={"type": "album", "id": "summer"}), 201)
        path = "/v1/groups/album:summer"
        assert client.get(path).json() == new
        first, second, third = (stored(client, seed, "summer") for seed in range(1, 4))

        eventually(lambda: counts(client, "/v1/groups", "group"), {"album:summer": 3})
        eventually(lambda: counts(client, "/v1/tags", "tag"), {"n1": 1, "n2": 1, "n3": 1, "sea": 3})
        named = ok(client.patch(path, json={"title": "Été", "cover_image_id": first}))
        assert (named["title"], named["cover"]["id"], named["images"]) == ("Été", first, 3)
        assert client.get(named["cover"]["thumb_url"].removeprefix(str(client.base_url))).status_code == 200
        assert client.delete(f"/v1/images/{first}").status_code == 204
        eventually(lambda: counts(client, "/v1/groups", "group"), {"album:summer": 2})
        assert client.get(path).json()["cover"]["id"] == third
        assert [each["id"] for each in client.get("/v1/groups?type=album&prefix=ete").json()["items"]] == [
            "summer"
        ]

        ended = ok(client.delete(path, params={"images": "keep"}))

        assert ended == {"images": 2, "failed": [], "next_cursor": None}
        eventually(lambda: counts(client, "/v1/groups", "group"), {})
        assert client.get(path).status_code == 404
        assert ok(client.get(f"/v1/images/{second}"))["groups"] == {}


def test_a_group_with_any_id_has_an_address(stack: Stack) -> None:
    with stack.http("odd-albums") as client:
        stored(client, 9, ODD)
        path = f"/v1/groups/{quote(f'album:{ODD}'.replace('?', '%3F'), safe='')}"

        assert ok(client.patch(path, json={"title": "Odd"}))["id"] == ODD
        assert ok(client.get(path))["title"] == "Odd"
        assert client.head(path).status_code == 200
        assert ok(client.delete(path, params={"images": "trash"}))["images"] == 1
        assert client.get(path).status_code == 404
