"""Forms of uploads are bounded before they are read, and read as browsers write them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from image_store.domain.errors import InvalidRequest
from image_store.domain.images.filenames import clean_filename
from image_store.entrypoints.http.forms import MAX_HEADERS, read_form

TYPE = "multipart/form-data; boundary=x"


def form(*parts: tuple[bytes, bytes], end: bytes = b"--x--\r\n") -> bytes:
    """A form of parts, each with the lines of its head."""
    return b"".join(b"--x\r\n" + head + b"\r\n\r\n" + data + b"\r\n" for head, data in parts) + end


def file_named(disposition: bytes) -> str | None:
    """The name of a form's file, whose Content-Disposition goes on like this."""
    head = b'Content-Disposition: form-data; name="file"; ' + disposition
    return read_form(form((head, b"bytes")), TYPE)["file"].filename


def test_parts_have_names_types_and_bytes() -> None:
    data = bytes(range(256)) + b"\r\n--\r\n-x\r\n--y"
    parts = read_form(
        form(
            (
                b'Content-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png',
                data,
            ),
            (b"content-disposition: form-data; name=attributes", b"{}"),
        ),
        'Multipart/Form-Data; charset=utf-8; boundary="x"',
    )

    assert (parts["file"].data, parts["file"].content_type) == (data, "image/png")
    assert (parts["attributes"].data, parts["attributes"].filename) == (b"{}", None)


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        (b'filename="a%22b.png"', 'a"b.png'),
        (b'filename="a%0D%0ab.png"', "a\r\nb.png"),
        (b'filename="50%25 %41.png"', "50%25 %41.png"),
        (b'filename="C:\\dir\\cat.png"', "C:\\dir\\cat.png"),
        (b'filename="a\\"b.png"', 'a"b.png'),
        (b'filename="a\\\\b\\"c.png"', 'a\\b"c.png'),
        (b'filename="a;b=c.png"', "a;b=c.png"),
        (b'filename="a\\"', "a\\"),
        (b"filename=cat.png", "cat.png"),
        (b'FileName = "cat.png"', "cat.png"),
        (b'filename=""', ""),
        ('filename="Ü 夢　の.png"'.encode(), "Ü 夢　の.png"),
        (b'filename="\xff.png"', "\ufffd.png"),
        (b"filename=\"plain.png\"; filename*=UTF-8''w%C3%B6rd.png", "wörd.png"),
        (b"filename*=utf-8'en'w%C3%B6rd.png; filename=\"plain.png\"", "wörd.png"),
        (b"filename=\"plain.png\"; filename*=UTF-8''%FF.png", "plain.png"),
        (b"filename=\"plain.png\"; filename*=koi8-r''%FF.png", "plain.png"),
        (b'filename="=?utf-8?B?w5wucG5n?="', "=?utf-8?B?w5wucG5n?="),
        (b'filename="a.png"; filename="b.png"', "a.png"),
    ],
)
def test_a_filename_is_what_a_browser_means(disposition: bytes, name: str) -> None:
    assert file_named(disposition) == name


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no form",
        form((b'Content-Disposition: form-data; name="file"', b"a"), end=b""),
        form((b'Content-Disposition: form-data; name="file"', b"a"), end=b"--x"),
        form((b"Content-Type: image/png", b"a")),
        form((b'Content-Disposition: attachment; name="file"', b"a")),
        form((b"Content-Disposition: form-data", b"a")),
        form(*[(b'Content-Disposition: form-data; name="file"', b"a")] * 2),
        form(*[(b'Content-Disposition: form-data; name="%d"' % index, b"a") for index in range(3)]),
        form(
            (b'Content-Disposition: form-data; name="file"\r\nContent-Disposition: form-data; name="b"', b"a")
        ),
        form((b'Content-Disposition: form-data; name="file"' + b"\r\nX-%d: y" % 1 * (MAX_HEADERS + 1), b"a")),
        form((b'Content-Disposition: form-data; name="' + b"n" * 5_000 + b'"', b"a")),
        form((b"X" * 5_000 + b": a", b"a")),
        b"--x\nContent-Disposition: form-data; name=file\n\na\n--x--\n",
        form((b'Content-Disposition: form-data; name="file"', b"\r\n--xy" * 4)),
    ],
)
def test_a_form_that_is_broken_or_too_large_in_parts_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        read_form(body, TYPE)


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        f"multipart/form-data; boundary={'b' * 71}",
        f"multipart/form-data; boundary=x{'; a=b' * 200}",
        "multipart/form-data; boundary=ü",
    ],
)
def test_an_invalid_boundary_is_refused(content_type: str) -> None:
    with pytest.raises(InvalidRequest):
        read_form(form((b'Content-Disposition: form-data; name="file"', b"a")), content_type)


def test_reading_a_form_loads_no_module_for_mail() -> None:
    program = (
        "import json, sys; import image_store.entrypoints.http.forms;"
        "print(json.dumps([name for name in sys.modules if name.partition('.')[0] == 'email']))"
    )
    loaded_before = (
        "import json, sys; import urllib.parse, image_store.domain.errors;" + program.partition(";")[2]
    )
    shared = str(Path(__file__).resolve().parents[3] / "layers/shared")

    modules = [
        json.loads(
            subprocess.run(
                [sys.executable, "-c", f"import sys; sys.path.insert(0, {shared!r}); {text}"],
                capture_output=True,
                check=True,
                text=True,
            ).stdout
        )
        for text in (program, loaded_before)
    ]

    assert modules[0] == modules[1]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("cat.png", "cat.png"),
        ("C:\\dir\\cat.png", "cat.png"),
        ("/home/me/../cat.png", "cat.png"),
        ("می\u200cخواهم.png", "می\u200cخواهم.png"),
        ("👨\u200d👩\u200d👧.png", "👨\u200d👩\u200d👧.png"),
        ("Screenshot 12.00.00\u202fPM.png", "Screenshot 12.00.00\u202fPM.png"),
        ("夢\u3000の.png", "夢\u3000の.png"),
        ("שלום\u200f!.png", "שלום\u200f!.png"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("a\u2066b\u2069.png", "ab.png"),
        ("a\r\n\x00b\u2028.png", "ab.png"),
        ("\ud800a.png", "a.png"),
        ("", None),
        ("..", None),
        (" . ", None),
        ("\u202e", None),
        ("dir/", None),
        ("n" * 300, "n" * 255),
        ("n" * 300 + ".png", "n" * 251 + ".png"),
        ("n." + "e" * 300, "n." + "e" * 253),
    ],
)
def test_one_rule_makes_the_name_of_a_file(text: str, name: str | None) -> None:
    assert clean_filename(text) == name
