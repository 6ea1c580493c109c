"""`image-store login` asks before it gives a token to a store that this machine does not know."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import httpx
import pytest

from image_store_cli.exits import Exit
from tests.unit.cli.terminal import URL, Said, command

if TYPE_CHECKING:
    from pathlib import Path

ISSUER = "https://issuer.example"
QUESTION = "This store is not in your configuration. Sign in? [y/N]"


class Web:
    """A store, and the issuer that it names; whoever has a device code has signed in."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """The answer of either."""
        self.paths.append(request.url.path)
        return httpx.Response(200, json=self._bodies()[request.url.path])

    @property
    def began_to_sign_in(self) -> bool:
        """Whether the issuer was asked for a code."""
        return "/device" in self.paths

    def _bodies(self) -> dict[str, object]:
        claims = (
            base64.urlsafe_b64encode(json.dumps({"sub": "alice", "iss": ISSUER}).encode())
            .decode()
            .rstrip("=")
        )
        return {
            "/config.json": {"issuer": ISSUER, "client_id": "console"},
            "/.well-known/openid-configuration": {
                "issuer": ISSUER,
                "token_endpoint": f"{ISSUER}/token",
                "device_authorization_endpoint": f"{ISSUER}/device",
            },
            "/device": {"device_code": "d", "user_code": "U", "verification_uri": ISSUER, "expires_in": 60},
            "/token": {"access_token": f"e30.{claims}.c2ln", "token_type": "Bearer", "expires_in": 600},
            "/v1/images": {"items": [], "next_cursor": None},
        }


def login(web: Web, folder: Path, *words: str, answer: str = "", somebody: bool = True) -> Said:
    """Sign in with a device code, perhaps with somebody at the terminal who answers."""
    return command(web, "login", "--device", *words, folder=folder, stdin=answer, somebody=somebody)


@pytest.mark.parametrize(("answer", "is_signed_in"), [("y\n", True), ("n\n", False), ("", False)])
def test_a_store_that_is_not_known_gets_a_token_only_after_a_yes(
    tmp_path: Path, answer: str, is_signed_in: bool
) -> None:
    web = Web()

    result = login(web, tmp_path, answer=answer)

    assert result.err.index(f"This signs you in at {ISSUER}") < result.err.index(QUESTION)
    assert (result.exit_code, web.began_to_sign_in) == (Exit.OK, is_signed_in)
    assert ("as alice." in result.err, "You are not signed in." in result.err) == (
        is_signed_in,
        not is_signed_in,
    )


def test_a_store_is_asked_about_once(tmp_path: Path) -> None:
    login(Web(), tmp_path, answer="y\n")

    again = login(Web(), tmp_path)

    assert (QUESTION in again.err, "as alice." in again.err) == (False, True)


def test_a_store_that_names_another_issuer_than_before_is_asked_about(tmp_path: Path) -> None:
    login(Web(), tmp_path, answer="y\n")
    path = tmp_path / "state/image-store/sign-ins.json"
    path.write_text(path.read_text().replace(ISSUER, "https://earlier.example"))

    again = login(Web(), tmp_path, answer="n\n")

    assert QUESTION in again.err


def test_a_store_of_the_profile_is_known_and_others_beside_it_are_not(tmp_path: Path) -> None:
    (tmp_path / "config/image-store").mkdir(parents=True)
    (tmp_path / "config/image-store/config.toml").write_text(
        f'profile = "prod"\n[profiles.prod]\nurl = "{URL}/"\nissuer = "{ISSUER}"\n'
    )

    known = login(Web(), tmp_path)
    other = login(Web(), tmp_path, "--url", "https://hostile.example", answer="n\n")

    assert (QUESTION in known.err, "as alice." in known.err) == (False, True)
    assert QUESTION in other.err


def test_a_script_and_an_issuer_by_name_are_not_asked(tmp_path: Path) -> None:
    script = login(Web(), tmp_path / "a", somebody=False)
    by_name = login(Web(), tmp_path / "b", "--issuer", ISSUER, "--client-id", "console")

    assert QUESTION not in script.err + by_name.err
    assert ("as alice." in script.err, "as alice." in by_name.err) == (True, True)
