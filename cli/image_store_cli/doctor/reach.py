"""Checks whether the API answers, whether its clock agrees with ours, and whether it accepts the token."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from image_store_cli.errors import CommandError, NotOffered, NotSignedIn, RequestRefused
from image_store_cli.sign_in.tokens import KEY_PREFIX

if TYPE_CHECKING:
    from image_store_cli.doctor.results import CheckResults
    from image_store_cli.store.api import ApiClient

SKEW_WARNING, SKEW_WRONG = timedelta(seconds=30), timedelta(minutes=5)
ROUTES_MEND = (
    "API Gateway left out routes that it warned about when the stack was deployed: deploy the template unchanged with "
    "FailOnWarnings=true, which shows the reason."
)
OPEN_MEND = (
    "In template.yaml every route that needs a token has an authorizer: deploy the template unchanged."
)
WRONG_JWT_MEND = (
    "The token's iss must equal the stack's Issuer, or one of Issuers, exactly, its aud must be in Audience or in that "
    "one's audiences, a key of the issuer must have signed it, and it must not have expired."
)
WRONG_KEY_MEND = (
    "The key is of another store, was altered, or was replaced by a rotation whose grace period is over: create one "
    "with `image-store keys create`, or rotate this one."
)
REFUSALS = {
    "key_revoked": "A revoked key never works again: create another with `image-store keys create`.",
    "key_expired": "Create another with `image-store keys create`, or let its owner give it a later expires_at.",
    "issuer_unavailable": "The store cannot read the issuer's keys: check that its discovery document and its key set "
    "are public, and look for IssuerKeysUnreadable in the metrics. It tries again within a minute.",
    "scope_required": "Use a key with that scope: `image-store keys show` lists those of a key, "
    "`image-store keys create --scope` makes one.",
    "act_as_required": "Use a key with the scope act-as, which an admin creates, or leave out --as and "
    "IMAGE_STORE_OWNER.",
}
"""What to do about each way in which the store refuses a caller, by the code of its response."""
NO_IMAGE = "00000000-0000-7000-8000-000000000000"
"""The id of no image: restoring it changes nothing."""
SKEW_MEND = "Set this machine's clock by NTP: tokens and presigned links depend on the time."


def check_health(findings: CheckResults, api: ApiClient) -> None:
    """Check that the API responds and reports that it is healthy."""
    with findings.checking(
        "API", "Check the address, the network, and that the stack is deployed or running."
    ):
        health = api.request_json("GET", "/v1/health", signed_in=False)
        if health.get("status") == "ok":
            findings.ok("API", f"{api.url} answers")
        else:
            findings.warn(
                "API", f"{api.url} reports the status {health.get('status')}", "See the log of the functions."
            )


def check_clock(findings: CheckResults, api: ApiClient) -> None:
    """Check that this machine's clock agrees with the API's."""
    skew = abs(api.ahead)
    seconds = f"{abs(api.ahead.total_seconds()):.0f} s"
    side = "behind" if api.ahead > timedelta(0) else "ahead of"
    if skew > SKEW_WRONG:
        findings.wrong("clock", f"this machine is {seconds} {side} the API", SKEW_MEND)
    elif skew > SKEW_WARNING:
        findings.warn("clock", f"this machine is {seconds} {side} the API", SKEW_MEND)
    else:
        findings.ok("clock", "it agrees with the API's within seconds")


def check_routes(findings: CheckResults, api: ApiClient) -> None:
    """Check that a protected route exists and refuses requests without a token."""
    with findings.checking("routes", "Check the address and the network."):
        status = api.http.get(f"{api.url}/v1/images").status_code
        if status == 401:
            findings.ok("routes", "routes that need a token exist, and refuse requests without one")
        elif status == 404:
            findings.wrong("routes", "routes that need a token do not exist", ROUTES_MEND)
        elif status < 400:
            findings.wrong("routes", f"the list of images answers {status} without a token", OPEN_MEND)
        else:
            findings.warn(
                "routes", f"the list of images answers {status} and not 401 without a token", OPEN_MEND
            )


def check_token_accepted(findings: CheckResults, api: ApiClient) -> None:
    """Check that the API accepts the token or key, and the owner that it acts for."""
    try:
        api.images.list(page_size=1).page()
    except NotSignedIn as refused:
        is_key = api.tokens.current().startswith(KEY_PREFIX)
        is_of_gateway = refused.code == NotSignedIn.code
        findings.wrong(
            "token accepted",
            refused.message.partition(":" if is_of_gateway else " `")[0],
            REFUSALS.get(refused.code, WRONG_KEY_MEND if is_key else WRONG_JWT_MEND),
        )
    except RequestRefused as refused:
        mend = REFUSALS.get(str(refused.problem.code), "See the log of the list function.")
        findings.wrong("token accepted", refused.message, mend)
    except CommandError as failed:
        findings.wrong("token accepted", failed.message, "See the log of the list function.")
    else:
        findings.ok("token accepted", "the API accepts it")


def check_may_write(findings: CheckResults, api: ApiClient) -> bool:
    """Check that the caller may store and delete images; whether the checks that do so can go on."""
    try:
        api.images.restore(NO_IMAGE)
    except RequestRefused as refused:
        if refused.problem.code == "scope_required":
            findings.skip(
                "upload", f"no picture was stored: {refused.problem.detail}", REFUSALS["scope_required"]
            )
            return False
    except CommandError:
        return True  # the checks that follow report it
    return True


def check_parts(findings: CheckResults, api: ApiClient) -> None:
    """Check the health of the store's parts, if the store reports it and the caller is an admin."""
    try:
        health = api.admin.health()
    except NotOffered:
        findings.skip("parts", "this store has no /v1/admin/health")
        return
    except RequestRefused as refused:
        if refused.problem.status == 403:
            findings.skip(
                "parts", "only admins can see them", "Use a token with the stack's AdminScope (images:admin)."
            )
        elif refused.problem.status == 503:
            findings.wrong("parts", refused.message, "See the log of the admin function.")
        else:
            findings.warn("parts", refused.message, "See the log of the admin function.")
        return
    except CommandError as failed:
        findings.wrong("parts", failed.message, "See the log of the admin function.")
        return
    bad = {
        name: part
        for name, part in health.get("components", {}).items()
        if part.get("status") in {"degraded", "down"}
    }
    for name, part in bad.items():
        findings.wrong(f"parts: {name}", part.get("detail") or part["status"], "See docs/operations.md.")
    if not bad:
        findings.ok("parts", f"the store reports the status {health.get('status')}")
