"""The doctor: each illness has its line, which says what to do, and no other line is wrong (F3)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from image_store.domain import errors
from image_store_cli.doctor import pictures, reach
from image_store_cli.exits import Exit
from tests.unit.cli.deployment import ISSUER, RSA_KEY, Deployment, token
from tests.unit.cli.terminal import URL, command, problem

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from tests.unit.cli.terminal import Said

GOOD = token()
KEY = f"isk_0123456789abcdef_{'s' * 43}"
APP = "https://app.example"


def doctor(deployment: Deployment, folder: Path, *words: str, given: str = GOOD) -> Said:
    """Let the doctor look at a deployment."""
    environment = {"IMAGE_STORE_TOKEN": given}
    return command(deployment.answer, "doctor", "--json", *words, folder=folder, environment=environment)


def ill(result: Said) -> dict[str, dict[str, str]]:
    """The lines that are wrong, by what they are about."""
    return {line["check"]: line for line in result.lines if line["status"] == "wrong"}


def test_a_healthy_deployment_passes_and_nothing_stays_in_it(tmp_path: Path) -> None:
    deployment = Deployment()

    result = doctor(deployment, tmp_path)

    assert result.exit_code == Exit.OK
    assert {line["status"] for line in result.lines} == {"ok", "skipped"}
    assert (deployment.stored, deployment.public) == ({}, set())


@pytest.mark.parametrize(
    ("wrong", "check", "mend"),
    [
        ({"issuer_status": 503}, "issuer", "authorizer"),
        ({"issuer_name": f"{ISSUER}/"}, "issuer", "exactly"),
        ({"keys": [{"kty": "EC", "kid": "k1"}]}, "issuer's keys", "ES256 or EdDSA"),
        ({"issuer_status": 302}, "issuer", "follows no redirect"),
        ({"keys": [RSA_KEY | {"kid": "k2"}]}, "issuer's keys", "get a new token"),
        ({"accepts": False}, "token accepted", "Audience"),
        ({"without_token": 404}, "routes", "FailOnWarnings"),
        ({"without_token": 200}, "routes", "authorizer"),
        ({"put_origins": ("https://app.example",)}, "CORS of storage, PUT", "the API's origin"),
        ({"ahead": timedelta(minutes=10)}, "clock", "NTP"),
        ({"api_origin": "https://app.example"}, "CORS of the API", "AllowedOrigins"),
        ({"api_headers": "*"}, "CORS of the API", "AllowedOrigins"),
        ({"put_methods": "GET"}, "CORS of storage, PUT", "CORS policy"),
        ({"upload_status": 503}, "upload", "store secret"),
        ({"damage": b"!"}, "download", "R2Endpoint"),
        ({"lists": False}, "list", "by_owner"),
        ({"cdn_status": 403}, "public link", "PublicUrl"),
        ({"link_stays": True}, "unpublish", "log"),
        ({"put_status": 403}, "direct upload", "store secret"),
        ({"delete_status": 500}, "delete", "first second"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_each_problem_has_a_line_that_says_how_to_fix_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Any], check: str, mend: str
) -> None:
    monkeypatch.setattr(pictures, "LISTED_SECONDS", 0)

    result = doctor(Deployment(**wrong), tmp_path)

    illnesses = ill(result)
    assert (result.exit_code, set(illnesses)) == (Exit.SOME_FAILED, {check})
    assert mend in illnesses[check]["mend"]


@pytest.mark.parametrize(
    ("given", "check", "detail"),
    [
        (token(expires_in=timedelta(hours=-1)), "token", "expired"),
        ("no jwt", "token", "There is no token"),
        ("nojwt", "token", "not a JWT"),
        (token(sub=None), "subject", "sub"),
        (token(aud=None), "audience", "aud"),
        (token(algorithm="HS256"), "token", "HS256"),
        ("isk_0123456789abcdef_short", "token", "incomplete"),
        (f"iut_0123456789abcdef.{'A' * 22}", "token", "upload token"),
    ],
    ids=[
        "expired",
        "two words",
        "no JWT",
        "no subject",
        "no audience",
        "symmetric",
        "half a key",
        "an upload token",
    ],
)
def test_a_token_that_cannot_work_is_reported_before_it_is_tried(
    tmp_path: Path, given: str, check: str, detail: str
) -> None:
    result = doctor(Deployment(), tmp_path, given=given)

    illnesses = ill(result)
    assert set(illnesses) == {check}
    assert detail in illnesses[check]["detail"]
    assert given not in result.out + result.err


def test_what_was_stored_is_deleted_even_when_the_rest_fails(tmp_path: Path) -> None:
    deployment = Deployment(damage=b"!", cdn_status=500, put_status=403)

    result = doctor(deployment, tmp_path)

    assert set(ill(result)) == {"download", "public link", "direct upload"}
    assert deployment.stored.keys() <= {"second"}  # its PUT was refused


def test_only_looking_stores_nothing(tmp_path: Path) -> None:
    deployment = Deployment(upload_status=503)

    result = doctor(deployment, tmp_path, "--read-only")

    assert result.exit_code == Exit.OK


def test_both_the_pages_of_the_app_and_the_console_may_upload(tmp_path: Path) -> None:
    """The console is at the API's own origin, and R2 compares origins letter by letter."""
    deployment = Deployment(put_origins=(APP,))

    result = doctor(deployment, tmp_path, "--origin", APP)

    assert URL in ill(result)["CORS of storage, PUT"]["detail"]
    assert APP not in ill(result)["CORS of storage, PUT"]["detail"]


def test_storage_that_pages_cannot_read_after_a_redirect_is_a_warning(tmp_path: Path) -> None:
    """Browsers then send `Origin: null`, which a rule for the app's own origin does not match."""
    result = doctor(Deployment(read_origin=APP), tmp_path, "--origin", APP)

    [warning] = [line for line in result.lines if line["status"] == "warning"]
    assert (warning["check"], "through a redirect" in warning["detail"]) == ("CORS of storage, GET", True)
    assert "every origin" in warning["mend"]


def test_copies_that_pages_may_not_read_are_a_warning(tmp_path: Path) -> None:
    result = doctor(Deployment(cdn_origin="https://another.example"), tmp_path)

    assert [line["check"] for line in result.lines if line["status"] == "warning"] == ["CORS of copies"]


def test_an_unhealthy_store_is_a_warning(tmp_path: Path) -> None:
    result = doctor(Deployment(health="degraded"), tmp_path)

    assert [line["check"] for line in result.lines if line["status"] == "warning"] == ["API"]
    assert result.exit_code == Exit.OK


def test_each_part_of_a_store_that_is_down_is_named(tmp_path: Path) -> None:
    parts = {"table": {"status": "down", "detail": "It does not answer."}, "storage": {"status": "ok"}}

    result = doctor(Deployment(parts=parts), tmp_path)

    wrong = [(line["check"], line["detail"]) for line in result.lines if line["status"] == "wrong"]
    assert wrong == [("parts: table", "It does not answer.")]


@pytest.mark.parametrize(
    ("status", "code", "given", "mend"),
    [
        (401, "invalid_token", GOOD, "must equal the stack's Issuer"),
        (401, "invalid_token", KEY, "rotat"),
        (401, "key_revoked", KEY, "never works again"),
        (401, "key_expired", KEY, "expires_at"),
        (503, "issuer_unavailable", GOOD, "IssuerKeysUnreadable"),
        (403, "scope_required", KEY, "--scope"),
        (403, "act_as_required", KEY, "--as"),
    ],
)
def test_each_way_in_which_a_caller_is_refused_is_explained(
    tmp_path: Path, status: int, code: str, given: str, mend: str
) -> None:
    refusal = problem(status, code, "Why it was refused.")

    result = doctor(Deployment(refusal=refusal), tmp_path, given=given)

    illnesses = ill(result)
    assert set(illnesses) == {"token accepted"}
    assert "Why it was refused." in illnesses["token accepted"]["detail"]
    assert mend in illnesses["token accepted"]["mend"]
    assert given not in result.out + result.err


def test_every_refusal_of_the_store_is_known() -> None:
    refusals = {
        errors.KeyRevoked.code,
        errors.KeyExpired.code,
        errors.IssuerUnavailable.code,
        errors.ScopeRequired.code,
        errors.ActAsRequired.code,
    }

    assert set(reach.REFUSALS) == refusals


def test_a_key_is_well_and_its_id_is_told(tmp_path: Path) -> None:
    result = doctor(Deployment(), tmp_path, given=KEY)

    [line] = [line for line in result.lines if line["check"] == "token"]
    assert result.exit_code == Exit.OK
    assert "0123456789abcdef" in line["detail"]
    assert KEY not in result.out + result.err


def test_a_caller_that_may_only_read_stores_nothing(tmp_path: Path) -> None:
    deployment = Deployment(may_write=False, upload_status=503)

    result = doctor(deployment, tmp_path, given=KEY)

    assert result.exit_code == Exit.OK
    [line] = [line for line in result.lines if line["check"] == "upload"]
    assert (line["status"], "scope" in line["mend"]) == ("skipped", True)


def test_the_doctor_acts_for_an_owner(tmp_path: Path) -> None:
    owners: list[str | None] = []
    deployment = Deployment()

    def answer(request: httpx.Request) -> httpx.Response:
        if str(request.url).startswith(URL) and "authorization" in request.headers:
            owners.append(request.headers.get("image-store-owner"))
        return deployment.answer(request)

    words = ("doctor", "--json", "--read-only", "--as", "bo/é")
    command(answer, *words, folder=tmp_path, environment={"IMAGE_STORE_TOKEN": GOOD})

    assert set(owners) == {"bo%2F%C3%A9"}
