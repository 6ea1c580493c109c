"""What a run is going to change, as lines for people and for programs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from image_store_cli.deploying.stack_secrets import StackSecret


class Action(StrEnum):
    """What happens to a part."""

    ADD = "add"
    CHANGE = "change"
    REPLACE = "replace"
    REMOVE = "remove"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """One line of the summary; `text` says what changes and what that means."""

    part: str
    action: Action
    text: str

    @property
    def is_loss(self) -> bool:
        """Whether something that exists is replaced or removed."""
        return self.action in {Action.REPLACE, Action.REMOVE}

    def body(self) -> dict[str, Any]:
        """The line as JSON."""
        return {"change": str(self.action), "part": self.part, "detail": self.text}


def change_of_rules(name: str, bucket: str, text: str, *, is_there: bool) -> PlannedChange:
    """Describe rules that a bucket lacks, or, if some of these are there, that it has otherwise."""
    action = Action.CHANGE if is_there else Action.ADD
    return PlannedChange(name, action, f"{name} of {bucket}: {text}")


class DeploymentStep(Protocol):
    """One part of a deployment, which can be repeated at any time.

    `look` reads the live state and changes nothing. `act` makes the part as the file describes it, whatever state an
    earlier run left.
    """

    @property
    def name(self) -> str:
        """The part in words."""

    def look(self) -> Sequence[PlannedChange]:
        """Return what `act` would change; nothing if the part is as it should be."""

    def act(self) -> None:
        """Make the part as the file describes it."""


class Parts(Protocol):
    """What a deployment has beside its stack: its buckets, and whatever their vendor needs."""

    api_origin: str
    """The origin of the web console, which uploads directly; empty before the first deployment."""

    @property
    def place(self) -> str:
        """The vendor's account in words."""

    @property
    def buckets(self) -> Sequence[str]:
        """The names of the buckets, the private one first."""

    @property
    def address(self) -> str:
        """The address of the public bucket; empty without one."""

    @property
    def usd_per_gb(self) -> float | None:
        """What a stored gigabyte costs a month; None if only the vendor knows."""

    def parameters(self) -> Mapping[str, str]:
        """Return the parameters of the template that describe the buckets."""

    def steps(self) -> Sequence[DeploymentStep]:
        """Return all parts in the order in which they are made."""

    def private_cors(self) -> DeploymentStep:
        """Return the CORS rules of the private bucket, which name the API's origin as soon as it is known."""

    def wait(self) -> str:
        """Wait until the public address works; return what is still missing, or an empty text."""

    @property
    def secrets(self) -> Sequence[StackSecret]:
        """The secrets with keys of the vendor."""

    def belongings(self, keep: Collection[str]) -> Sequence[str]:
        """Describe what goes with the stack and its secrets; not what the secrets in `keep` hold."""

    def remove(self, report: Callable[[str, str], None], keep: Collection[str]) -> None:
        """Delete that; `report` gets each part and what happened to it."""

    def exists(self, bucket: str) -> bool:
        """Whether a bucket exists."""

    def storage(self) -> Any:
        """Return an S3 client that may list the buckets; None if there is no key for it."""


def upload_origins(origins: Sequence[str], api_origin: str) -> list[str]:
    """Return the origins that may upload: those of the file, and the API's own for the web console."""
    return sorted({*origins, *([api_origin] if api_origin else [])})


def describe_cors(origins: Sequence[str], api_origin: str) -> str:
    """Describe the rules of the private bucket."""
    uploading = [*origins, api_origin or "the API"]
    return f"every page may read by a presigned link, {' and '.join(uploading)} may upload"
