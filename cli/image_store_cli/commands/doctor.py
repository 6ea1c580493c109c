"""`image-store doctor`: checks a store end to end, and explains how to repair it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rich.text import Text

from image_store_cli.command_line.arguments import add_command, add_stack
from image_store_cli.display.texts import plain, plural
from image_store_cli.doctor import cors, identity, reach
from image_store_cli.doctor.account import check_account, open_account
from image_store_cli.doctor.issuer_keys import check_issuers
from image_store_cli.doctor.issuers import StackIssuer, audiences_in, issuers_of
from image_store_cli.doctor.pictures import PictureChecks
from image_store_cli.doctor.results import CheckResult, CheckResults, Status
from image_store_cli.exits import Exit
from image_store_client.http.retries import RetryPolicy

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from image_store_cli.aws import Stack
    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context
    from image_store_cli.store.api import ApiClient

MARKS = {
    Status.OK: ("ok     ", "green"),
    Status.WARNING: ("warning", "yellow"),
    Status.WRONG: ("WRONG  ", "bold red"),
    Status.SKIPPED: ("skipped", "dim"),
}
NAME_WIDTH = 22
IMPATIENT = RetryPolicy(max_retries=1, longest_wait=5, total_wait=10)
"""An unhealthy store asks for long waits: the doctor reports that instead of waiting, and retries once."""


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command."""
    parser = add_command(
        commands, common, "doctor", run, summary="check a store end to end", needs_admin=True,
        details="Stores, publishes and deletes images of one pixel. With --json: one line for each check.",
        examples=("doctor", "doctor --profile prod --origin https://app.example.com", "doctor --read-only"),
    )  # fmt: skip
    parser.add_argument(
        "--origin", metavar="ORIGIN", help="web origin for the CORS checks, such as https://app.example.com"
    )
    add_stack(parser, purpose=", to check its resources")
    parser.add_argument("--read-only", action="store_true", help="store no test images")


def run(context: Context) -> Exit:
    """Check everything; SOME_FAILED if a check failed."""
    return _end(context, check_store(context))


def check_store(context: Context, *, with_token: bool = True) -> CheckResults:
    """Check everything, and print each result; without a token only what needs none."""
    settings, api = context.settings, context.api_with(IMPATIENT)
    findings = CheckResults(lambda finding: print_check(context, finding))
    context.out.note(f"Checking {settings.url} (from {settings.origin})")
    account = open_account(findings, context)
    stack = account.stack if account else None
    reach.check_health(findings, api)
    reachable = not findings.is_wrong("API")
    if reachable:
        reach.check_clock(findings, api)
        reach.check_routes(findings, api)
    issuers = _issuers(findings, context, stack)
    audiences = audiences_in(settings.audience or "")
    claims = None
    if with_token:
        claims = identity.check_token(findings, api, issuers=issuers, audiences=audiences)
    else:
        findings.skip(
            "token", "there is none yet", "Sign in with `image-store login`, or set IMAGE_STORE_TOKEN."
        )
    if claims is not None or issuers:
        check_issuers(findings, api.http, claims, issuers=issuers)
    if reachable:
        origin = _origin(context, stack)
        cors.check_api(findings, api.http, settings.url, origin)
        if with_token:
            _check_as_caller(context, findings, api, stack, origin)
    if account is not None:
        check_account(findings, account, tries_store=not context.args.read_only)
    return findings


def _check_as_caller(
    context: Context, findings: CheckResults, api: ApiClient, stack: Stack | None, origin: str
) -> None:
    """Run the checks that need a valid token."""
    if findings.is_wrong("token"):
        findings.skip("token accepted", "this check needs a valid token")
        return
    reach.check_token_accepted(findings, api)
    if findings.is_wrong("token accepted"):
        return
    reach.check_parts(findings, api)
    if context.args.read_only:
        findings.skip("upload", "--read-only: no picture was stored")
        return
    public_url = stack.parameters.get("PublicUrl") if stack else None
    if not reach.check_may_write(findings, api):
        return
    PictureChecks(
        findings, api, origin=origin, api_origin=_api_origin(context), public_url=public_url or None
    ).run()


def _issuers(findings: CheckResults, context: Context, stack: Stack | None) -> list[StackIssuer]:
    """The issuers of the stack; of a local stack that cannot be looked into, the first one."""
    if stack is not None:
        return issuers_of(findings, stack.parameters)
    local = context.settings.local
    return [StackIssuer(local["issuer"], audiences_in(context.settings.audience or ""))] if local else []


def _origin(context: Context, stack: Stack | None) -> str:
    """Choose the origin for the CORS checks: that of the options, else an allowed one, else the API's own."""
    if context.settings.web_origin:
        return context.settings.web_origin.rstrip("/")
    allowed = (stack.parameters.get("AllowedOrigins") or "*").split(",")[0] if stack else "*"
    return allowed if allowed != "*" else _api_origin(context)


def _api_origin(context: Context) -> str:
    """Return the origin of the web console."""
    parts = urlsplit(context.settings.url)
    return f"{parts.scheme}://{parts.netloc}"


def print_check(context: Context, finding: CheckResult) -> None:
    """Print one result."""
    mark, style = MARKS[finding.status]
    line = Text.assemble((mark, style), "  ", f"{finding.name:{NAME_WIDTH}}  ", plain(finding.detail))
    if finding.mend:
        line.append(f"\n{'':9}→ {finding.mend}", style="dim" if finding.status is Status.SKIPPED else "")
    context.out.line(finding.body(), line)


def _end(context: Context, findings: CheckResults) -> Exit:
    wrong, warnings = findings.number(Status.WRONG), findings.number(Status.WARNING)
    if wrong:
        context.out.note(f"{plural(wrong, 'problem')}, {plural(warnings, 'warning')}.", style="red")
        return Exit.SOME_FAILED
    text = f"No problems, {plural(warnings, 'warning')}." if warnings else "No problems."
    context.out.note(text, style="green")
    return Exit.OK
