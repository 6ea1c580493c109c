"""Where `image-store login` keeps the tokens: in the keyring of the system, or in a private file."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import keyring
import keyring.backend
import keyring.backends.fail
import pytest

from image_store_cli.exits import Exit
from image_store_cli.sign_in.keyrings import system_keyring
from tests.cli.desk import MemoryKeyring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.desk import Desk

pytestmark = pytest.mark.loopback


def test_tokens_without_a_keyring_are_in_a_file_of_the_owner_and_nowhere_in_the_output(desk: Desk) -> None:
    out, err = desk.run("login", "--json")

    secrets = desk.secrets()
    assert stat.S_IMODE(desk.file.stat().st_mode) == 0o600
    assert "There is no keyring here: the tokens are in" in err
    assert json.loads(out) == {"url": desk.store.url, "subject": "alice", "issuer": desk.issuer.url}
    for secret in (secrets["token"], secrets["refresh_token"]):
        assert secret not in out + err
        assert secret not in desk.run("whoami", "--json")[0]


def test_tokens_with_a_keyring_are_in_no_file(desk: Desk) -> None:
    desk.keyring = MemoryKeyring()

    _, err = desk.run("login")

    assert "in the keyring of the system" in err
    assert desk.secrets()["token"] not in desk.file.read_text()
    desk.run("list")
    assert len(desk.sent_tokens()) == 2


def test_a_locked_keyring_is_replaced_by_the_file_with_a_note(desk: Desk) -> None:
    locked = MemoryKeyring()
    locked.is_locked = True
    desk.keyring = locked

    _, err = desk.run("login")

    assert (locked.texts, "the tokens are in" in err) == ({}, True)
    desk.run("list")


def test_tokens_that_moved_to_the_file_leave_nothing_in_the_keyring(desk: Desk) -> None:
    desk.keyring = memory = MemoryKeyring()
    desk.run("login")
    memory.is_full = True

    desk.run("login")

    assert (memory.texts, desk.secrets()["token"] != "") == ({}, True)
    desk.run("list")


def test_a_logout_deletes_what_a_locked_keyring_had_kept(desk: Desk) -> None:
    desk.keyring = memory = MemoryKeyring()
    desk.run("login")
    memory.is_locked = True
    desk.run("login")
    memory.is_locked = False
    left = list(memory.texts)

    desk.run("logout")

    assert (left, memory.texts) == ([desk.store.url], {})


def test_a_keyring_that_was_locked_later_asks_for_another_sign_in(desk: Desk) -> None:
    memory = MemoryKeyring()
    desk.keyring = memory
    desk.run("login")
    memory.is_locked = True

    _, err = desk.run("list", exit_code=Exit.NOT_SIGNED_IN)

    assert "cannot be read from the keyring. Run `image-store login`" in err


class Backend(keyring.backend.KeyringBackend):
    """A backend of the package `keyring` in memory, in place of the system's."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.passwords: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        """The password."""
        return self.passwords.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a password."""
        self.passwords[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        """Delete a password."""
        if self.passwords.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError


@pytest.fixture
def backend() -> Iterator[Backend]:
    """The backend that the package has chosen."""
    before = keyring.get_keyring()
    keyring.set_keyring(memory := Backend())
    yield memory
    keyring.set_keyring(before)


def test_the_package_keyring_keeps_and_forgets_texts(backend: Backend) -> None:
    system = system_keyring()

    assert system is not None
    system.keep("https://store.example", "secret")
    assert system.read("https://store.example") == "secret"
    assert backend.passwords == {("image-store", "https://store.example"): "secret"}
    system.forget("https://store.example")
    system.forget("https://store.example")
    assert system.read("https://store.example") is None


@pytest.mark.usefixtures("backend")
def test_a_machine_without_a_keyring_has_none() -> None:
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]

    assert system_keyring() is None
