"""How often the keys of an issuer are read, whatever its tokens and its servers do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from image_store.domain.callers.issuers import TrustedIssuer
from image_store.domain.errors import InvalidToken, IssuerUnavailable
from tests.tokens.issuers import AUDIENCE, ISSUER, World, kind_of, public_jwk, token

KEYS = f"{ISSUER}/keys"
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def world() -> World:
    world = World()
    world.published.publish([public_jwk("rsa")])
    return world


def reads_of_keys(world: World) -> int:
    return world.published.reads.count(KEYS)


def test_keys_are_read_once_for_many_tokens(world: World) -> None:
    for _ in range(100):
        world.verifier.verify(token())

    assert reads_of_keys(world) == 1


def test_a_flood_of_unknown_key_ids_reads_the_keys_once_a_minute(world: World) -> None:
    for number in range(600):  # five minutes
        world.clock.advance(SECOND / 2)
        with pytest.raises(InvalidToken):
            world.verifier.verify(token(key_id=f"unknown-{number}"))

    assert reads_of_keys(world) == 5


def test_a_flood_of_unknown_key_ids_keeps_no_good_token_out(world: World) -> None:
    for number in range(20):
        with pytest.raises(InvalidToken):
            world.verifier.verify(token(key_id=f"unknown-{number}"))
        assert world.verifier.verify(token()).owner == "alice"


def test_a_new_key_works_within_a_minute_of_its_first_use(world: World) -> None:
    world.verifier.verify(token())
    world.published.publish([public_jwk("p256")])
    with pytest.raises(InvalidToken):
        world.verifier.verify(token("ES256"))

    world.clock.advance(MINUTE)

    assert world.verifier.verify(token("ES256")).owner == "alice"


def test_a_withdrawn_key_stops_working_after_an_hour(world: World) -> None:
    world.verifier.verify(token())
    world.published.publish([public_jwk("p256")])

    world.clock.advance(HOUR - SECOND)
    assert world.verifier.verify(token()).owner == "alice"
    world.clock.advance(SECOND)

    with pytest.raises(InvalidToken):
        world.verifier.verify(token())


def test_an_issuer_that_is_down_is_asked_every_ten_seconds_at_most(world: World) -> None:
    world.published.documents.clear()

    for _ in range(600):  # one minute
        with pytest.raises(IssuerUnavailable):
            world.verifier.verify(token())
        world.clock.advance(SECOND / 10)

    assert len(world.published.reads) == 6
    assert world.reports == [(ISSUER, "status 404")] * 6


def test_an_issuer_that_comes_back_is_believed_within_ten_seconds(world: World) -> None:
    documents = dict(world.published.documents)
    world.published.documents.clear()
    with pytest.raises(IssuerUnavailable):
        world.verifier.verify(token())
    world.published.documents.update(documents)

    world.clock.advance(10 * SECOND)

    assert world.verifier.verify(token()).owner == "alice"


def test_known_keys_go_on_working_for_a_day_without_their_issuer(world: World) -> None:
    world.verifier.verify(token())
    world.published.documents.clear()

    world.clock.advance(24 * HOUR - SECOND)
    assert world.verifier.verify(token()).owner == "alice"
    world.clock.advance(SECOND)

    with pytest.raises(IssuerUnavailable):
        world.verifier.verify(token())


def test_a_configured_key_set_needs_no_discovery() -> None:
    address = "https://elsewhere.example/jwks"
    world = World(issuers=(TrustedIssuer(issuer=ISSUER, audiences=frozenset({AUDIENCE}), keys_url=address),))
    world.published.documents[address] = {"keys": [public_jwk("rsa")]}

    assert world.verifier.verify(token()).owner == "alice"
    assert world.published.reads == [address]


def test_an_issuer_that_ends_in_a_slash_has_its_document_below_it() -> None:
    issuer = "https://tenant.example/"
    world = World(issuers=(TrustedIssuer(issuer=issuer, audiences=frozenset({AUDIENCE})),))
    world.published.publish([public_jwk("rsa")], issuer=issuer)

    assert world.verifier.verify(token(iss=issuer)).owner == "alice"
    assert world.published.reads[0] == "https://tenant.example/.well-known/openid-configuration"


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"issuer": "https://other.example", "jwks_uri": KEYS},
        {"issuer": ISSUER},
        {"issuer": ISSUER, "jwks_uri": 5},
        {"issuer": ISSUER, "jwks_uri": "file:///etc/passwd"},
    ],
    ids=str,
)
def test_a_discovery_document_that_names_no_keys_of_its_issuer_is_not_used(
    world: World, document: dict[str, Any]
) -> None:
    world.published.documents[f"{ISSUER}/.well-known/openid-configuration"] = document

    with pytest.raises(IssuerUnavailable):
        world.verifier.verify(token())


@pytest.mark.parametrize(
    "useless",
    [
        None,
        5,
        "key",
        [],
        {},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "rsa", "alg": "HS256"},
        {"kty": ["RSA"]},
        {"kty": "EC", "crv": ["P-256"]},
        {"kty": "EC", "crv": "P-256", "kid": "rsa", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "secp256k1", "kid": "rsa"},
        {"kty": "RSA", "kid": "rsa", "n": "%%%", "e": "AQAB"},
        {"kty": "RSA", "kid": "rsa", "n": 5, "e": "AQAB"},
        {"kty": "RSA", "kid": "rsa"},
        {"kty": "OKP", "crv": "X25519", "kid": "rsa", "x": "AA"},
        public_jwk("rsa", use="enc"),
        public_jwk("rsa", alg="RSA-OAEP"),
        public_jwk("rsa", key_id=5),  # type: ignore[arg-type]  # not text
        public_jwk("small rsa", key_id="rsa"),
    ],
    ids=kind_of,
)
def test_an_entry_that_is_no_key_for_signatures_is_passed_over(useless: Any) -> None:
    world = World()
    world.published.publish([useless, public_jwk("p256")])

    assert world.verifier.verify(token("ES256")).owner == "alice"
    with pytest.raises(InvalidToken):
        world.verifier.verify(token("RS256"))


def test_a_key_set_without_a_usable_key_counts_as_unreadable(world: World) -> None:
    world.published.documents[KEYS] = {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}

    with pytest.raises(IssuerUnavailable):
        world.verifier.verify(token())


def test_a_private_key_that_an_issuer_publishes_verifies_as_its_public_part_does(world: World) -> None:
    world.published.publish([public_jwk("p256", d="AAAA")])

    assert world.verifier.verify(token("ES256")).owner == "alice"
