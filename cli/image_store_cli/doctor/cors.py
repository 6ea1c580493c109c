"""Checks CORS by the preflight requests that a browser sends before those of a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from image_store_cli.doctor.results import CheckResults

API_METHODS = ("POST", "PATCH", "DELETE")
API_HEADERS = ("authorization", "content-type", "idempotency-key", "if-match")
AFTER_REDIRECT = "null"
"""What a browser sends as Origin after a redirect from one foreign origin to another, as from the API to storage."""
STORAGE_MEND = (
    "Set the CORS policy of the private bucket as docs/deploying.md describes (step 2), with this origin. Stores "
    "compare origins exactly, and the web console uploads from the API's origin."
)
READING_MEND = (
    "Set the CORS policy of the private bucket as docs/deploying.md describes (step 2): GET and HEAD for every origin, "
    "because a browser that was redirected from the API sends `Origin: null`."
)
PUBLIC_MEND = "Set the CORS policy of the public bucket as docs/deploying.md describes (step 2)."


def check_api(findings: CheckResults, http: httpx.Client, url: str, origin: str) -> None:
    """Check that pages of an origin may call the API."""
    faults = _faults(http, f"{url}/v1/images", origin, API_METHODS, API_HEADERS)
    if faults:
        findings.wrong(
            "CORS of the API",
            f"pages of {origin}: {faults}",
            "Deploy with this origin in AllowedOrigins.",
        )
    else:
        findings.ok("CORS of the API", f"pages of {origin} may call it")


def check_upload_link(
    findings: CheckResults, http: httpx.Client, link: str, origins: Sequence[str], headers: Iterable[str]
) -> None:
    """Check that pages of each origin may PUT to a presigned link with these headers."""
    names = tuple(name.lower() for name in headers)
    faults_by_origin = {
        origin: _faults(http, link, origin, ("PUT",), names) for origin in dict.fromkeys(origins)
    }
    detail = "; ".join(
        f"pages of {origin}: {faults}" for origin, faults in faults_by_origin.items() if faults
    )
    if detail:
        findings.wrong("CORS of storage, PUT", detail, STORAGE_MEND)
    else:
        findings.ok("CORS of storage, PUT", f"pages of {' and '.join(faults_by_origin)} may upload")


def check_public_copy(findings: CheckResults, http: httpx.Client, url: str, origin: str) -> None:
    """Check that pages of an origin may read a public copy with fetch, and draw it on a canvas."""
    title = "CORS of copies"
    try:
        _check_reading(
            findings, title, http.get(url, headers={"Origin": origin}), origin, "copies", PUBLIC_MEND
        )
    except httpx.HTTPError as failed:
        findings.warn(title, f"the public bucket does not answer ({type(failed).__name__})", PUBLIC_MEND)


def check_download_link(findings: CheckResults, http: httpx.Client, link: str, origin: str) -> None:
    """Check that pages of an origin may read a presigned link with fetch; an <img> needs no permission."""
    title = "CORS of storage, GET"
    try:
        answers = [http.get(link, headers={"Origin": each}) for each in (origin, AFTER_REDIRECT)]
    except httpx.HTTPError as failed:
        findings.wrong(title, f"storage does not answer ({type(failed).__name__})", READING_MEND)
        return
    if _allows_origin(answers[0], origin) and not _allows_origin(answers[1], AFTER_REDIRECT):
        detail = f"pages of {origin} may read a presigned link, but not through a redirect of the API"
        findings.warn(title, detail, READING_MEND)
    else:
        _check_reading(findings, title, answers[0], origin, "pictures", READING_MEND)


def _check_reading(
    findings: CheckResults, title: str, answer: httpx.Response, origin: str, objects: str, mend: str
) -> None:
    if _allows_origin(answer, origin):
        findings.ok(title, f"pages of {origin} may read")
    else:
        findings.warn(title, f"pages of {origin} may show {objects}, but not read them", mend)


def _faults(
    http: httpx.Client, url: str, origin: str, methods: tuple[str, ...], headers: tuple[str, ...]
) -> str:
    """List what the responses to a browser's preflights do not allow."""
    faults: list[str] = []
    for method in methods:
        try:
            answer = http.options(
                url,
                headers={
                    "Origin": origin,
                    "Access-Control-Request-Method": method,
                    "Access-Control-Request-Headers": ",".join(sorted(headers)),
                },
            )
        except httpx.HTTPError as failed:
            return f"the preflight is not answered ({type(failed).__name__})"
        if not answer.is_success or not _allows_origin(answer, origin):
            return f"the origin is not allowed (status {answer.status_code})"
        allowed = _values(answer, "access-control-allow-methods")
        if "*" not in allowed and method.lower() not in allowed:
            faults.append(f"{method} is not allowed")
        allowed_headers = _values(answer, "access-control-allow-headers")
        # `*` does not cover Authorization.
        faults += [
            f"the header {name} is not allowed"
            for name in headers
            if name not in allowed_headers and ("*" not in allowed_headers or name == "authorization")
        ]
    return "; ".join(dict.fromkeys(faults))


def _allows_origin(answer: httpx.Response, origin: str) -> bool:
    return answer.headers.get("access-control-allow-origin") in {"*", origin}


def _values(answer: httpx.Response, header: str) -> set[str]:
    return {each.strip().lower() for each in answer.headers.get(header, "").split(",")}
