"""Choose the store and the token: flags, then environment, then profile, then a sign-in, then a local stack."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from image_store_cli.errors import UsageError
from image_store_cli.settings import config_file, local_stack
from image_store_cli.settings.config_file import Profile
from image_store_cli.sign_in import tokens
from image_store_cli.sign_in.sign_ins import tokens_of
from image_store_client.http.transport import OWN_PATHS

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping

    from image_store_cli.sign_in.sign_ins import SignIns
    from image_store_cli.sign_in.tokens import Tokens

DEFAULT_SUBJECT = "alice"
MAX_OWNER_CHARS = 255


@dataclass(frozen=True, slots=True)
class AwsAccess:
    """The AWS account behind the API. Without keys here, boto3 finds credentials in its usual places."""

    stack: str
    region: str | None = None
    profile: str | None = None
    endpoint: str | None = None
    access_key: str | None = None
    secret_key: str | None = None

    def __repr__(self) -> str:
        return f"AwsAccess({self.stack})"


@dataclass(frozen=True, slots=True)
class CommandSettings:
    """The store and the caller of one run."""

    url: str
    tokens: Tokens
    origin: str
    """The source of the address in words."""
    aws: AwsAccess | None = None
    local: dict[str, str] | None = None
    """The content of `stack.json` if the store is a local stack."""
    audience: str | None = None
    web_origin: str | None = None
    profile: Profile = field(default_factory=Profile)
    """The profile of the configuration file that applies."""
    acting_for: str | None = None
    """The owner that the caller acts for; None for the caller's own images."""


def resolve(
    args: Namespace, environment: Mapping[str, str], *, folder: Path, admin: bool, sign_ins: SignIns
) -> CommandSettings:
    """Resolve the settings of one run; UsageError if they name no store."""
    _refuse_two_stores(args)
    profile = _profile(args, environment)
    url, origin = _url(args, environment, profile)
    local: dict[str, str] | None = None
    path = _stack_file(args, environment, folder)
    if path is not None and (url is None or args.local or args.stack_file):
        local = local_stack.read(path)
        url, origin = local["api_url"], f"the local stack of {path}"
    elif args.local:
        raise UsageError("No local stack is running here: start one with `make run`, or use --stack-file.")
    elif path is not None and local_stack.read(path)["api_url"] == url:
        local = local_stack.read(path)
    if url is None:
        raise UsageError(
            "No store is chosen. Use --url or IMAGE_STORE_URL, write a profile into "
            f"{config_file.default_path(environment)}, or start a local stack with `make run`. "
            "For a local stack that runs with STATE, set the same STATE here."
        )
    chosen = Profile() if args.local or args.stack_file else profile
    if args.subject and local is None:
        raise UsageError(f"--subject is for a local stack, and {url} is not one: its token names the user.")
    url = _checked_url(url)
    return CommandSettings(
        url=url,
        tokens=_given_tokens(args, environment, _caller_at(url, chosen), local, admin=admin)
        or _kept_tokens(sign_ins, url, local, admin=admin),
        origin=origin,
        aws=_aws(args, environment, chosen, local),
        local=local,
        profile=chosen,
        audience=chosen.audience,
        web_origin=getattr(args, "origin", None) or chosen.origin,
        acting_for=_owner(args, environment),
    )


def _refuse_two_stores(args: Namespace) -> None:
    """Refuse flags that name more than one store."""
    local = "--local" if args.local else "--stack-file" if args.stack_file else None
    other = "--url" if args.url else "--profile" if args.profile else None
    if local and other:
        raise UsageError(f"{local} and {other} name two stores: use one of them.")


def _profile(args: Namespace, environment: Mapping[str, str]) -> Profile:
    chosen = args.config or environment.get("IMAGE_STORE_CONFIG")
    path = Path(chosen).expanduser() if chosen else config_file.default_path(environment)
    file = config_file.read(path, required=bool(chosen))
    return file.profile(args.profile or environment.get("IMAGE_STORE_PROFILE")) or Profile()


def _url(args: Namespace, environment: Mapping[str, str], profile: Profile) -> tuple[str | None, str]:
    if args.url:
        return args.url, "--url"
    if args.profile:  # a flag comes before the environment
        if not profile.url:
            raise UsageError(f"The profile {args.profile!r} has no url.")
        return profile.url, f"the profile {args.profile}"
    if url := environment.get("IMAGE_STORE_URL"):
        return url, "the variable IMAGE_STORE_URL"
    return profile.url, "the configuration file"


def _stack_file(args: Namespace, environment: Mapping[str, str], folder: Path) -> Path | None:
    chosen = args.stack_file or environment.get("IMAGE_STORE_STACK_FILE")
    return Path(chosen) if chosen else local_stack.find(environment, folder)


def _given_tokens(
    args: Namespace,
    environment: Mapping[str, str],
    profile: Profile,
    local: dict[str, str] | None,
    *,
    admin: bool,
) -> Tokens | None:
    """The tokens that flags, variables or the profile name; None if they name none."""
    if args.token:
        return tokens.fixed(args.token, "--token")
    if args.token_file:
        return tokens.from_file(Path(args.token_file).expanduser())
    subject = args.subject or environment.get("IMAGE_STORE_SUBJECT")
    if local is not None and subject:
        return tokens.from_local_issuer(local["token_url"], subject=subject, admin=admin)
    if key := environment.get("IMAGE_STORE_KEY"):
        if environment.get("IMAGE_STORE_TOKEN"):
            raise UsageError("IMAGE_STORE_KEY and IMAGE_STORE_TOKEN name two callers: unset one of them.")
        return tokens.from_key(key, "the variable IMAGE_STORE_KEY")
    if token := environment.get("IMAGE_STORE_TOKEN"):
        return tokens.fixed(token, "the variable IMAGE_STORE_TOKEN")
    if path := environment.get("IMAGE_STORE_TOKEN_FILE"):
        return tokens.from_file(Path(path).expanduser())
    if profile.token_command:
        return tokens.from_command(profile.token_command)
    if profile.token_file:
        return tokens.from_file(Path(profile.token_file).expanduser())
    return None


def _caller_at(url: str, profile: Profile) -> Profile:
    """The profile whose token is sent to a store: never to another store than the profile's own."""
    return profile if not profile.url or profile.is_of(url) else Profile()


def _kept_tokens(sign_ins: SignIns, url: str, local: dict[str, str] | None, *, admin: bool) -> Tokens:
    """The tokens of `image-store login`; without a sign-in those of the local stack, if this is one."""
    if (sign_in := sign_ins.of(url)) is not None:
        return tokens_of(sign_ins, url, sign_in)
    if local is not None:
        return tokens.from_local_issuer(local["token_url"], subject=DEFAULT_SUBJECT, admin=admin)
    return tokens.without_token()


def _aws(
    args: Namespace, environment: Mapping[str, str], profile: Profile, local: dict[str, str] | None
) -> AwsAccess | None:
    flag, region = getattr(args, "stack", None), getattr(args, "region", None)
    is_chosen = args.local or args.stack_file
    stack = flag or (None if is_chosen else environment.get("IMAGE_STORE_STACK")) or profile.stack
    if local is not None:
        _refuse_another_stack(local, stack=stack, region=region)
        return AwsAccess(
            stack=local["stack_name"],
            region=local["region"],
            endpoint=local["s3_endpoint"],
            access_key=local["access_key"],
            secret_key=local["secret_key"],
        )
    return (
        AwsAccess(stack=stack, region=region or profile.region, profile=profile.aws_profile)
        if stack
        else None
    )


def _refuse_another_stack(local: dict[str, str], *, stack: str | None, region: str | None) -> None:
    """Raise UsageError for a stack or a region that is not that of the local stack."""
    for kind, chosen, own in (("stack", stack, local["stack_name"]), ("region", region, local["region"])):
        if chosen and chosen != own:
            raise UsageError(
                f"There is no {kind} {chosen!r} here: this is the local stack {local['stack_name']!r} in "
                f"{local['region']}. Choose a deployed store with --profile or --url."
            )


def _owner(args: Namespace, environment: Mapping[str, str]) -> str | None:
    """The owner to act for; UsageError for an empty one, with which a command would act for the caller itself."""
    text, place = environment.get("IMAGE_STORE_OWNER"), "the variable IMAGE_STORE_OWNER"
    if args.acting_for is not None:
        text, place = args.acting_for, "--as"
    if text is None:
        return None
    if not text.strip():
        raise UsageError(f"The owner in {place} is empty. Leave it out to act for yourself.")
    if len(text) > MAX_OWNER_CHARS or not text.isprintable():
        raise UsageError(f"An owner has at most {MAX_OWNER_CHARS} printable characters.")
    return text


def _checked_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise UsageError("The store's address must be like https://api.example.com.")
    if parts.username or parts.password:
        raise UsageError("The store's address must not hold a user name or password.")
    if path := OWN_PATHS.search(parts.path):
        raise UsageError(f"The address of a store is without {path[0]}: leave it out.")
    return url.rstrip("/")
