"""Tokens of issuers that a deployment accepts, and every way in which a token can be wrong."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest

from image_store.domain.callers.issuers import TrustedIssuer
from image_store.domain.errors import InvalidToken
from tests.tokens.issuers import AUDIENCE, ISSUER, KEY_KINDS, World, claims, private_key, public_jwk, token

MINUTE = timedelta(minutes=1)


@pytest.fixture
def world() -> World:
    world = World()
    world.published.publish([public_jwk(kind) for kind in dict.fromkeys(KEY_KINDS.values())])
    return world


def encoded(value: Any) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def unsigned(header: Any, payload: Any, signature: bytes = b"") -> str:
    return ".".join((encoded(header), encoded(payload), encoded(signature)))


def with_times(**changes: Any) -> dict[str, Any]:
    return {
        name: int(value.timestamp()) if isinstance(value, datetime) else value
        for name, value in claims(**changes).items()
    }


@pytest.mark.parametrize("algorithm", KEY_KINDS)
def test_a_token_of_every_accepted_algorithm_names_its_owner(world: World, algorithm: str) -> None:
    verified = world.verifier.verify(token(algorithm, scope="images:admin other"))

    assert verified.owner == "alice"
    assert verified.scopes == {"images:admin", "other"}


@pytest.mark.parametrize(
    "accepted",
    [
        {"aud": ["other", AUDIENCE]},
        {"aud": None, "client_id": AUDIENCE},
        {"scope": None, "scp": ["images:admin"]},
        {"exp": timedelta(seconds=-50)},
        {"nbf": timedelta(seconds=50)},
        {"iat": None},
        {"sub": "a" * 255},
        {"sub": "auth0|1234"},
    ],
    ids=str,
)
def test_claims_of_common_issuers_are_accepted(world: World, accepted: dict[str, Any]) -> None:
    assert world.verifier.verify(token(**accepted)).owner


@pytest.mark.parametrize(
    "refused",
    [
        {"exp": -2 * MINUTE},
        {"exp": None},
        {"exp": "soon"},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"exp": -1},
        {"nbf": 2 * MINUTE},
        {"iat": 2 * MINUTE},
        {"iat": "then"},
        {"aud": "other"},
        {"aud": None},
        {"aud": []},
        {"aud": [[AUDIENCE]]},
        {"aud": {"a": AUDIENCE}},
        {"aud": "other", "client_id": AUDIENCE},
        {"sub": None},
        {"sub": ""},
        {"sub": "a" * 256},
        {"sub": "a\nb"},
        {"iss": None},
        {"iss": "https://other.example"},
        {"iss": ISSUER + "/"},
    ],
    ids=str,
)
def test_a_token_with_wrong_claims_is_refused(world: World, refused: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken):
        world.verifier.verify(token(**refused))


@pytest.mark.parametrize("sub", [5, ["alice"], {"a": 1}, True], ids=str)
def test_a_subject_that_is_no_text_is_refused(world: World, sub: Any) -> None:
    signed = jwt.api_jws.encode(
        json.dumps(with_times(sub=sub)).encode(), private_key("rsa"), "RS256", headers={"kid": "rsa"}
    )

    with pytest.raises(InvalidToken):
        world.verifier.verify(signed)


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"1", b"null", b"{", b'"a"', b"\xff", b"[" * 4_000], ids=repr
)
def test_a_payload_that_is_no_object_is_refused(world: World, payload: bytes) -> None:
    signed = jwt.api_jws.encode(payload, private_key("rsa"), "RS256", headers={"kid": "rsa"})

    with pytest.raises(InvalidToken):
        world.verifier.verify(signed)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "...",
        "a.b",
        "a.b.c",
        "a.b.c.d.e",
        "é.é.é",
        " ",
        "\x00",
        "a" * 9_000,
        unsigned("text", {}),
        unsigned([], {}),
        unsigned({}, {}),
        unsigned({"alg": 5}, {}),
        unsigned({"alg": ["RS256"]}, {}),
        unsigned({"alg": {}}, {}),
        unsigned(b"[" * 3_000, {}),
        unsigned({"alg": "RS256", "kid": 5}, {"iss": ISSUER}),
        unsigned({"alg": "RS256", "kid": ["a"]}, {"iss": ISSUER}),
    ],
    ids=lambda text: repr(text[:30]),
)
def test_a_text_that_is_no_token_is_refused(world: World, text: str) -> None:
    with pytest.raises(InvalidToken):
        world.verifier.verify(text)


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "HS256", "HS512", "ES256K", "RSA1_5", ""])
def test_an_algorithm_that_is_not_accepted_is_refused(world: World, algorithm: str) -> None:
    with pytest.raises(InvalidToken, match="algorithm"):
        world.verifier.verify(unsigned({"alg": algorithm, "kid": "rsa"}, with_times()))


def test_a_public_key_used_as_a_shared_secret_signs_nothing(world: World) -> None:
    for secret in (json.dumps(public_jwk("rsa")), public_jwk("rsa")["n"]):
        head = f"{encoded({'alg': 'HS256', 'kid': 'rsa'})}.{encoded(with_times())}"
        forged = f"{head}.{encoded(hmac.digest(secret.encode(), head.encode(), hashlib.sha256))}"

        with pytest.raises(InvalidToken):
            world.verifier.verify(forged)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_signature_of_another_key_is_refused(world: World, algorithm: str) -> None:
    kind = KEY_KINDS[algorithm]

    with pytest.raises(InvalidToken, match="signature"):
        world.verifier.verify(token(algorithm, kind=f"other {kind}", key_id=kind))


@pytest.mark.parametrize("algorithm", KEY_KINDS)
def test_a_token_changed_in_any_part_is_refused(world: World, algorithm: str) -> None:
    good = token(algorithm)
    head, payload, signature = good.split(".")
    bob = encoded(with_times(sub="bob"))
    changes = (
        f"{head}.{bob}.{signature}",
        f"{head}.{payload}.",
        f"{head}.{payload}.{signature[:-4]}",
        f"{head}.{payload}.{'A' * len(signature)}",
        f"{encoded({'alg': algorithm, 'kid': KEY_KINDS[algorithm], 'x': 1})}.{payload}.{signature}",
    )

    for changed in changes:
        with pytest.raises(InvalidToken):
            world.verifier.verify(changed)


def test_a_key_verifies_no_algorithm_of_another_kind(world: World) -> None:
    with pytest.raises(InvalidToken):
        world.verifier.verify(token("RS256", key_id="p256"))
    with pytest.raises(InvalidToken):
        world.verifier.verify(token("ES256", key_id="rsa"))


def test_a_key_with_an_algorithm_verifies_that_one_alone() -> None:
    world = World()
    world.published.publish([public_jwk("rsa", alg="PS256")])

    assert world.verifier.verify(token("PS256")).owner == "alice"
    with pytest.raises(InvalidToken):
        world.verifier.verify(token("RS256"))


@pytest.mark.parametrize(
    "header",
    [{"crit": ["exp"], "exp": 1}, {"crit": []}, {"b64": False, "crit": ["b64"]}, {"b64": False}],
    ids=str,
)
def test_a_critical_header_is_refused(world: World, header: dict[str, Any]) -> None:
    signed = jwt.api_jws.encode(
        json.dumps(with_times()).encode(), private_key("rsa"), "RS256", headers={"kid": "rsa", **header}
    )

    with pytest.raises(InvalidToken):
        world.verifier.verify(signed)


@pytest.mark.parametrize("header", ["jwk", "jku", "x5u", "x5c"])
def test_a_key_that_the_token_itself_names_is_not_used(world: World, header: str) -> None:
    named: Any = {"jwk": public_jwk("other rsa"), "x5c": ["MIIB"]}.get(
        header, "https://attacker.example/keys"
    )
    signed = jwt.encode(claims(), private_key("other rsa"), "RS256", headers={"kid": "rsa", header: named})

    with pytest.raises(InvalidToken):
        world.verifier.verify(signed)
    assert all(address.startswith(ISSUER) for address in world.published.reads)


def test_a_token_without_a_key_id_is_verified_by_any_key_of_its_issuer(world: World) -> None:
    signed = jwt.encode(claims(), private_key("p256"), "ES256")

    assert world.verifier.verify(signed).owner == "alice"


def test_an_unknown_issuer_is_never_asked(world: World) -> None:
    with pytest.raises(InvalidToken, match="issuer"):
        world.verifier.verify(token(iss="https://attacker.example"))

    assert world.published.reads == []


class TestSeveralIssuers:
    """Issuers side by side, of which one has a prefix."""

    OTHER = "https://other.example/"

    @pytest.fixture
    def world(self) -> World:
        world = World(
            issuers=(
                TrustedIssuer(issuer=ISSUER, audiences=frozenset({AUDIENCE})),
                TrustedIssuer(issuer=self.OTHER, audiences=frozenset({"shop"}), subject_prefix="shop:"),
            )
        )
        world.published.publish([public_jwk("rsa")])
        world.published.publish([public_jwk("p256")], issuer=self.OTHER)
        return world

    def test_subjects_of_an_issuer_with_a_prefix_are_owners_of_their_own(self, world: World) -> None:
        other = world.verifier.verify(token("ES256", iss=self.OTHER, aud="shop"))

        assert (other.owner, world.verifier.verify(token()).owner) == ("shop:alice", "alice")

    def test_an_issuer_with_a_prefix_makes_no_admins_by_a_scope(self, world: World) -> None:
        other = world.verifier.verify(token("ES256", iss=self.OTHER, aud="shop", scope="images:admin"))

        assert other.scopes == frozenset()
        assert world.verifier.verify(token(scope="images:admin")).scopes == {"images:admin"}

    def test_an_issuer_cannot_name_an_owner_of_another(self, world: World) -> None:
        with pytest.raises(InvalidToken):
            world.verifier.verify(token(sub="shop:alice"))

    def test_a_key_of_one_issuer_signs_nothing_for_another(self, world: World) -> None:
        with pytest.raises(InvalidToken):
            world.verifier.verify(token("RS256", iss=self.OTHER, aud="shop"))

    def test_an_audience_of_one_issuer_is_none_of_another(self, world: World) -> None:
        with pytest.raises(InvalidToken):
            world.verifier.verify(token("ES256", iss=self.OTHER, aud=AUDIENCE))

    def test_an_issuer_that_cannot_be_reached_affects_its_own_tokens_alone(self, world: World) -> None:
        from image_store.domain.errors import IssuerUnavailable

        world.published.documents.pop(f"{self.OTHER}keys")

        with pytest.raises(IssuerUnavailable):
            world.verifier.verify(token("ES256", iss=self.OTHER, aud="shop"))
        assert world.verifier.verify(token()).owner == "alice"
        assert world.reports == [(self.OTHER, "status 404")]
