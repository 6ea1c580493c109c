"""What every request passes before its handler, and what is noted of its refusal: in one order for all endpoints."""

from image_store.domain.callers.scopes import Scope
from image_store.domain.errors import ImageStoreError
from image_store.entrypoints.callers.actors import act_as
from image_store.entrypoints.callers.admission import admit, note_refusal
from image_store.entrypoints.http.request import Request
from image_store.entrypoints.operations.observability import logger

Needs = tuple[tuple[Scope, ...], ...]
"""What a caller has to be allowed: one scope of each group. Without a group the route is public."""


def enter(request: Request, needs: Needs) -> None:
    """Let a request in to its handler, or raise why not; its actor signs all changes from here on.

    A request is counted last: one that its caller may not send uses up nothing of its key. A public route asks for
    no caller and counts nothing.

    Raises
    ------
    InvalidToken, KeyRevoked, KeyExpired, IssuerUnavailable, ActAsRequired, InvalidRequest
        there is no caller, or not for this owner
    ScopeRequired, AdminRequired
        the caller may not do this
    RateLimited, StorageUnavailable
        its key has used up its requests, or they cannot be counted now
    """
    act_as(request.actor)
    if not needs:
        return
    caller = request.caller
    for scopes in needs:
        caller.check_scope(*scopes)
    admit(caller)


def note(error: ImageStoreError, *, status: int) -> None:
    """Log a refusal that is the store's fault, and count one by a limit of an API key; called where it is caught."""
    if status >= 500:
        logger.exception("request failed", code=error.code)
    note_refusal(error)
