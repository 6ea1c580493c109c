"""Who may make an image, in which order, and what it may cost."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from image_store.domain.errors import BudgetExceeded, InvalidRequest, ProviderFailed
from image_store.domain.generation.budget import Budgets
from image_store.domain.generation.catalogue import Model, model_named, models_of, unlisted
from image_store.domain.generation.jobs import GenerationRequest, ModelPreference
from image_store.domain.generation.prices import cost_micros
from image_store.domain.generation.providers import Provider, in_words


@dataclass(frozen=True, slots=True)
class ModelCandidate:
    """A provider that can make an image, with the model it would take."""

    provider: Provider
    model: Model
    own_key: bool
    """Whether the owner's own key would pay."""
    holds: int
    """What has to be held for it, in micro-dollars."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChoice:
    """Chooses among providers."""

    order: Sequence[Provider]
    """Those that the deployment has keys for, the preferred one first."""
    budgets: Budgets

    def check(self, preference: ModelPreference) -> None:
        """Refuse a preference that names what does not exist."""
        if preference.model is None:
            return
        model = model_named(preference.model)
        if model is None and preference.provider is not Provider.OPENAI:
            raise InvalidRequest("There is no such model; GET /v1/providers lists them.")
        if model is not None and preference.provider not in {None, model.provider}:
            raise InvalidRequest("This model belongs to another provider.")

    def admitted(
        self, wish: GenerationRequest, preference: ModelPreference, own: Collection[Provider], *, on: date
    ) -> int:
        """What to hold for an image: the most that any of those who may make it would cost.

        Raises
        ------
        ProviderFailed
            nobody is configured
        InvalidRequest
            nobody who is configured can do it
        BudgetExceeded
            those who can are of unknown price, and the deployment's budgets do not allow that
        """
        if not self.ranked(preference, own):
            raise ProviderFailed(
                "No provider of images is configured, and you have stored no key of your own."
            )
        able = self._able(wish, preference, own, on=on)
        if not able:
            raise InvalidRequest(
                "No model can do this: the prompt is too long, there are too many references, or the size is not "
                "one it makes; GET /v1/providers tells."
            )
        priced = [found for found in able if found.holds >= 0]
        if not priced:
            raise BudgetExceeded(
                "The price of this image is not known, and this deployment keeps to budgets."
            )
        return max(found.holds for found in priced)

    def candidates(
        self,
        wish: GenerationRequest,
        preference: ModelPreference,
        own: Collection[Provider],
        *,
        held: int,
        on: date,
    ) -> list[ModelCandidate]:
        """Those who may make an image for what is held, in their order."""
        limited = self.budgets.limited
        return [
            found
            for found in self._able(wish, preference, own, on=on)
            if found.holds >= 0 and (not limited or found.holds <= held)
        ]

    def ranked(self, preference: ModelPreference, own: Collection[Provider]) -> list[Provider]:
        """Providers that there are keys for, the preferred one first; it alone where others may not do it."""
        known = dict.fromkeys((*self.order, *sorted(own)))
        first = preference.provider
        if first is None and preference.model is not None and (model := model_named(preference.model)):
            first = model.provider
        if first is None:
            return list(known)
        rest = [provider for provider in known if provider is not first] if preference.fallback else []
        return [first, *rest] if first in known else rest

    def _able(
        self, wish: GenerationRequest, preference: ModelPreference, own: Collection[Provider], *, on: date
    ) -> list[ModelCandidate]:
        found = []
        for provider in self.ranked(preference, own):
            model = _model(provider, wish, preference)
            if model is not None:
                own_key = provider in own
                holds = 0 if own_key else self._holds(model, wish, on)
                found.append(ModelCandidate(provider, model, own_key, holds))
        return found

    def _holds(self, model: Model, wish: GenerationRequest, on: date) -> int:
        """What a model is expected to cost; below 0 where nobody knows and that is not allowed."""
        usage = model.expected(
            prompt=wish.prompt + (wish.negative_prompt or ""),
            size=wish.size,
            quality=wish.quality,
            references=len(wish.reference_ids),
        )
        cost = cost_micros(model.provider, model.name, usage, on=on)
        if cost is not None:
            return cost
        if self.budgets.limited and not self.budgets.unknown_price_reserve:
            return -1
        return self.budgets.unknown_price_reserve


def _model(provider: Provider, wish: GenerationRequest, preference: ModelPreference) -> Model | None:
    """The model of a provider that makes an image: the one that is asked for, or the first that can."""
    if preference.model is not None:
        named = model_named(preference.model)
        if named is None and provider is Provider.OPENAI:
            return unlisted(preference.model)
        if named is not None and named.provider is provider:
            return named if _can(named, wish) else None
    return next((model for model in models_of(provider) if _can(model, wish)), None)


def _can(model: Model, wish: GenerationRequest) -> bool:
    negative = wish.negative_prompt or ""
    said = wish.prompt + negative if model.negative_prompt else in_words(wish.prompt, negative)
    return (
        len(said) <= model.max_prompt
        and len(wish.reference_ids) <= model.max_references
        and model.fits(wish.size)
    )
