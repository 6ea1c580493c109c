"""The function that the API asks who sends a request, and the functions that read its verdict."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from image_store.adapters.dynamodb.callers.api_keys import DynamoApiKeys
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.adapters.tokens import JwtVerifier, KeySets
from image_store.domain.callers.api_keys import ApiKey, key_text, secret_digest
from image_store.domain.callers.scopes import Scope
from image_store.domain.errors import ImageStoreError
from tests.functions.deployment import Deployment, assert_refused, event
from tests.samples import START
from tests.tokens.issuers import AUDIENCE, ISSUER, Published, public_jwk, token

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = "s" * 43
KEY = ApiKey(
    id="0123456789abcdef",
    owner="alice",
    name="backend",
    scopes=frozenset({Scope.READ_IMAGES, Scope.ACT_AS}),
    created_at=START,
    created_by="subject:root",
    secret_sha256=secret_digest(SECRET),
    version=1,
)


@pytest.fixture
def store(deployed: Callable[..., Deployment]) -> Deployment:
    store = deployed(ISSUER=ISSUER, AUDIENCE=AUDIENCE, ADMIN_SUBJECTS="root", ADMIN_SCOPE="pictures/admin")
    published = Published()
    published.publish([public_jwk("rsa"), public_jwk("ed25519")])
    key_sets = KeySets(clock=store.set_clock, report=lambda *_: None, read=published.read)
    store.ports.tokens = JwtVerifier(store.settings.issuers, key_sets)
    DynamoApiKeys(DynamoTable(store.table, client=lambda: store.client)).create(KEY)
    return store


def authorization(header: str) -> dict[str, Any]:
    """The question of the gateway for a header."""
    sent = deepcopy(event("authorize/token"))
    sent["headers"]["authorization"], sent["identitySource"] = header, [header]
    return sent


def request_of(store: Deployment, header: str, name: str = "list/by-tag", **headers: str) -> dict[str, Any]:
    """A request of `events/` as the gateway hands it over after asking about a header."""
    answer = store.invoke("authorize", authorization(header))
    assert answer["isAuthorized"] is True
    sent = deepcopy(event(name))
    sent["headers"] |= {"authorization": header} | headers
    sent["requestContext"]["authorizer"] = {"lambda": answer["context"]}
    return sent


@pytest.mark.parametrize("algorithm", ["RS256", "PS512", "EdDSA"])
def test_a_token_of_the_issuer_lets_its_subject_in(store: Deployment, algorithm: str) -> None:
    sent = request_of(store, f"Bearer {token(algorithm, sub='bob')}")

    assert store.call(sent, function="list").status == 200
    assert sent["requestContext"]["authorizer"]["lambda"]["owner"] == "bob"


def test_the_deployment_names_its_admins(store: Deployment) -> None:
    for admin in (token(sub="root"), token(scope="pictures/admin")):
        assert (
            store.call(request_of(store, f"Bearer {admin}", "admin/reports"), function="admin").status == 200
        )
    for user in (token(sub="bob"), token(scope="images:admin")):
        refused = store.call(request_of(store, f"Bearer {user}", "admin/reports"), function="admin")
        assert_refused(refused, 403, "admin_required")


def test_an_api_key_lets_its_owner_in_within_its_scopes(store: Deployment) -> None:
    header = event("authorize/api-key")["headers"]["authorization"]
    assert header == f"Bearer {key_text(KEY.id, SECRET)}"

    page = store.call(request_of(store, header), function="list")
    uploaded = store.call(request_of(store, header, "upload/raw"), function="upload")

    assert page.status == 200
    assert_refused(uploaded, 403, "scope_required")
    assert "images:write" in uploaded.json["detail"]


def test_a_key_with_act_as_reads_for_the_owner_that_it_names(store: Deployment) -> None:
    header = event("authorize/api-key")["headers"]["authorization"]
    sent = request_of(store, header, **{"image-store-owner": "bob%7C1"})

    assert store.call(sent, function="list").status == 200


def test_a_user_acts_for_nobody_else(store: Deployment) -> None:
    sent = request_of(store, f"Bearer {token()}", **{"image-store-owner": "bob"})

    assert_refused(store.call(sent, function="list"), 403, "act_as_required")


@pytest.mark.parametrize("name", ["authorize/token", "authorize/unknown-key", "authorize/basic"])
def test_a_bad_credential_is_answered_by_the_function_with_401(store: Deployment, name: str) -> None:
    header = event(name)["headers"]["authorization"]

    refused = store.call(request_of(store, header), function="list")

    assert_refused(refused, 401, "invalid_token")
    assert refused.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert header.split(" ")[1] not in refused.text


def test_no_part_of_a_credential_is_logged(store: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    good, forged = token(), token(kind="rsa", key_id="unknown")

    for credential in (good, forged, key_text(KEY.id, SECRET), key_text(KEY.id, "t" * 43)):
        store.invoke("authorize", authorization(f"Bearer {credential}"))

    logged = "".join(capsys.readouterr())
    for secret in (good, forged, SECRET, "t" * 43):
        assert secret not in logged
        assert secret[-20:] not in logged


def test_an_issuer_whose_keys_cannot_be_read_is_unavailable_and_counted(
    deployed: Callable[..., Deployment], capsys: pytest.CaptureFixture[str]
) -> None:
    from image_store.entrypoints.callers.metrics import unreadable_keys_report

    store = deployed(ISSUER=ISSUER, AUDIENCE=AUDIENCE)
    report = unreadable_keys_report("Images")
    key_sets = KeySets(clock=store.set_clock, report=report, read=Published().read)
    store.ports.tokens = JwtVerifier(store.settings.issuers, key_sets)

    answer = store.call(request_of(store, f"Bearer {token()}"), function="list")

    assert_refused(answer, 503, "issuer_unavailable")
    assert answer.headers["Retry-After"] == "60"
    assert '"IssuerKeysUnreadable": 1' in capsys.readouterr().out


@pytest.mark.parametrize(
    "issuers",
    [
        "x",
        "{}",
        "[1]",
        "[{}]",
        '[{"issuer": "https://a.example"}]',
        '[{"issuer": "https://a.example", "audiences": []}]',
        '[{"issuer": "http://a.example", "audiences": ["a"]}]',
        '[{"issuer": "https://a.example", "audiences": ["a"], "more": 1}]',
        '[{"issuer": "https://a.example", "audiences": ["a"]}]',
        (
            '[{"issuer": "https://b.example", "audiences": ["a"], "subject_prefix": "a:"}, '
            '{"issuer": "https://b.example", "audiences": ["a"], "subject_prefix": "b:"}]'
        ),
        "[" * 3_000,
    ],
    ids=lambda text: text[:60],
)
def test_issuers_that_are_malformed_or_could_name_each_others_owners_are_refused(
    deployed: Callable[..., Deployment], issuers: str
) -> None:
    store = deployed(ISSUER=ISSUER, AUDIENCE=AUDIENCE, ISSUERS=issuers)

    with pytest.raises(ImageStoreError, match="ISSUERS"):
        _ = store.settings


def test_an_entry_for_the_first_issuer_says_where_its_keys_are(deployed: Callable[..., Deployment]) -> None:
    entry = f'[{{"issuer": "{ISSUER}", "audiences": ["c"], "keys_url": "https://k.example/jwks"}}]'
    store = deployed(ISSUER=ISSUER, AUDIENCE="a", ISSUERS=entry)

    [issuer] = store.settings.issuers.all

    assert (issuer.issuer, issuer.audiences, issuer.keys_url) == (
        ISSUER,
        frozenset({"c"}),
        "https://k.example/jwks",
    )


def test_more_issuers_stand_beside_the_first(deployed: Callable[..., Deployment]) -> None:
    store = deployed(
        ISSUER=ISSUER,
        AUDIENCE="a,b",
        ISSUERS='[{"issuer": "https://b.example/", "audiences": ["c"], "subject_prefix": "b:", "keys_url": "https://k.example/"}]',
    )

    first, second = (store.settings.issuers.named(name) for name in (ISSUER, "https://b.example/"))

    assert first is not None
    assert second is not None
    assert (first.audiences, first.subject_prefix) == (frozenset({"a", "b"}), "")
    assert (second.audiences, second.subject_prefix, second.keys_url) == (
        frozenset({"c"}),
        "b:",
        "https://k.example/",
    )
