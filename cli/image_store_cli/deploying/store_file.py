"""Reads `store.toml`, which describes one deployment. It holds no secret."""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from image_store_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

FILE_NAME = "store.toml"
STACK_NAME = re.compile(r"[a-z][a-z0-9-]{0,27}")
REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
CLOUDFLARE_ID = re.compile(r"[0-9a-f]{32}")
DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
ARCHITECTURES = ("arm64", "x86_64")
JURISDICTIONS = ("default", "eu", "fedramp")
LOCATIONS = ("apac", "eeur", "enam", "oc", "weur", "wnam")
KINDS = ("compatible", "seaweedfs")
SIGNED_REGION = re.compile(r"[a-z0-9-]{1,24}")
LONGEST_ENDPOINT = 78
DISTRIBUTION = re.compile(r"E[A-Z0-9]{7,31}")
KEY_SCOPES = ("images:read", "images:write", "generations:write", "act-as", "images:admin")
DEFAULT_SCOPES = ("images:read", "images:write")
LONGEST_KEY_NAME = 100

Check = tuple["Callable[[Any], bool]", str]


@dataclass(frozen=True, slots=True)
class IssuerSettings:
    """Who signs the tokens of callers."""

    url: str
    audience: str
    console_client_id: str = ""
    console_scopes: str = ""
    console_token_url: str = ""


class TwoBuckets:
    """A private bucket and a public one, whose empty name means that there is none."""

    __slots__ = ()
    private_bucket: str
    public_bucket: str

    @property
    def buckets(self) -> tuple[str, ...]:
        """The names of the buckets, the private one first."""
        return tuple(filter(None, (self.private_bucket, self.public_bucket)))


@dataclass(frozen=True, slots=True)
class R2Settings(TwoBuckets):
    """The account and the two buckets of Cloudflare R2; an empty name of the public bucket means none."""

    account: str
    private_bucket: str
    public_bucket: str = ""
    public_domain: str = ""
    """A custom domain that `deploy` connects with the public bucket."""
    public_url: str = ""
    """The address of the public bucket, if something else serves it."""
    jurisdiction: str = "default"
    location: str = ""
    purge: bool = False
    cache_rule: bool = False

    @property
    def address(self) -> str:
        """The address of the public bucket; empty without one."""
        return f"https://{self.public_domain}" if self.public_domain else self.public_url

    @property
    def endpoint(self) -> str:
        """The S3 endpoint of the account in this jurisdiction."""
        place = "" if self.jurisdiction == "default" else f".{self.jurisdiction}"
        return f"https://{self.account}{place}.r2.cloudflarestorage.com"


@dataclass(frozen=True, slots=True)
class S3Settings(TwoBuckets):
    """The two buckets of AWS S3, in the account and region of the stack."""

    private_bucket: str
    public_bucket: str = ""
    public_url: str = ""
    """The address at which something, such as CloudFront, serves the public bucket."""
    cloudfront_distribution: str = ""
    """The id of the distribution that serves it, whose cache is then purged."""


@dataclass(frozen=True, slots=True)
class CompatibleSettings(TwoBuckets):
    """The two buckets at another store with S3's API, and how to reach it."""

    endpoint: str
    private_bucket: str
    kind: str = "compatible"
    region: str = "auto"
    public_bucket: str = ""
    public_url: str = ""
    cloudfront_distribution: str = ""


Place = R2Settings | S3Settings | CompatibleSettings


@dataclass(frozen=True, slots=True)
class FirstKey:
    """The API key that the first deployment creates."""

    name: str
    scopes: tuple[Any, ...] = DEFAULT_SCOPES


@dataclass(frozen=True, slots=True)
class StoreFile:
    """One deployment as its file describes it."""

    path: Path
    stack: str
    region: str
    issuer: IssuerSettings
    place: Place
    """Where the images are."""
    aws_profile: str | None = None
    architecture: str = ARCHITECTURES[0]
    origins: tuple[str, ...] = ()
    """Web origins whose pages upload directly to the private bucket."""
    parameters: dict[str, str] = field(default_factory=dict)
    """Parameters of the template beside those that the other settings determine."""
    first_key: FirstKey | None = None


def is_text(value: Any) -> bool:
    """Whether a value is a text that is not empty."""
    return isinstance(value, str) and bool(value.strip())


def matches(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    """Make a check that a value is a text of this form."""
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def is_address(value: Any) -> bool:
    """Whether a value is an address with https, or one of this machine."""
    if not isinstance(value, str):
        return False
    parts = urlsplit(value)
    return bool(parts.hostname) and (parts.scheme == "https" or parts.hostname in {"localhost", "127.0.0.1"})


def is_origin(value: Any) -> bool:
    """Whether a value is a web origin, without a path."""
    return is_address(value) and not urlsplit(value).path


TEXT: Check = (is_text, "a text")
OPTIONAL: Check = (lambda value: isinstance(value, str), "a text")
FLAG: Check = (lambda value: isinstance(value, bool), "true or false")
TABLE: Check = (lambda value: isinstance(value, dict), "a table")
ADDRESS: Check = (is_address, "an address like https://id.example.com")
ORIGINS: Check = (
    lambda value: isinstance(value, list) and all(map(is_origin, value)),
    'a list of origins like ["https://app.example.com"], without paths',
)
BUCKET: Check = (matches(BUCKET_NAME), "a bucket's name: 3 to 63 lowercase letters, digits and hyphens")


def one_of(choices: tuple[str, ...]) -> Check:
    """Make a check that a value is one of these."""
    return (lambda value: value in choices, f"one of {', '.join(choices)}")


TOP: Mapping[str, Check] = {
    "stack": (matches(STACK_NAME), "a letter and at most 27 more lowercase letters, digits and hyphens"),
    "region": (matches(REGION), "an AWS region like eu-central-1"),
    "aws_profile": TEXT,
    "architecture": one_of(ARCHITECTURES),
    "origins": ORIGINS,
    "issuer": TABLE,
    "r2": TABLE,
    "s3": TABLE,
    "compatible": TABLE,
    "parameters": TABLE,
    "first_key": TABLE,
}
ISSUER: Mapping[str, Check] = {
    "url": ADDRESS,
    "audience": TEXT,
    "console_client_id": OPTIONAL,
    "console_scopes": OPTIONAL,
    "console_token_url": ADDRESS,
}
R2: Mapping[str, Check] = {
    "account": (matches(CLOUDFLARE_ID), "the 32 hexadecimal digits of a Cloudflare account id"),
    "jurisdiction": one_of(JURISDICTIONS),
    "location": one_of(LOCATIONS),
    "private_bucket": BUCKET,
    "public_bucket": BUCKET,
    "public_domain": (matches(DOMAIN), "a domain like images.example.com, in lowercase"),
    "public_url": ADDRESS,
    "purge": FLAG,
    "cache_rule": FLAG,
}
S3: Mapping[str, Check] = {
    "private_bucket": BUCKET,
    "public_bucket": BUCKET,
    "public_url": ADDRESS,
    "cloudfront_distribution": (matches(DISTRIBUTION), "the id of a distribution, such as E1EXAMPLE23456"),
}
COMPATIBLE: Mapping[str, Check] = {
    "kind": one_of(KINDS),
    "endpoint": (
        lambda value: is_origin(value) and len(value) <= LONGEST_ENDPOINT,
        "an address like https://s3.example.com, without a path",
    ),
    "region": (matches(SIGNED_REGION), "a region of the store, such as us-east-1"),
    **S3,
}
OF_COMPATIBLE = ("ByteStore", "R2AccountId", "R2Endpoint", "R2Region")
"""Parameters that the table `compatible` determines."""
FIRST_KEY: Mapping[str, Check] = {
    "name": (
        lambda value: is_text(value) and len(value) <= LONGEST_KEY_NAME,
        "a text of 1 to 100 characters",
    ),
    "scopes": (
        lambda value: isinstance(value, list) and bool(value) and set(map(str, value)) <= set(KEY_SCOPES),
        f"a list of some of {', '.join(KEY_SCOPES)}",
    ),
}


def read(path: Path) -> StoreFile:
    """Read the file; UsageError names what is wrong in it."""
    try:
        values = tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise UsageError(f"There is no file {path}.") from None
    except (OSError, UnicodeDecodeError) as unreadable:
        raise UsageError(f"{path} cannot be read.") from unreadable
    except tomllib.TOMLDecodeError as broken:
        raise UsageError(f"{path} is not TOML: {broken}.") from broken
    return parse(values, path)


def parse(values: Mapping[str, Any], path: Path) -> StoreFile:
    """Make the description of a deployment from the content of its file; UsageError names what is wrong."""
    top = _checked(values, TOP, path, required=("stack", "region", "issuer"))
    issuer = _checked(top["issuer"], ISSUER, path, place="issuer", required=("url", "audience"))
    key = None
    if "first_key" in top:
        described = _checked(top["first_key"], FIRST_KEY, path, place="first_key", required=("name",))
        key = FirstKey(described["name"], tuple(described.get("scopes", DEFAULT_SCOPES)))
    return StoreFile(
        path=path,
        stack=top["stack"],
        region=top["region"],
        issuer=IssuerSettings(**issuer),
        place=_place(top, path),
        aws_profile=top.get("aws_profile"),
        architecture=top.get("architecture", ARCHITECTURES[0]),
        origins=tuple(top.get("origins", ())),
        parameters={name: _parameter(name, value, path) for name, value in top.get("parameters", {}).items()},
        first_key=key,
    )


def _place(top: Mapping[str, Any], path: Path) -> Place:
    places = {"r2": _r2, "s3": _s3, "compatible": _compatible}
    described = [name for name in places if name in top]
    if len(described) != 1:
        raise UsageError(
            f"{path}: describe where the images are, in one of the tables [r2], [s3] and [compatible]."
        )
    settings = places[described[0]](top[described[0]], top["stack"], path)
    if described == ["compatible"] and (
        twice := sorted(top.get("parameters", {}).keys() & set(OF_COMPATIBLE))
    ):
        raise UsageError(
            f"{path}: the table [compatible] determines {twice[0]}: remove parameters.{twice[0]}."
        )
    if settings.private_bucket == settings.public_bucket:
        raise UsageError(f"{path}: the two buckets must differ, because a whole bucket is public.")
    return settings


def _s3(table: Mapping[str, Any], stack: str, path: Path) -> Place:
    values = _checked(table, S3, path, place="s3")
    _require_whole_address(values, path, place="s3")
    return S3Settings(**{"private_bucket": f"{stack}-private", **values})


def _compatible(table: Mapping[str, Any], stack: str, path: Path) -> Place:
    values = _checked(table, COMPATIBLE, path, place="compatible", required=("endpoint",))
    _require_whole_address(values, path, place="compatible")
    return CompatibleSettings(**{"private_bucket": f"{stack}-private", **values})


def _require_whole_address(values: Mapping[str, Any], path: Path, *, place: str) -> None:
    if bool(values.get("public_bucket")) != bool(values.get("public_url")):
        raise UsageError(f"{path}: set {place}.public_bucket and {place}.public_url together, or neither.")
    if values.get("cloudfront_distribution") and not values.get("public_url"):
        raise UsageError(f"{path}: {place}.cloudfront_distribution serves {place}.public_url: set both.")


def _r2(table: Mapping[str, Any], stack: str, path: Path) -> Place:
    values = _checked(table, R2, path, place="r2", required=("account",))
    domain, address = values.get("public_domain", ""), values.get("public_url", "")
    if domain and address:
        raise UsageError(f"{path}: r2.public_domain and r2.public_url name two addresses: keep one of them.")
    if values.get("public_bucket") and not (domain or address):
        raise UsageError(f"{path}: r2.public_bucket needs r2.public_domain or r2.public_url.")
    if "location" in values and values.get("jurisdiction", "default") != "default":
        raise UsageError(f"{path}: r2.jurisdiction and r2.location exclude each other.")
    for name in ("purge", "cache_rule"):
        if values.get(name) and not domain:
            raise UsageError(f"{path}: r2.{name} needs r2.public_domain, whose zone it is about.")
    defaults: dict[str, Any] = {
        "private_bucket": f"{stack}-private",
        "public_bucket": f"{stack}-public" if domain or address else "",
        "purge": bool(domain),
        "cache_rule": bool(domain),
    }
    return R2Settings(**{**defaults, **values})


def _parameter(name: str, value: Any, path: Path) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise UsageError(f"{path}: parameters.{name} must be a text, a number, true or false.")
    return str(value)


def _checked(
    values: Mapping[str, Any],
    checks: Mapping[str, Check],
    path: Path,
    *,
    place: str = "",
    required: tuple[str, ...] = (),
) -> dict[str, Any]:
    """The values of one table, each of which passed its check; UsageError otherwise."""
    prefix = f"{place}." if place else ""
    for name, value in values.items():
        if name not in checks:
            close = difflib.get_close_matches(name, checks, n=1)
            hint = f" Did you mean {prefix}{close[0]}?" if close else f" There are {', '.join(checks)}."
            raise UsageError(f"{path}: there is no setting {prefix}{name}.{hint}")
        is_right, form = checks[name]
        if not is_right(value):
            raise UsageError(f"{path}: {prefix}{name} must be {form}.")
    if missing := [f"{prefix}{name}" for name in required if name not in values]:
        raise UsageError(f"{path}: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing.")
    return dict(values)
