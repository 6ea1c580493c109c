"""Every way in which a token can be refused has a line of the doctor, as the verifier of the store decides."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from image_store.adapters.tokens import JwtVerifier, KeySets
from image_store.domain.callers.issuers import Issuers, TrustedIssuer
from image_store.domain.errors import InvalidToken
from image_store_cli.doctor.identity import check_token
from image_store_cli.doctor.issuer_keys import check_issuers
from image_store_cli.doctor.issuers import StackIssuer, issuers_of
from image_store_cli.doctor.results import CheckResults
from tests.tokens import issuers as signed
from tests.tokens.issuers import AUDIENCE, ISSUER, KEY_KINDS, Published, SetClock, kind_of, public_jwk

if TYPE_CHECKING:
    from image_store_cli.store.api import ApiClient

OTHER = "https://other.example"
MINUTE = timedelta(minutes=1)
TRUSTED = (
    StackIssuer(ISSUER, (AUDIENCE,)),
    StackIssuer(OTHER, ("shop",), subject_prefix="shop:"),
)


@pytest.fixture
def published() -> Published:
    published = Published()
    published.publish([public_jwk(kind) for kind in dict.fromkeys(KEY_KINDS.values())])
    published.publish([public_jwk("p256")], issuer=OTHER)
    return published


def served(published: Published) -> httpx.Client:
    """The documents of issuers, as a client reads them."""

    def answer(request: httpx.Request) -> httpx.Response:
        document = published.documents.get(str(request.url))
        return httpx.Response(404) if document is None else httpx.Response(200, json=document)

    return httpx.Client(transport=httpx.MockTransport(answer))


def wrong_lines(token: str, published: Published) -> dict[str, str]:
    """What the doctor finds wrong."""
    findings = CheckResults(lambda _: None)
    tokens = SimpleNamespace(current=lambda: token, origin="the test")
    api: Any = SimpleNamespace(tokens=tokens, ahead=timedelta(0))
    client: ApiClient = api
    claims = check_token(findings, client, issuers=TRUSTED, audiences=())
    check_issuers(findings, served(published), claims, issuers=TRUSTED)
    assert token not in repr(findings.all)
    return {each.name: f"{each.detail} {each.mend}" for each in findings.all if each.status == "wrong"}


def is_accepted(token: str, published: Published) -> bool:
    """Whether the store accepts a token."""
    stored = [
        TrustedIssuer(
            issuer=each.issuer, audiences=frozenset(each.audiences), subject_prefix=each.subject_prefix
        )
        for each in TRUSTED
    ]
    key_sets = KeySets(clock=SetClock(), report=lambda *_: None, read=published.read)
    try:
        return bool(JwtVerifier(Issuers(tuple(stored)), key_sets).verify(token))
    except InvalidToken:
        return False


def unsigned(header: dict[str, Any], **claims: Any) -> str:
    """A token whose header is of any kind."""
    parts = (
        header,
        {
            name: int(value.timestamp()) if isinstance(value, datetime) else value
            for name, value in signed.claims(**claims).items()
        },
    )
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "c2lnbmF0dXJl"])


@pytest.mark.parametrize("algorithm", KEY_KINDS)
def test_a_good_token_of_each_algorithm_is_well(published: Published, algorithm: str) -> None:
    token = signed.token(algorithm)

    assert wrong_lines(token, published) == {}
    assert is_accepted(token, published)


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": timedelta(seconds=-50)},
        {"nbf": timedelta(seconds=50)},
        {"aud": None, "client_id": AUDIENCE},
        {"aud": ["another", AUDIENCE]},
        {"iss": OTHER, "aud": "shop"},
    ],
    ids=str,
)
def test_what_the_store_tolerates_is_well(published: Published, changes: dict[str, Any]) -> None:
    token = signed.token("ES256", **changes)

    assert wrong_lines(token, published) == {}
    assert is_accepted(token, published)


@pytest.mark.parametrize(
    ("changes", "line", "text"),
    [
        ({"exp": -2 * MINUTE}, "token", "expired"),
        ({"exp": None}, "token", "no `exp`"),
        ({"exp": -1e300}, "token", "expired"),
        ({"nbf": 2 * MINUTE}, "token", "nbf"),
        ({"iat": 2 * MINUTE}, "token", "60 s"),
        ({"aud": "shop"}, "audience", AUDIENCE),
        ({"aud": None}, "audience", "Clerk"),
        ({"sub": None}, "subject", "sub"),
        ({"sub": "a\nb"}, "subject", "printable"),
        ({"sub": "a" * 256}, "subject", "256 characters"),
        ({"sub": "shop:alice"}, "subject", "another issuer"),
        ({"iss": f"{ISSUER}/"}, "issuer", "slash"),
        ({"iss": None}, "issuer", "missing"),
        ({"kind": "other p256"}, "issuer's keys", "not among them"),
        ({"key_id": "rsa"}, "issuer's keys", "does not verify"),
        ({"filler": "a" * 9_000}, "token", "characters"),
    ],
    ids=str,
)
def test_a_token_that_the_store_refuses_has_a_line(
    published: Published, changes: dict[str, Any], line: str, text: str
) -> None:
    token = signed.token("ES256", **changes)

    assert text in wrong_lines(token, published)[line]
    assert not is_accepted(token, published)


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ({"alg": "HS256"}, "HS256"),
        ({"alg": "none"}, "none"),
        ({"alg": "ES256", "typ": "logout+jwt"}, "logout+jwt"),
        ({"alg": "ES256", "crit": ["exp"]}, "crit"),
    ],
    ids=str,
)
def test_a_form_that_the_store_refuses_has_a_line(
    published: Published, header: dict[str, Any], text: str
) -> None:
    token = unsigned({"kid": "p256"} | header)

    assert text in wrong_lines(token, published)["token"]
    assert not is_accepted(token, published)


@pytest.mark.parametrize(
    "key",
    [
        {"kty": "oct", "k": "AAAA", "kid": "p256"},
        public_jwk("p256", use="enc"),
        public_jwk("p256", key_ops=["sign"]),
        public_jwk("p256", alg="ECDH-ES"),
        public_jwk("small rsa", key_id="p256"),
        {"kty": "EC", "crv": "secp256k1", "kid": "p256"},
    ],
    ids=kind_of,
)
def test_a_key_that_the_store_does_not_use_has_a_line(published: Published, key: dict[str, Any]) -> None:
    published.publish([key])
    token = signed.token("ES256")

    assert "ES256 or EdDSA" in wrong_lines(token, published)["issuer's keys"]


def test_another_issuer_that_is_down_has_a_line_of_its_own(published: Published) -> None:
    del published.documents[f"{OTHER}/.well-known/openid-configuration"]

    lines = wrong_lines(signed.token("ES256"), published)

    assert lines.keys() == {"other issuer"}
    assert OTHER in lines["other issuer"]


def test_an_issuer_with_a_prefix_is_said_to_make_no_admins_by_its_scopes(published: Published) -> None:
    findings = CheckResults(lambda _: None)

    check_issuers(findings, served(published), None, issuers=TRUSTED)

    details = [each.detail for each in findings.all if each.name == "issuer"]
    assert [("AdminSubjects" in detail, OTHER in detail) for detail in details] == [
        (False, False),
        (True, True),
    ]


@pytest.mark.parametrize(
    ("issuers", "text"),
    [
        ("[", "JSON list"),
        ("[1]", "JSON list"),
        ('[{"issuer": "https://b.example"}]', "JSON list"),
        ('[{"issuer": "https://b.example", "audiences": []}]', "JSON list"),
        (
            '[{"issuer": "https://b.io", "audiences": ["a"]}, {"issuer": "https://b.io", "audiences": ["b"]}]',
            "twice",
        ),
        ('[{"issuer": "https://b.example", "audiences": ["a"]}]', "prefixes"),
    ],
)
def test_issuers_that_the_authorizer_cannot_start_with_have_a_line(issuers: str, text: str) -> None:
    findings = CheckResults(lambda _: None)

    issuers_of(findings, {"Issuer": ISSUER, "Audience": AUDIENCE, "Issuers": issuers})

    [line] = findings.all
    assert (line.name, line.status) == ("issuers", "wrong")
    assert text in line.detail


def test_the_issuers_of_a_stack_are_those_of_its_parameters() -> None:
    findings = CheckResults(lambda _: None)
    further = [{"issuer": OTHER, "audiences": ["shop"], "subject_prefix": "shop:"}]

    trusted = issuers_of(findings, {"Issuer": ISSUER, "Audience": AUDIENCE, "Issuers": json.dumps(further)})

    assert (tuple(trusted), findings.all) == (TRUSTED, [])
