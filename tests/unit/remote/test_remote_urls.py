"""A1: a URL is read in one way only, or not at all."""

import pytest

from image_store.adapters.remote.refusal import FetchRefusal
from image_store.adapters.remote.urls import parse_target

NAMES = [
    ("https://example.com", "example.com", "/"),
    ("https://EXAMPLE.Com/A.png", "example.com", "/A.png"),
    ("HTTPS://example.com/", "example.com", "/"),
    ("https://example.com./a", "example.com", "/a"),
    ("https://example.com:443/a", "example.com", "/a"),
    ("https://example.com:/a", "example.com", "/a"),
    ("https://bücher.example/ü.png", "xn--bcher-kva.example", "/%C3%BC.png"),
    ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", "/"),
    ("https://BÜCHER.example/", "xn--bcher-kva.example", "/"),
    ("https://ｅｘａｍｐｌｅ.com/", "example.com", "/"),
    ("https://my_bucket.example/a", "my_bucket.example", "/a"),
    ("https://127.0.0.1.nip.example/", "127.0.0.1.nip.example", "/"),
    ("https://example.com/a%20b%2Fc?x=%41", "example.com", "/a%20b%2Fc?x=%41"),
    ("https://example.com/a#b", "example.com", "/a"),
    ("https://example.com/a?b#c?d", "example.com", "/a?b"),
    ("https://example.com//evil.example/a", "example.com", "//evil.example/a"),
    ("https://localhost/", "localhost", "/"),
]
ADDRESSES = [
    ("http://127.0.0.1/", "127.0.0.1", "127.0.0.1"),
    ("http://127.0.0.1./", "127.0.0.1", "127.0.0.1"),
    ("http://[::1]/", "::1", "[::1]"),
    ("http://[0:0:0:0:0:0:0:1]/", "::1", "[::1]"),
    ("http://[::FFFF:127.0.0.1]/", "::ffff:127.0.0.1", "[::ffff:127.0.0.1]"),
    ("http://[::ffff:7f00:1]:8080/", "::ffff:127.0.0.1", "[::ffff:127.0.0.1]:8080"),
    ("http://１２７.0.0.1/", "127.0.0.1", "127.0.0.1"),
    ("http://127。0。0。1/", "127.0.0.1", "127.0.0.1"),
    ("http://①②⑦.0.0.1/", "127.0.0.1", "127.0.0.1"),
]
REFUSED = [
    # Other spellings of 127.0.0.1
    "http://0x7f.1/",
    "http://0X7F.1/",
    "http://0x7f000001/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://2130706433/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://127.0.0.01/",
    "http://127.0.0.1.1/",
    "http://256.0.0.1/",
    "http://1.2.3.4.5/",
    "http://0/",
    "http://example.0x/",
    "http://example.123/",
    "http://[127.0.0.1]/",
    "http://[::1%25lo]/",
    "http://[fe80::1%eth0]/",
    "http://[::1]evil.example/",
    "http://evil.example[::1]/",
    "http://[::1/",
    "http://::1/",
    "http://[v1.a]/",
    "http://[]/",
    # Users
    "https://user@example.com/",
    "https://user:password@example.com/",
    "https://example.com@127.0.0.1/",
    "https://@example.com/",
    "https://example.com:443@127.0.0.1/",
    # Escapes and characters that readers disagree about
    "https://ex%61mple.com/",
    "https://%31%32%37.0.0.1/",
    "https://example.com%2f@evil.example/",
    "https://example.com%00.evil.example/",
    "https://example.com\\@127.0.0.1/",
    "https:\\\\example.com/",
    "https://exa mple.com/",
    " https://example.com/",
    "https://example.com/\r\nHost: evil.example",
    "https://exam\tple.com/",
    "https://example.com/\x00",
    "https://example.com/a b",
    "https://exam\u00adple.com\u3000/",
    "https://faß.example/",
    "https://example\u200d.com/",
    # No hosts
    "https://",
    "https:///a.png",
    "https://./",
    "https://../",
    "https://example..com/",
    "https://.example.com/",
    "https://example.com../",
    "https://*/",
    "https://" + "a" * 64 + ".example/",
    "https://" + "a." * 127 + "example/",
    "https:example.com",
    "//example.com/a.png",
    "/a.png",
    "a.png",
    "",
    # Ports
    "https://example.com:0/",
    "https://example.com:65536/",
    "https://example.com:-1/",
    "https://example.com:4 4/",
    "https://example.com:٤٤٣/",
    "https://example.com:443:443/",
    # Schemes
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "data:image/png;base64,AAAA",
    "javascript:alert(1)",
    "s3://bucket/key",
    "httpx://example.com/",
]


@pytest.mark.parametrize(("url", "host", "resource"), NAMES)
def test_a_url_with_a_name_is_read(url: str, host: str, resource: str) -> None:
    target = parse_target(url)

    assert (target.host, target.address, target.resource) == (host, None, resource)
    assert target.authority == host
    assert target.is_default_port


@pytest.mark.parametrize(("url", "address", "authority"), ADDRESSES)
def test_an_address_is_known_as_one(url: str, address: str, authority: str) -> None:
    target = parse_target(url)

    assert (target.host, str(target.address)) == (address, address)
    assert target.authority == authority


@pytest.mark.parametrize("url", REFUSED)
def test_a_url_that_could_be_read_in_another_way_is_refused(url: str) -> None:
    with pytest.raises(FetchRefusal):
        parse_target(url)


@pytest.mark.parametrize(
    ("url", "is_default"),
    [
        ("http://example.com/", True),
        ("http://example.com:80/", True),
        ("http://example.com:443/", False),
        ("https://example.com:80/", False),
        ("https://example.com:8443/", False),
    ],
)
def test_the_default_port_is_that_of_the_scheme(url: str, is_default: bool) -> None:
    assert parse_target(url).is_default_port is is_default


def test_what_is_shown_holds_no_query_and_no_fragment() -> None:
    target = parse_target("https://example.com:8443/a.png?signature=secret#secret")

    assert target.without_query == "https://example.com:8443/a.png"


@pytest.mark.parametrize(
    ("start", "location", "reached"),
    [
        ("https://a.example/x/y", "z?q", "https://a.example/x/z"),
        ("https://a.example/x", "/z", "https://a.example/z"),
        ("https://a.example/x", "//b.example/z", "https://b.example/z"),
        ("https://a.example/x", "https://b.example/z", "https://b.example/z"),
        ("http://a.example/x", "https://a.example/x", "https://a.example/x"),
        ("http://a.example/x", "http://127.0.0.1/", "http://127.0.0.1/"),
        ("http://[2606:4700::1]/x", "z", "http://[2606:4700::1]/z"),
    ],
)
def test_a_redirect_leads_where_a_browser_would_go(start: str, location: str, reached: str) -> None:
    assert parse_target(start).redirect_target(location).without_query == reached


@pytest.mark.parametrize(
    "location",
    [
        "",
        "http://a.example/x",
        "HTTP://b.example/",
        "ftp://b.example/",
        "file:///etc/passwd",
        "//user@b.example/",
        "//b.example\\@c.example/",
        "javascript:alert(1)",
        "/" + "a" * 8_000,
    ],
)
def test_a_redirect_to_something_less_safe_is_refused(location: str) -> None:
    with pytest.raises(FetchRefusal):
        parse_target("https://a.example/x").redirect_target(location)


def as_http_client_reads(text: str) -> str:
    """A header that was sent in UTF-8, as http.client hands it over."""
    return text.encode("utf-8").decode("latin-1")


@pytest.mark.parametrize(
    ("location", "host", "resource"),
    [
        ("/größe/ü.png?q=ä", "example.com", "/gr%C3%B6%C3%9Fe/%C3%BC.png?q=%C3%A4"),
        ("https://other.example/夢\u3000.png", "other.example", "/%E5%A4%A2%E3%80%80.png"),
        ("https://bücher.example/ü", "xn--bcher-kva.example", "/%C3%BC"),
        ("//other.example/👨\u200d👩.png", "other.example", "/%F0%9F%91%A8%E2%80%8D%F0%9F%91%A9.png"),
        ("ü.png", "example.com", "/a/%C3%BC.png"),
        ("?ü", "example.com", "/a/b?%C3%BC"),
    ],
)
def test_a_redirect_with_letters_of_utf_8_is_followed(location: str, host: str, resource: str) -> None:
    target = parse_target("https://example.com/a/b").redirect_target(as_http_client_reads(location))

    assert (target.host, target.resource) == (host, resource)


def test_a_redirect_in_latin_1_leads_to_the_same_letters() -> None:
    assert parse_target("https://example.com/").redirect_target("/gr\xf6\xdfe").resource == "/gr%C3%B6%C3%9Fe"


@pytest.mark.parametrize(
    "location",
    [
        "http://example.com/ü",
        "https://user@other.example/ü",
        "https://exa\u200bmple.com/ü",
        "https://other.example\\ü",
        "https://faß.example/",
        "/ü b",
        "file:///ü",
    ],
)
def test_a_redirect_with_letters_of_utf_8_passes_the_same_checks(location: str) -> None:
    with pytest.raises(FetchRefusal):
        parse_target("https://example.com/").redirect_target(as_http_client_reads(location))
