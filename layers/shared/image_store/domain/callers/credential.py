"""What proves who sends a request, to pass on to a request in the same name."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CallerCredential:
    """The token or key of a caller, and the owner that the caller names; without one it is the caller's own."""

    secret: str = field(repr=False)
    owner: str | None = None
