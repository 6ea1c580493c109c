"""Which store is meant and who asks: what wins over what, and what is refused."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from image_store_cli.command_line.parser import build_parser
from image_store_cli.errors import NotSignedIn, UsageError
from image_store_cli.settings import command_settings as settings
from image_store_cli.sign_in import tokens
from image_store_cli.sign_in.sign_ins import SignIns, StoreSignIn
from image_store_cli.sign_in.token_endpoint import IssuedTokens

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CONFIG = """
profile = "prod"

[profiles.prod]
url = "https://prod.example"
token_file = "{folder}/token"
stack = "image-store-prod"
region = "eu-central-1"

[profiles.dev]
url = "https://dev.example/"
token_command = ["{python}", "-c", "print('from a command')"]
"""
LOCAL = {
    "api_url": "http://localhost:8080",
    "token_url": "http://localhost:9000/token",
    "issuer": "http://localhost:9000",
    "stack_name": "image-store",
    "region": "us-east-1",
    "s3_endpoint": "http://localhost:9001",
    "access_key": "root",
    "secret_key": "hush",
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a configuration of two profiles, of which one is the default."""
    file = tmp_path / "config/image-store/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(CONFIG.format(folder=tmp_path, python=sys.executable))
    (tmp_path / "token").write_text("from-a-file\n")
    return tmp_path


def sign_ins_of(home: Path) -> SignIns:
    """The sign-ins of somebody without a keyring."""
    return SignIns(home / "state/sign-ins.json", lambda: None)


def resolved(
    home: Path, *words: str, environment: Mapping[str, str] | None = None, configured: bool = True
) -> settings.CommandSettings:
    """The settings of a command in a home."""
    args = build_parser().parse_args([*words, "list"])
    given = {"XDG_CONFIG_HOME": str(home / ("config" if configured else "none")), **(environment or {})}
    return settings.resolve(args, given, folder=home, admin=False, sign_ins=sign_ins_of(home))


def with_a_stack(home: Path) -> Path:
    """The same home with a local stack that runs in it."""
    (home / ".local").mkdir()
    (home / ".local/stack.json").write_text(json.dumps(LOCAL))
    return home


def test_the_default_profile_is_used_when_nothing_else_is_said(home: Path) -> None:
    resolved_settings = resolved(home)

    assert (resolved_settings.url, resolved_settings.tokens.current()) == (
        "https://prod.example",
        "from-a-file",
    )
    assert resolved_settings.aws == settings.AwsAccess("image-store-prod", "eu-central-1")


def test_a_profile_can_be_chosen_and_its_command_gives_the_token(home: Path) -> None:
    resolved_settings = resolved(home, "--profile", "dev")

    with pytest.raises(NotSignedIn, match="one line of printable"):
        resolved_settings.tokens.current()  # it printed several words
    assert resolved_settings.url == "https://dev.example"


def test_flags_win_over_the_environment_and_that_over_the_file(home: Path) -> None:
    environment = {"IMAGE_STORE_URL": "https://env.example", "IMAGE_STORE_TOKEN": "from-env"}

    by_environment = resolved(home, environment=environment)
    by_flag = resolved(home, "--url", "https://flag.example", "--token", "from-flag", environment=environment)
    by_profile = resolved(home, "--profile", "dev", environment={"IMAGE_STORE_URL": "https://env.example"})

    assert (by_environment.url, by_environment.tokens.current()) == ("https://env.example", "from-env")
    assert (by_flag.url, by_flag.tokens.current()) == ("https://flag.example", "from-flag")
    assert by_profile.url == "https://dev.example"


def test_options_may_stand_before_or_after_the_command() -> None:
    parse = build_parser().parse_args

    assert parse(["--json", "--url", "https://a", "list"]).url == parse(["list", "--url", "https://a"]).url
    assert parse(["--json", "list"]).json is parse(["list", "--json"]).json is True
    assert parse(["list"]).json is False


def test_a_local_stack_is_found_from_a_folder_within_and_gives_its_own_token(home: Path) -> None:
    (with_a_stack(home) / "deep/er").mkdir(parents=True)

    resolved_settings = resolved(home / "deep/er", configured=False)

    assert (resolved_settings.url, resolved_settings.local) == ("http://localhost:8080", LOCAL)
    assert resolved_settings.tokens.origin == "the local issuer, as alice"
    assert resolved_settings.aws is not None
    assert resolved_settings.aws.endpoint == "http://localhost:9001"


def test_the_configuration_wins_over_a_local_stack_unless_it_is_asked_for(home: Path) -> None:
    with_a_stack(home)

    assert resolved(home).url == "https://prod.example"
    assert resolved(home, "--local").url == "http://localhost:8080"
    assert resolved(home, "--local", "--subject", "bob").tokens.origin == "the local issuer, as bob"


@pytest.mark.parametrize(("profile", "origin"), [("prod", "token"), ("dev", "the command")])
def test_the_token_of_a_profile_goes_to_no_other_store(home: Path, profile: str, origin: str) -> None:
    chosen = {"IMAGE_STORE_PROFILE": profile}

    other = resolved(home, "--url", "https://other.example", environment=chosen)
    assert other.tokens.origin == "nowhere"
    own = resolved(home, "--url", f"https://{profile}.example/", environment=chosen)
    assert origin in own.tokens.origin


def test_the_token_of_another_store_is_not_taken_from_the_local_issuer(home: Path) -> None:
    with_a_stack(home)

    resolved_settings = resolved(home, "--url", "https://other.example", configured=False)

    assert resolved_settings.local is None
    with pytest.raises(NotSignedIn):
        resolved_settings.tokens.current()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("profile = ", "not TOML"),
        ("color = true", "and nothing else"),
        ("[profiles.a]\ntoken = 'x'", "holds a token"),
        ("[profiles.a]\nadress = 'x'", "unknown settings: adress"),
        ("[profiles.a]\nurl = 1", "must be a text"),
        ("profile = 'b'\n[profiles.a]\nurl = 'https://a'", "no profile 'b'"),
    ],
)
def test_a_configuration_that_is_wrong_is_refused_by_name(home: Path, text: str, complaint: str) -> None:
    (home / "config/image-store/config.toml").write_text(text)

    with pytest.raises(UsageError, match=complaint):
        resolved(home)


@pytest.mark.parametrize(
    "url", ["example.com", "ftp://example.com", "https://user:pass@example.com", "https://example.com/?a=b"]
)
def test_an_invalid_address_is_refused(home: Path, url: str) -> None:
    with pytest.raises(UsageError, match="address"):
        resolved(home, "--url", url)


@pytest.mark.parametrize("end", ["/v1", "/v1/", "/docs"])
def test_an_address_with_a_path_of_the_api_says_to_leave_it_out(home: Path, end: str) -> None:
    with pytest.raises(UsageError, match=f"without {end}: leave it out"):
        resolved(home, "--url", f"https://images.example.com{end}")


def test_without_a_store_the_ways_to_name_one_are_listed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--url or IMAGE_STORE_URL"):
        resolved(tmp_path)


def test_nothing_shows_a_token_or_a_key(home: Path) -> None:
    resolved_settings = resolved(with_a_stack(home), "--local", "--token", "very-secret")

    resolved_settings.tokens.current()

    assert "very-secret" not in repr(resolved_settings)
    assert "hush" not in repr(resolved_settings.aws)


@pytest.mark.parametrize("code", ["import sys; sys.exit(3)", "print('')", "print('a b')"])
def test_a_token_command_without_a_token_is_reported_without_its_output(code: str) -> None:
    with pytest.raises(NotSignedIn) as failed:
        tokens.from_command([sys.executable, "-c", code]).current()

    assert "a b" not in str(failed.value)


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        (("rebuild", "--stack", "x"), {}),
        (("rebuild", "--region", "eu-west-1"), {}),
        (("doctor", "--stack", "x"), {}),
        (("rebuild",), {"IMAGE_STORE_STACK": "x"}),
    ],
    ids=["stack", "region", "doctor", "environment"],
)
def test_a_stack_that_is_not_the_local_one_is_an_error_there(
    home: Path, words: tuple[str, ...], environment: dict[str, str]
) -> None:
    with_a_stack(home)
    args = build_parser().parse_args(words)

    with pytest.raises(
        UsageError, match=r"There is no (stack|region) '(x|eu-west-1)' here: this is the local"
    ):
        settings.resolve(
            args,
            {"XDG_CONFIG_HOME": str(home / "none"), **environment},
            folder=home,
            admin=True,
            sign_ins=sign_ins_of(home),
        )


def test_the_local_stack_may_be_called_by_its_name(home: Path) -> None:
    with_a_stack(home)
    args = build_parser().parse_args(["rebuild", "--stack", "image-store", "--region", "us-east-1"])

    resolved_settings = settings.resolve(
        args, {"XDG_CONFIG_HOME": str(home / "none")}, folder=home, admin=True, sign_ins=sign_ins_of(home)
    )

    assert resolved_settings.aws is not None
    assert resolved_settings.aws.endpoint == "http://localhost:9001"


def test_with_local_an_exported_stack_is_another_ones(home: Path) -> None:
    with_a_stack(home)

    resolved_settings = resolved(home, "--local", environment={"IMAGE_STORE_STACK": "prod"})

    assert resolved_settings.aws is not None
    assert resolved_settings.aws.stack == "image-store"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--local", "--url", "https://a.example"), "--local and --url name two stores"),
        (("--local", "--profile", "dev"), "--local and --profile name two stores"),
        (("--stack-file", "stack.json", "--profile", "dev"), "--stack-file and --profile name two stores"),
        (("--subject", "bob", "--profile", "prod"), "--subject is for a local stack"),
        (("--profile", "nobody"), "There is no profile 'nobody'"),
        (("--profile", "empty"), "The profile 'empty' has no url"),
        (("--stack-file", "none.json"), "none.json is not the description of a running stack"),
    ],
    ids=" ".join,
)
def test_an_option_that_names_a_store_is_never_passed_over(
    home: Path, words: tuple[str, ...], complaint: str
) -> None:
    with_a_stack(home)
    with (home / "config/image-store/config.toml").open("a") as file:
        file.write('[profiles.empty]\nstack = "x"\n')

    with pytest.raises(UsageError, match=complaint):
        resolved(home, *words)


def test_a_stack_file_that_is_named_wins_over_the_configuration(home: Path) -> None:
    with_a_stack(home)

    resolved_settings = resolved(home, "--stack-file", str(home / ".local/stack.json"))

    assert resolved_settings.url == "http://localhost:8080"
    assert resolved_settings.tokens.origin == "the local issuer, as alice"


def test_a_sign_in_comes_after_everything_named_and_before_the_local_stack(home: Path) -> None:
    with_a_stack(home)
    sign_in = StoreSignIn("https://id.example", "cli", "https://id.example/token", None, "bob", "")
    sign_ins_of(home).keep("http://localhost:8080", sign_in, IssuedTokens("bobs-token", None, 4e9))

    local = resolved(home, "--local")
    named_by_flag = resolved(home, "--local", "--subject", "carol")
    named_by_variable = resolved(home, "--local", environment={"IMAGE_STORE_TOKEN": "theirs"})
    other_store = resolved(home, configured=False, environment={"IMAGE_STORE_URL": "https://other.example"})

    assert local.tokens.current() == "bobs-token"
    assert "carol" in named_by_flag.tokens.origin
    assert named_by_variable.tokens.current() == "theirs"
    assert other_store.tokens.origin == "nowhere"
