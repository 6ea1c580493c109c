"""The secrets that a deployment uses outside its stack, and which of them `destroy` may delete.

A secret under the stack's own name is made for it. One whose name the file chooses may be older than the deployment and
serve others. Both stay if another stack names them, and then the tokens in them stay too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from image_store_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from image_store_cli.deploying.store_file import StoreFile

RECOVERY_DAYS = 7
"""How long a deleted secret can be restored."""


@dataclass(frozen=True, slots=True)
class StackSecret:
    """A secret that a deployment uses."""

    name: str
    is_chosen: bool
    """Whether the file names it, so that others may use it."""

    def require_own(self) -> None:
        """Raise UsageError if a value that does not work must not be replaced, because others may use it."""
        if self.is_chosen:
            raise UsageError(
                f"The secret {self.name} is there, and what it holds does not work for this store. Other stores may "
                "use it, so it is not replaced: write it by hand, or let the file name a secret that does not exist."
            )


def secret_of(store: StoreFile, parameter: str, suffix: str) -> StackSecret:
    """Return the secret that a parameter of the template names; by default the stack's own."""
    own = f"{store.stack}/{suffix}"
    name = store.parameters.get(parameter) or own
    return StackSecret(name, is_chosen=name != own)


def kept_secrets(
    secrets: Iterable[StackSecret], users_of: Callable[[str], Sequence[str]]
) -> Mapping[str, str]:
    """Return the names of the secrets that must stay, with the reason; `users_of` names other stacks that use one."""
    reasons = {}
    for secret in secrets:
        if users := users_of(secret.name):
            reasons[secret.name] = f"which {' and '.join(users)} {'uses' if len(users) == 1 else 'use'} too"
        elif secret.is_chosen:
            reasons[secret.name] = "whose name the file chooses"
    return reasons
