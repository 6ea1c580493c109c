"""The errors of commands, each with a message for people and an exit code for scripts."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from image_store_cli.exits import Exit

PASSING = {408, 409, 423, 425, 429}
"""Statuses after which the same request may succeed later, beside those from 500 on."""


class CommandError(Exception):
    """The root of all errors that a command prints; `message` never holds a token or a signature."""

    exit = Exit.REFUSED
    code = "failed"
    """The code in JSON if the store sent none."""
    may_pass = False
    """Whether the same command may succeed later."""

    def __init__(self, message: str, *, request_id: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.request_id = request_id

    def body(self) -> dict[str, Any]:
        """The failure as JSON."""
        request = {"request_id": self.request_id} if self.request_id else {}
        return {"code": self.code, "detail": self.message, **request}


class UsageError(CommandError):
    """The command, a file or the configuration is wrong."""

    exit = Exit.USAGE
    code = "usage"


class NotSignedIn(CommandError):
    """There is no token, or the store does not accept it; `code` is the store's if it sent one."""

    exit = Exit.NOT_SIGNED_IN
    code = "not_signed_in"

    def __init__(self, message: str, *, request_id: str | None = None, code: str | None = None) -> None:
        super().__init__(message, request_id=request_id)
        self.code = code or self.code


class NotFound(CommandError):
    """An object that the command names does not exist."""

    exit = Exit.NOT_FOUND
    code = "not_found"


class Unavailable(CommandError):
    """The store or its storage does not answer, or has an internal error."""

    exit = Exit.UNAVAILABLE
    code = "unavailable"
    may_pass = True


class Broken(CommandError):
    """Received or stored bytes, or a response, are wrong."""

    exit = Exit.REFUSED
    code = "broken"
    may_pass = True


class NotOffered(CommandError):
    """This store has no such route: it is older than the command line, or leaves the feature out."""

    exit = Exit.NOT_OFFERED
    code = "not_offered"


@dataclass(frozen=True, slots=True)
class Problem:
    """The problem document of a response (RFC 9457)."""

    status: int
    title: str
    detail: str
    code: str | None = None
    request_id: str | None = None
    existing_id: str | None = None
    errors: tuple[str, ...] = field(default=())

    def sentence(self) -> str:
        """Title, detail, faults, code and request id as one text of several lines."""
        marks = [f"code {self.code}"] if self.code else []
        marks += [f"request {self.request_id}"] if self.request_id else []
        first = f"{self.title}: {self.detail}" if self.detail else self.title
        lines = [first, *(f"  {fault}" for fault in self.errors)]
        return "\n".join(lines) + (f" ({', '.join(marks)})" if marks else "")

    def body(self) -> dict[str, Any]:
        """Describe the problem as JSON, without what is unknown."""
        members = {
            "status": self.status,
            "title": self.title,
            "detail": self.detail or self.title,
            "code": self.code or code_for(self.status),
            "request_id": self.request_id,
            "existing_id": self.existing_id,
            "errors": list(self.errors),
        }
        return {name: value for name, value in members.items() if value not in (None, [])}


class RequestRefused(CommandError):
    """The store answered with an error; `exit` depends on its status."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.sentence())
        self.problem = problem
        self.exit = exit_for(problem.status)
        self.may_pass = problem.status in PASSING or problem.status >= 500

    def body(self) -> dict[str, Any]:
        """Describe the problem as the store reported it."""
        return self.problem.body()


def code_for(status: int) -> str:
    """The code for a response of the gateway, which has none: `too_many_requests` for 429."""
    try:
        return HTTPStatus(status).name.lower()
    except ValueError:
        return f"status_{status}"


def exit_for(status: int) -> Exit:
    """Translate an HTTP status into an exit code."""
    if status in {401, 403}:
        return Exit.NOT_SIGNED_IN
    if status == 404:
        return Exit.NOT_FOUND
    return Exit.UNAVAILABLE if status >= 500 else Exit.REFUSED
