"""Stores and deletes the provider keys that owners bring."""

from dataclasses import dataclass

from image_store.domain.callers.caller import Caller
from image_store.domain.errors import InvalidRequest
from image_store.domain.generation.catalogue import description_of
from image_store.domain.generation.providers import Provider, ProviderKey
from image_store.ports.generation import ProviderKeys


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnKeys:
    """The provider keys of owners; a stored key is encrypted and never shown."""

    keys: ProviderKeys

    def store(self, caller: Caller, provider: Provider, key: ProviderKey) -> None:
        """Store a key of the caller's owner, which replaces an earlier one. Safe to repeat.

        InvalidRequest if the key lacks the account id that the provider needs, or has one that it does not take;
        AdminRequired for a caller that may not manage keys.
        """
        caller.check_manages_keys()
        needs_account = description_of(provider).needs_account
        if needs_account != bool(key.account):
            raise InvalidRequest(
                f"A key of {provider} {'needs an' if needs_account else 'takes no'} `account_id`."
            )
        self.keys.put(caller.owner, provider, key)

    def delete(self, caller: Caller, provider: Provider) -> None:
        """Delete a key of the caller's owner. Safe to repeat; AdminRequired as in `store`."""
        caller.check_manages_keys()
        self.keys.remove(caller.owner, provider)
