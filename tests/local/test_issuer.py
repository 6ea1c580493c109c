"""Tokens of the local issuer, verified as by an authorizer."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest

from local.issuer import TOKEN_LIFETIME, Issuer, UnknownAlgorithm
from local.issuer_keys import ALGORITHMS, SigningKey, issuer_keys, new_key
from local.problems import CannotRun
from local.state_folder import StateFolder

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def keys() -> tuple[SigningKey, ...]:
    """The same keys for all tests, because generating one is slow."""
    return tuple(map(new_key, ALGORITHMS))


@pytest.fixture
def issuer(keys: tuple[SigningKey, ...]) -> Issuer:
    """An issuer with a fixed clock."""
    return Issuer(url="http://localhost:9", keys=keys, origins=frozenset(), now=lambda: NOW)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_verifies_with_the_published_key_and_names_its_subject(
    issuer: Issuer, algorithm: str
) -> None:
    token = issuer.token(subject="alice", scope="images:admin", algorithm=algorithm)

    [published] = [key for key in issuer.keys()["keys"] if key["alg"] == algorithm]
    claims = jwt.decode(
        token,
        jwt.PyJWK(published),
        algorithms=[algorithm],
        audience="image-store",
        issuer="http://localhost:9",
    )
    assert jwt.get_unverified_header(token)["kid"] == published["kid"]
    assert claims["sub"] == "alice"
    assert claims["scope"] == "images:admin"
    assert claims["exp"] - claims["iat"] == TOKEN_LIFETIME / timedelta(seconds=1)


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES384", ""])
def test_an_algorithm_without_a_key_signs_nothing(issuer: Issuer, algorithm: str) -> None:
    with pytest.raises(UnknownAlgorithm, match="RS256, ES256, EdDSA"):
        issuer.token(subject="alice", algorithm=algorithm)


def test_without_a_scope_there_is_no_scope_claim(issuer: Issuer) -> None:
    claims = jwt.decode(issuer.token(subject="alice"), options={"verify_signature": False})

    assert "scope" not in claims


def test_no_published_key_has_a_private_part(issuer: Issuer) -> None:
    common = {"kty", "kid", "use", "alg"}

    rsa, p256, ed25519 = (set(key) - {"key_ops"} for key in issuer.keys()["keys"])

    assert (rsa, p256, ed25519) == (common | {"n", "e"}, common | {"crv", "x", "y"}, common | {"crv", "x"})


def test_the_discovery_document_has_the_address_of_the_keys(issuer: Issuer) -> None:
    document = issuer.configuration()

    assert document["issuer"] == "http://localhost:9"
    assert document["jwks_uri"] == "http://localhost:9/jwks.json"


def test_keys_outlive_a_restart_and_are_private_and_each_issuers_own(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    keys = issuer_keys(state)

    same_keys, other_keys = issuer_keys(state), issuer_keys(state, "second-issuer")

    assert [key.id for key in same_keys] == [key.id for key in keys]
    assert len({key.id for key in (*keys, *other_keys)}) == 2 * len(ALGORITHMS)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("*.pem")} == {0o600}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_damaged_key_file_is_reported_with_what_to_do(tmp_path: Path, algorithm: str) -> None:
    state = StateFolder(tmp_path)
    state.issuer_key("issuer", algorithm).write_text("not a key")

    with pytest.raises(CannotRun, match=rf"issuer-{algorithm.lower()}\.pem .* delete that file"):
        issuer_keys(state)


@pytest.mark.parametrize(("algorithm", "other"), [("RS256", "ES256"), ("ES256", "EdDSA"), ("EdDSA", "RS256")])
def test_a_key_of_another_kind_is_reported_with_what_to_do(
    tmp_path: Path, algorithm: str, other: str
) -> None:
    state = StateFolder(tmp_path)
    issuer_keys(state)
    state.issuer_key("issuer", other).replace(state.issuer_key("issuer", algorithm))

    with pytest.raises(CannotRun, match=rf"not a key for {algorithm}: delete that file"):
        issuer_keys(state)
