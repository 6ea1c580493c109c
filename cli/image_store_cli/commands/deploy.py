"""`image-store deploy`: brings up or updates a whole store from one file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from image_store_cli.command_line.arguments import add_command, add_yes
from image_store_cli.commands.doctor import print_check
from image_store_cli.deploying import ending, store_file
from image_store_cli.deploying.checkout import find_checkout
from image_store_cli.deploying.deployment import Deployment
from image_store_cli.deploying.opening import only_one_at_a_time, open_aws, open_formation, open_parts
from image_store_cli.deploying.plan import Action
from image_store_cli.deploying.questions import ask_for_file
from image_store_cli.deploying.r2_parts import R2Parts
from image_store_cli.deploying.rotation import KeyRotation
from image_store_cli.display.tables import table_of_values
from image_store_cli.display.texts import plain
from image_store_cli.doctor.issuer_keys import check_issuers
from image_store_cli.doctor.issuers import StackIssuer, audiences_in
from image_store_cli.doctor.results import CheckResults
from image_store_cli.errors import UsageError
from image_store_cli.exits import Exit
from image_store_cli.settings.command_settings import AwsAccess

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Sequence

    from image_store_cli.aws import Account
    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context
    from image_store_cli.deploying.plan import Parts, PlannedChange
    from image_store_cli.deploying.store_file import StoreFile

SHOWN_PARTS = 4
MARKS = {
    Action.ADD: ("+", "green"),
    Action.CHANGE: ("~", "yellow"),
    Action.REPLACE: ("!", "bold red"),
    Action.REMOVE: ("-", "bold red"),
}


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command."""
    parser = add_command(
        commands, common, "deploy", run, summary="bring up or update a whole store",
        details="Reads FILE, or asks for what it needs and writes FILE. Creates buckets and tokens at Cloudflare, and "
        "secrets and the stack in AWS, and checks the result. Run it again to update, or to resume after a failure. It "
        "shows what would change and asks first. Needs a checkout of the project, boto3, AWS credentials and "
        "CLOUDFLARE_API_TOKEN. With --json: one line for each change, step and check, and the addresses at the end.",
        examples=("deploy", "deploy prod.toml --dry-run", "deploy prod.toml --yes --json"),
    )  # fmt: skip
    parser.add_argument(
        "file", nargs="?", metavar="FILE", default=store_file.FILE_NAME,
        help=f"description of the deployment (default: {store_file.FILE_NAME})",
    )  # fmt: skip
    parser.add_argument(
        "--rotate-key", action="store_true",
        help="only replace R2's key pair: a first run creates a token, and one a day later deletes the old one",
    )  # fmt: skip
    parser.add_argument("--dry-run", action="store_true", help="show what would change, and change nothing")
    add_yes(parser)


def run(context: Context) -> Exit:
    """Deploy; SOME_FAILED if the doctor finds something wrong at the end."""
    path = context.folder / Path(context.args.file).expanduser()
    if not path.exists():
        ask_for_file(context, path)
    store = store_file.read(path)
    with only_one_at_a_time(path):
        return _rotate_key(context, store) if context.args.rotate_key else _deploy(context, store)


def _rotate_key(context: Context, store: StoreFile) -> Exit:
    """Take the next step of the rotation of R2's key pair."""
    _, _, parts = _open(context, store)
    if not isinstance(parts, R2Parts):
        raise UsageError(
            "Only R2's key pair is made by this command: replace others as docs/operations.md describes."
        )
    rotation = KeyRotation(parts.r2_key(), lambda: datetime.now(UTC))
    changes = rotation.look()
    print_changes(context, changes)
    if context.args.dry_run or (changes and not context.agrees("Go ahead?")):
        context.out.note("Nothing was changed.")
        return Exit.OK
    rotation.act()
    ends_at = rotation.ends_at()
    if ends_at is None:
        context.out.note("The key pair is replaced, and there is no other.")
    else:
        context.out.note(
            "The new key pair is in use. The older one works until you repeat this command, after "
            f"{ends_at:%Y-%m-%d %H:%M} UTC."
        )
    return Exit.OK


def _open(context: Context, store: StoreFile) -> tuple[Account, str, Parts]:
    """Open the accounts of a deployment, and show which they are."""
    account = open_aws(context, store)
    aws_account = str(account.call("sts", "get_caller_identity")["Account"])
    parts = open_parts(context, account, store, aws_account)
    context.show_target(
        f"the stack {store.stack} in {store.region}, AWS account {aws_account}; {parts.place}"
    )
    return account, aws_account, parts


def _deploy(context: Context, store: StoreFile) -> Exit:
    checkout = find_checkout(context.folder, context.environment, context.out.note)
    account, aws_account, parts = _open(context, store)
    _check_issuer(context, store)
    formation = open_formation(context, account, store)
    deployment = Deployment(store, account, formation, checkout, parts, aws_account, context.out.note)
    plan = deployment.look()
    print_changes(context, plan.changes)
    deployment.refuse_losses(plan)
    if context.args.dry_run:
        deployment.drop(plan)
        context.out.note(
            "Nothing was changed: this was a dry run." if plan.changes else "Nothing would change."
        )
        return Exit.OK
    if not plan.changes:
        context.out.note("Everything is as the file describes it.")
    elif not context.agrees("Go ahead?"):
        deployment.drop(plan)
        context.out.note("Nothing was changed.")
        return Exit.OK
    outputs = deployment.act(plan, lambda step, result: _print_step(context, step, result))
    return _finish(context, store, parts, outputs)


def _check_issuer(context: Context, store: StoreFile) -> None:
    """Look at the issuer first; a wrong one does not stop the deployment, because it can be repaired later."""
    findings = CheckResults(lambda finding: print_check(context, finding))
    issuer = StackIssuer(store.issuer.url, audiences_in(store.issuer.audience))
    check_issuers(findings, context.http, None, issuers=[issuer])


def _finish(context: Context, store: StoreFile, parts: Parts, outputs: dict[str, str]) -> Exit:
    """Wait until everything answers, check it, and print the addresses and the first key."""
    if missing := parts.wait():
        context.out.note(
            f"{parts.address} does not work yet: {missing}. Run this again later to check it.", style="yellow"
        )
    aws = AwsAccess(stack=store.stack, region=store.region, profile=store.aws_profile)
    origin = store.origins[0] if store.origins else None
    there = context.at_store(outputs["ApiUrl"], aws, origin=origin)
    ending.wait_for_api(there)
    is_healthy = ending.check(there)
    key = None
    if store.first_key is not None:
        if ending.has_token(there):
            key = ending.first_key(there, store.first_key)
        else:
            context.out.note(
                "The first key needs a token of yours: run `image-store login --url "
                f"{outputs['ApiUrl']}`, or set IMAGE_STORE_TOKEN, and run this again."
            )
    _print_result(context, store, ending.addresses(outputs, parts.address), key)
    return Exit.OK if is_healthy else Exit.SOME_FAILED


def print_changes(context: Context, changes: Sequence[PlannedChange]) -> None:
    """Print each change as JSON; for people, changes of one kind are one line."""
    if context.out.as_json:
        for change in changes:
            context.out.line(change.body(), None)
        return
    groups: dict[tuple[Action, str], list[str]] = {}
    for change in changes:
        groups.setdefault((change.action, change.text), []).append(change.part)
    for (action, text), parts in groups.items():
        mark, style = MARKS[action]
        names = ", ".join(parts[:SHOWN_PARTS])
        more = f" and {len(parts) - SHOWN_PARTS} more" if len(parts) > SHOWN_PARTS else ""
        context.out.console.print(Text(plain(f"  {mark} {names}{more}: {text}"), style=style), soft_wrap=True)


def _print_step(context: Context, step: str, result: str) -> None:
    context.out.line({"step": step, "result": result}, Text(plain(f"  ✓ {step}: {result}")))


def _print_result(context: Context, store: StoreFile, places: dict[str, str], key: str | None) -> None:
    rows = [*places.items(), *([("key, shown once", key)] if key else [])]
    context.out.line({"addresses": places, **({"key": key} if key else {})}, table_of_values(rows))
    if store.issuer.console_client_id:
        context.out.note(
            f"At the issuer, {places['console']} must be a redirect address of the console's client."
        )
