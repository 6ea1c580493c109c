"""Errors of callers: who they are, what they may do, and the keys and shares that are theirs."""

from datetime import timedelta

from image_store.domain.errors.root import ImageStoreError


class InvalidToken(ImageStoreError):
    """The request has no credential, or one that is malformed, forged, expired, or of an unknown issuer."""

    code = "invalid_token"


class KeyRevoked(ImageStoreError):
    """The API key was revoked."""

    code = "key_revoked"

    def __init__(self) -> None:
        super().__init__("The API key was revoked.")


class KeyExpired(ImageStoreError):
    """The API key has expired."""

    code = "key_expired"

    def __init__(self) -> None:
        super().__init__("The API key has expired.")


class IssuerUnavailable(ImageStoreError):
    """The keys of the token's issuer cannot be read now; retrying is safe."""

    code = "issuer_unavailable"

    def __init__(self, *, retry_after: timedelta = timedelta(seconds=10)) -> None:
        super().__init__("The keys of the token's issuer cannot be read; try again.", retry_after=retry_after)


class UploadNotAllowed(ImageStoreError):
    """The upload token does not allow this upload; the message says what it does not allow."""

    code = "upload_not_allowed"


class UploadTokenUsedUp(ImageStoreError):
    """As many images were uploaded with the token as it allows."""

    code = "upload_token_used_up"

    def __init__(self) -> None:
        super().__init__("As many images were uploaded with this upload token as it allows.")


class ScopeRequired(ImageStoreError):
    """The caller is known, and its API key or token does not have the scope that this needs."""

    code = "scope_required"

    def __init__(self, scope: str) -> None:
        super().__init__(f"This needs the scope {scope}.")


class ActAsRequired(ImageStoreError):
    """The caller names another owner and may not act for others."""

    code = "act_as_required"

    def __init__(self) -> None:
        super().__init__("Only a key with the scope act-as can name another owner in Image-Store-Owner.")


class ShareNotFound(ImageStoreError):
    """There is no such share for this caller: none at all, or somebody else's."""

    code = "share_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such share.")


class KeyNotFound(ImageStoreError):
    """There is no such API key for this caller: none at all, or somebody else's."""

    code = "key_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such API key.")


class TooManyKeys(ImageStoreError):
    """The owner has as many API keys as one owner may have."""

    code = "too_many_keys"

    def __init__(self) -> None:
        super().__init__(
            "An owner can have 100 API keys in force, and 1,000 with those that ended in the last 90 days."
        )


class TooManyShares(ImageStoreError):
    """The owner has as many shares as one owner may have."""

    code = "too_many_shares"

    def __init__(self) -> None:
        super().__init__("An owner can have 1,000 shares in force; revoke some that are no longer needed.")


class AdminRequired(ImageStoreError):
    """The caller is not an admin."""

    code = "admin_required"
