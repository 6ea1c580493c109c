"""Tokens of the local issuer, verified as by an authorizer."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from local.issuer import TOKEN_LIFETIME, Issuer, issuer_key
from local.problems import CannotRun
from local.state_folder import StateFolder

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    """One key for all tests, because generating one is slow."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def issuer(key: rsa.RSAPrivateKey) -> Issuer:
    """An issuer with a fixed clock."""
    return Issuer(url="http://localhost:9", key=key, origins=frozenset(), now=lambda: NOW)


def test_a_token_verifies_with_the_published_key_and_names_its_subject(issuer: Issuer) -> None:
    token = issuer.token(subject="alice", scope="images:admin")

    published = issuer.keys()["keys"][0]
    claims = jwt.decode(
        token, jwt.PyJWK(published), algorithms=["RS256"], audience="image-store", issuer="http://localhost:9"
    )
    assert jwt.get_unverified_header(token)["kid"] == published["kid"]
    assert claims["sub"] == "alice"
    assert claims["scope"] == "images:admin"
    assert claims["exp"] - claims["iat"] == TOKEN_LIFETIME / timedelta(seconds=1)


def test_without_a_scope_there_is_no_scope_claim(issuer: Issuer) -> None:
    claims = jwt.decode(issuer.token(subject="alice"), options={"verify_signature": False})

    assert "scope" not in claims


def test_the_published_key_has_no_private_part(issuer: Issuer) -> None:
    assert set(issuer.keys()["keys"][0]) == {"kty", "key_ops", "n", "e", "kid", "use", "alg"}


def test_the_discovery_document_has_the_address_of_the_keys(issuer: Issuer) -> None:
    document = issuer.configuration()

    assert document["issuer"] == "http://localhost:9"
    assert document["jwks_uri"] == "http://localhost:9/jwks.json"


def test_the_key_outlives_a_restart_and_is_private(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    key = issuer_key(state)

    same_key = issuer_key(state)

    assert same_key.private_numbers() == key.private_numbers()
    assert stat.S_IMODE(state.issuer_key.stat().st_mode) == 0o600


def test_a_damaged_key_file_is_reported_with_what_to_do(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    state.issuer_key.write_text("not a key")

    with pytest.raises(CannotRun, match=r"issuer\.pem .* delete that file"):
        issuer_key(state)
