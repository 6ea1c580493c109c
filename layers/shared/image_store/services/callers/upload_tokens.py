"""Creates and verifies upload tokens, and finds what one allows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from image_store.domain.callers.caller import Caller, token_holder
from image_store.domain.callers.key_allowance import allowance_of
from image_store.domain.callers.upload_tokens import (
    NEVER_FIXED,
    NEVER_SENT,
    UploadToken,
    token_text,
    verified_token_id,
)
from image_store.domain.errors import InvalidRequest, InvalidToken
from image_store.domain.images.attributes import Attributes, check_attributes
from image_store.domain.images.media import MediaType
from image_store.ports.callers import UploadTokens
from image_store.ports.system import Clock, Ids
from image_store.services.delivery.signing import current_key, verification_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUploadToken:
    """An upload token that is to be created."""

    lifetime: timedelta
    max_images: int
    max_bytes: int | None = None
    """Of one image; None for as many as the store accepts."""
    content_types: frozenset[MediaType] = frozenset()
    attributes: Attributes
    fixed: frozenset[str] = frozenset()
    """The names of the attributes that every image of the token gets."""
    may_set: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadPermissions:
    """What owners let browsers upload.

    Nothing of a token is cached here, so its end and its count are exact. The gateway caches who holds a token.
    """

    tokens: UploadTokens
    signing_keys: Callable[[], Mapping[str, str]]
    clock: Clock
    ids: Ids

    def create(self, caller: Caller, request: NewUploadToken) -> tuple[UploadToken, str]:
        """Create an upload token for the caller's owner, and answer it with its text, which is not kept.

        Raises
        ------
        InvalidRequest
            it fixes an attribute that it also lets the browser set, or one that no token may fix or let a browser set
        """
        now = self.clock.now()
        _check_names(request)
        check_attributes(request.attributes, now)
        _, key = current_key(self.signing_keys())
        token = UploadToken(
            id=self.ids.token(),
            owner=caller.owner,
            created_at=now,
            created_by=caller.name,
            expires_at=now + request.lifetime,
            max_images=request.max_images,
            max_bytes=request.max_bytes,
            content_types=request.content_types,
            attributes=request.attributes,
            fixed=request.fixed,
            may_set=request.may_set,
            allowance=allowance_of(caller),
        )
        self.tokens.create(token)
        return token, token_text(token.id, key)

    def holder(self, credential: str) -> Caller:
        """The caller with an upload token; InvalidToken for one that is forged or has expired.

        A forged token costs no read. A token that is used up still lets its holder in, to complete the last upload.
        """
        token_id = verified_token_id(credential, verification_keys(self.signing_keys()))
        return token_holder(token_id, owner=self.in_force(token_id).owner)

    def in_force(self, token_id: str) -> UploadToken:
        """What a token allows now; InvalidToken once it has expired."""
        token = self.tokens.get(token_id)
        if token is None:
            raise InvalidToken("The upload token is not valid.")
        token.check_in_force(self.clock.now())
        return token


def _check_names(request: NewUploadToken) -> None:
    """Raise InvalidRequest for names that a token cannot fix or let a browser set."""
    faults = [
        *(
            (("body", "attributes", name), "an upload token cannot fix it")
            for name in request.fixed & NEVER_FIXED
        ),
        *(
            (("body", "may_set"), f"no upload token lets a browser set {name}")
            for name in request.may_set & NEVER_SENT
        ),
        *((("body", "may_set"), f"{name} is fixed") for name in request.may_set & request.fixed),
    ]
    if faults:
        errors = tuple((place, "value_error", message) for place, message in sorted(faults))
        raise InvalidRequest("The upload token contradicts itself or its rules.", errors=errors)
