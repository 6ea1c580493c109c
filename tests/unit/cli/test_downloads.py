"""Downloads: whole or not at all, checked, and never outside the folder."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import httpx
import pytest

from image_store_cli.downloads import extension_of, safe_name, whole_file
from image_store_cli.errors import Broken, CommandError, RequestRefused, Unavailable, UsageError
from image_store_cli.exits import Exit
from image_store_cli.sign_in import tokens
from image_store_cli.store.api import ApiClient
from image_store_client.downloads import ExpectedBytes
from tests.unit.cli.terminal import TOKEN, URL, command

if TYPE_CHECKING:
    from pathlib import Path

LINK = "https://storage.example/key/original.jpg?signature=hush"


def client(answer: httpx.Response | Exception) -> ApiClient:
    """A client to whom storage always gives this answer."""

    def handle(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    http = httpx.Client(transport=httpx.MockTransport(handle))
    return ApiClient(URL, tokens.fixed(TOKEN, "a test"), http=http)


def test_a_file_appears_when_all_of_it_is_there(tmp_path: Path) -> None:
    with whole_file(tmp_path / "a", overwrite=False) as file:
        file.write(b"abc")
        assert not (tmp_path / "a").exists()

    assert (tmp_path / "a").read_bytes() == b"abc"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_failure_leaves_neither_the_file_nor_a_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")

    def fails_in_the_middle() -> None:
        with whole_file(tmp_path / "a", overwrite=True) as file:
            file.write(b"new")
            raise Broken("The bytes are wrong.")

    with pytest.raises(Broken):
        fails_in_the_middle()

    assert (tmp_path / "a").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_rendition_has_a_name_of_its_own_beside_the_original(tmp_path: Path) -> None:
    def store(request: httpx.Request) -> httpx.Response:
        if request.url.host == "storage.example":
            return httpx.Response(200, content=BytesIO(b"thumb"))
        if request.url.path.endswith("/content"):
            return httpx.Response(302, headers={"Location": "https://storage.example/a/thumb.jpg?X=1"})
        image = {
            "id": "i1",
            "filename": "cat.png",
            "content_type": "image/png",
            "size_bytes": 9,
            "sha256": "0",
        }
        return httpx.Response(200, json=image)

    folder = f"{tmp_path}/"
    result = command(store, "get", "i1", "--rendition", "thumb", "--output", folder, folder=tmp_path)

    assert result.exit_code == Exit.OK, result.err
    assert (tmp_path / "cat-thumb.jpg").read_bytes() == b"thumb"


def test_a_file_that_exists_is_kept_even_when_it_appears_meanwhile(tmp_path: Path) -> None:
    def another_is_faster() -> None:
        with whole_file(tmp_path / "a", overwrite=False) as file:
            file.write(b"new")
            (tmp_path / "a").write_bytes(b"old")

    with pytest.raises(UsageError, match="created by another program meanwhile"):
        another_is_faster()
    with pytest.raises(UsageError, match="exists already"), whole_file(tmp_path / "a", overwrite=False):
        pass

    assert (tmp_path / "a").read_bytes() == b"old"


def test_a_new_file_can_be_read_as_others_of_its_maker(tmp_path: Path) -> None:
    with whole_file(tmp_path / "a", overwrite=False):
        pass
    (tmp_path / "b").touch()

    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


@pytest.mark.parametrize(
    ("answer", "expected", "error"),
    [
        (httpx.Response(200, stream=httpx.ByteStream(b"abc")), ExpectedBytes(size=4), Broken),
        (httpx.Response(200, stream=httpx.ByteStream(b"abc")), ExpectedBytes(size=3, sha256="00"), Broken),
        (httpx.Response(403, text="<Error/>"), ExpectedBytes(size=3), RequestRefused),
        (httpx.Response(503), ExpectedBytes(size=3), Unavailable),
        (httpx.ReadError("gone"), ExpectedBytes(size=3), Unavailable),
    ],
    ids=["too short", "other bytes", "expired", "down", "lost"],
)
def test_bytes_that_are_not_what_they_should_be_are_an_error(
    answer: httpx.Response | Exception, expected: ExpectedBytes, error: type[CommandError]
) -> None:
    with pytest.raises(error) as failed:
        client(answer).fetch(LINK, BytesIO(), expected)

    assert "hush" not in str(failed.value)


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("cat.jpg", "cat.jpg"),
        ("cat.JPEG", "cat.JPEG"),
        ("cat.png", "cat.jpg"),
        ("cat", "cat.jpg"),
        ("../../etc/passwd", "_.._etc_passwd.jpg"),
        ("/etc/passwd", "_etc_passwd.jpg"),
        ("..", "image.jpg"),
        (".bashrc", "bashrc.jpg"),
        ("a\x1b[31m\nb.jpg", "a_[31m_b.jpg"),
        ("a\x9b31m\u202egpj.b.jpg", "a_31m_gpj.b.jpg"),
        ("half\ud800.jpg", "half_.jpg"),
        ("wüste 2.jpg", "wüste 2.jpg"),
        ("ü" * 300 + ".jpg", "ü" * 100 + ".jpg"),
    ],
)
def test_a_name_from_elsewhere_stays_in_the_folder(filename: str, name: str) -> None:
    assert safe_name(filename, "jpg") == name


def test_the_kind_of_a_rendition_is_read_from_where_it_is() -> None:
    assert extension_of(LINK) == "jpg"
    assert extension_of("https://storage.example/key/w640.webp?a=b.png") == "webp"
    assert extension_of("https://storage.example/key") is None
