"""Attacks on tokens that are known from other libraries: each token here is signed well, or as a forger would."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from image_store.domain.callers.issuers import TrustedIssuer
from image_store.domain.errors import InvalidToken
from tests.tokens.issuers import (
    AUDIENCE,
    ISSUER,
    KEY_KINDS,
    World,
    claims,
    kind_of,
    private_key,
    public_jwk,
    token,
)

OTHER = "https://other.example"
FAR = 4_000_000_000
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.fixture
def world() -> World:
    world = World()
    world.published.publish([public_jwk(kind) for kind in dict.fromkeys(KEY_KINDS.values())])
    return world


def signed(header: str, payload: str, *, algorithm: str = "EdDSA") -> str:
    """A token of these very texts with a good signature."""
    message = f"{encoded(header.encode())}.{encoded(payload.encode())}"
    method = jwt.api_jws.PyJWS().get_algorithm_by_name(algorithm)
    return f"{message}.{encoded(method.sign(message.encode(), private_key(KEY_KINDS[algorithm])))}"


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def header(**members: Any) -> str:
    return json.dumps({"alg": "EdDSA", "kid": "ed25519"} | members)


def payload(**members: Any) -> str:
    good = {
        name: int(value.timestamp()) if isinstance(value, datetime) else value
        for name, value in claims().items()
    }
    return json.dumps(good | members)


def test_the_usual_header_and_claims_are_accepted(world: World) -> None:
    assert world.verifier.verify(signed(header(), payload())).owner == "alice"


@pytest.mark.parametrize(
    "text",
    [
        '{"alg": "none", "kid": "ed25519", "alg": "EdDSA"}',
        '{"alg": "EdDSA", "kid": "p256", "kid": "ed25519"}',
        '{"alg": "EdDSA", "kid": "ed25519", "crit": ["b64"], "crit": null}',
        '{"alg": "EdDSA", "kid": "ed25519", "a": NaN}',
        '{"alg": "EdDSA", "kid": "ed25519", "a": 1e999}',
        '{"alg": "EdDSA", "kid": "ed25519"} {}',
        '{"alg": "EdDSA", "kid": "ed25519",}',
        '\ufeff{"alg": "EdDSA", "kid": "ed25519"}',
        '{"alg": "EdDSA", "kid": null}',
    ],
)
def test_a_header_that_can_be_read_in_two_ways_is_refused(world: World, text: str) -> None:
    with pytest.raises(InvalidToken):
        world.verifier.verify(signed(text, payload()))


@pytest.mark.parametrize(
    "member",
    [
        '"sub": "bob"',
        '"iss": "https://other.example"',
        '"exp": 4000000000',
        '"aud": "other"',
        '"a": {"b": 1, "b": 2}',
        '"a": Infinity',
        f'"a": {"9" * 400}',
    ],
)
def test_claims_that_can_be_read_in_two_ways_are_refused(world: World, member: str) -> None:
    for text in (f"{payload()[:-1]}, {member}}}", f"{{{member}, {payload()[1:]}"):
        with pytest.raises(InvalidToken):
            world.verifier.verify(signed(header(), text))


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("value", [str(FAR), "1", True, [FAR], {"at": FAR}, None, ""], ids=repr)
def test_a_date_that_is_no_number_is_refused(world: World, name: str, value: Any) -> None:
    with pytest.raises(InvalidToken):
        world.verifier.verify(signed(header(), payload(**{name: value})))


@pytest.mark.parametrize("dates", [{"exp": FAR + 0.5}, {"exp": 10**30}, {"iat": 0}, {"nbf": -1.5}], ids=str)
def test_any_number_is_a_date(world: World, dates: dict[str, Any]) -> None:
    assert world.verifier.verify(signed(header(), payload(**dates))).owner == "alice"


@pytest.mark.parametrize("algorithm", ["eddsa", "EDDSA", "EdDSA ", " EdDSA", "EdDSA\0", "Eddsa", "rs256"])
def test_an_algorithm_in_another_spelling_is_refused(world: World, algorithm: str) -> None:
    with pytest.raises(InvalidToken, match="algorithm"):
        world.verifier.verify(signed(header(alg=algorithm), payload()))


@pytest.mark.parametrize("kind", ["JWT", "jwt", "at+jwt", "application/at+jwt", "Application/JWT"])
def test_id_tokens_and_access_tokens_are_accepted(world: World, kind: str) -> None:
    assert world.verifier.verify(signed(header(typ=kind), payload())).owner == "alice"


@pytest.mark.parametrize(
    "kind", ["logout+jwt", "secevent+jwt", "dpop+jwt", "JWE", "at+jwt ", "", None, 5, ["JWT"]], ids=repr
)
def test_a_token_for_another_purpose_is_refused(world: World, kind: Any) -> None:
    with pytest.raises(InvalidToken):
        world.verifier.verify(signed(header(typ=kind), payload()))


def test_a_token_within_a_token_is_refused(world: World) -> None:
    inner = signed(header(), payload())

    for text in (inner, json.dumps(inner)):
        with pytest.raises(InvalidToken):
            world.verifier.verify(signed(header(cty="JWT"), text))


def test_the_json_form_of_a_token_is_refused(world: World) -> None:
    protected, content, signature = signed(header(), payload()).split(".")
    flattened = {"protected": protected, "payload": content, "signature": signature}

    for form in (flattened, {"payload": content, "signatures": [flattened]}):
        with pytest.raises(InvalidToken):
            world.verifier.verify(json.dumps(form))


@pytest.mark.parametrize("part", [0, 1, 2])
@pytest.mark.parametrize(
    "change",
    [
        lambda text: f"{text}=",
        lambda text: f"{text}==",
        lambda text: f"{text} ",
        lambda text: f"\n{text}",
        lambda text: f"{text[:5]}\r\n{text[5:]}",
        lambda text: f"{text[:5]}?{text[5:]}",
        lambda text: f"{text}\0",
        lambda text: f"+/{text}",
        lambda text: f"{text}A",
        lambda text: "",
    ],
    ids=["=", "==", "space", "line before", "line within", "?", "zero", "+/", "longer", "empty"],
)
def test_no_part_has_a_second_spelling(world: World, part: int, change: Any) -> None:
    parts = signed(header(), payload()).split(".")
    parts[part] = change(parts[part])

    with pytest.raises(InvalidToken):
        world.verifier.verify(".".join(parts))


def test_unused_bits_of_the_last_character_are_zero(world: World) -> None:
    good = signed(header(), payload())
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = letters.index(good[-1])

    assert last % 16 == 0  # 64 bytes fill two of the last six bits
    for bits in range(1, 16):
        with pytest.raises(InvalidToken):
            world.verifier.verify(good[:-1] + letters[last + bits])


@pytest.mark.parametrize(
    ("r", "s"),
    [
        (0, 0),
        (0, 1),
        (1, 0),
        (P256_ORDER, P256_ORDER),
        (P256_ORDER, 1),
        (1, P256_ORDER),
        (P256_ORDER - 1, 0),
        (2**256 - 1, 2**256 - 1),
    ],
)
def test_an_elliptic_signature_of_boundary_values_is_refused(world: World, r: int, s: int) -> None:
    head = token("ES256").rpartition(".")[0]

    for signature in (r.to_bytes(32) + s.to_bytes(32), encode_dss_signature(r, s)):
        with pytest.raises(InvalidToken):
            world.verifier.verify(f"{head}.{encoded(signature)}")


def test_an_elliptic_signature_in_another_form_is_refused(world: World) -> None:
    head, _, signature = token("ES256").rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    r, s = int.from_bytes(raw[:32]), int.from_bytes(raw[32:])

    for other in (
        encode_dss_signature(r, s),
        raw + b"\0",
        b"\0" + raw,
        b"\0" + raw[:32] + b"\0" + raw[32:],
        raw[:32],
        raw[32:] + raw[:32],
    ):
        with pytest.raises(InvalidToken):
            world.verifier.verify(f"{head}.{encoded(other)}")


@pytest.mark.parametrize("format_", ["pem", "ssh", "der"])
def test_no_form_of_a_public_key_is_a_shared_secret(world: World, format_: str) -> None:
    """As CVE-2017-11424 and CVE-2022-29217 of PyJWT."""
    public = private_key("rsa").public_key()
    secret: bytes = {
        "pem": public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
        "ssh": public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH),
        "der": public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1),
    }[format_]
    head = f"{encoded(header(alg='HS256', kid='rsa').encode())}.{encoded(payload().encode())}"
    method = jwt.api_jws.PyJWS().get_algorithm_by_name("HS256")

    with pytest.raises(InvalidToken, match="algorithm"):
        world.verifier.verify(f"{head}.{encoded(method.sign(head.encode(), secret))}")


@pytest.mark.parametrize("issuer", [ISSUER[:-1], ISSUER[1:], ISSUER.upper(), f"{ISSUER} ", [ISSUER], "", 5])
def test_an_issuer_is_the_whole_text_or_another_one(world: World, issuer: Any) -> None:
    """As CVE-2024-53861 of PyJWT."""
    with pytest.raises(InvalidToken, match="issuer"):
        world.verifier.verify(signed(header(), payload(iss=issuer)))


@pytest.mark.parametrize(
    "key",
    [
        public_jwk("ed25519", key_ops=["sign"]),
        public_jwk("ed25519", key_ops=["encrypt", "wrapKey"]),
        public_jwk("ed25519", key_ops=[]),
        public_jwk("ed25519", key_ops="verify"),
        public_jwk("ed25519", key_ops=None),
        public_jwk("ed25519", use="enc"),
        public_jwk("ed25519", alg="Ed448"),
    ],
    ids=kind_of,
)
def test_a_key_for_another_purpose_verifies_nothing(key: dict[str, Any]) -> None:
    world = World()
    world.published.publish([key, public_jwk("p256")])

    with pytest.raises(InvalidToken):
        world.verifier.verify(token("EdDSA"))
    assert world.verifier.verify(token("ES256")).owner == "alice"


def test_a_key_of_the_same_name_at_another_issuer_verifies_nothing() -> None:
    issuers = [
        TrustedIssuer(issuer=name, audiences=frozenset({AUDIENCE}), subject_prefix=prefix)
        for name, prefix in ((ISSUER, ""), (OTHER, "other:"))
    ]
    world = World(issuers=tuple(issuers))
    world.published.publish([public_jwk("p256", key_id="key-1")])
    world.published.publish([public_jwk("other p256", key_id="key-1")], issuer=OTHER)

    assert world.verifier.verify(token("ES256", key_id="key-1")).owner == "alice"
    for issuer, kind in ((ISSUER, "other p256"), (OTHER, "p256")):
        with pytest.raises(InvalidToken, match="signature"):
            world.verifier.verify(token("ES256", kind=kind, key_id="key-1", iss=issuer))


@pytest.mark.parametrize("key_id", ["../../etc/passwd", "' OR 1=1 --", "a" * 3_000, "\n", "é", "0", "None"])
def test_the_name_of_a_key_is_compared_and_nothing_else(world: World, key_id: str) -> None:
    with pytest.raises(InvalidToken):
        world.verifier.verify(signed(header(kid=key_id), payload()))

    assert set(world.published.reads) <= {f"{ISSUER}/.well-known/openid-configuration", f"{ISSUER}/keys"}
