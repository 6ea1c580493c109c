"""Chooses the providers and models that may make an image, in order, and what to hold for it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from image_store.domain.errors import BudgetExceeded, InvalidRequest, ProviderFailed
from image_store.domain.generation.budget import BudgetHold, Budgets, KeyBudget
from image_store.domain.generation.catalogue import cost_micros, model_named, models_of, unlisted_model
from image_store.domain.generation.descriptions.description import Model
from image_store.domain.generation.providers import Provider, in_words
from image_store.domain.generation.requests import GenerationRequest, ModelPreference


@dataclass(frozen=True, slots=True)
class ModelCandidate:
    """A model that can make an image."""

    model: Model
    own_key: bool
    """Whether the owner's own key pays."""
    holds: int
    """The hold that its call needs, in micro-dollars."""

    @property
    def provider(self) -> Provider:
        """The provider of the model."""
        return self.model.provider


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChoice:
    """Chooses among providers."""

    order: Sequence[Provider]
    """Providers that the deployment has keys for, the preferred one first."""
    budgets: Budgets

    def check(self, preference: ModelPreference) -> None:
        """Refuse a preference for a model that does not exist; InvalidRequest."""
        if preference.model is None:
            return
        model = model_named(preference.model)
        is_known = model is not None or (
            preference.provider is not None
            and unlisted_model(preference.provider, preference.model) is not None
        )
        if not is_known:
            raise InvalidRequest("There is no such model. See GET /v1/providers.")
        if model is not None and preference.provider not in {None, model.provider}:
            raise InvalidRequest("This model belongs to another provider.")

    def required_hold(
        self,
        request: GenerationRequest,
        preference: ModelPreference,
        own: Collection[Provider],
        *,
        on: date,
        key: KeyBudget | None = None,
    ) -> int:
        """The hold for an image in micro-dollars: the highest cost among the candidates that may make it.

        `key` has the budgets of the API key that orders the image.

        Raises
        ------
        ProviderFailed
            no provider is configured
        InvalidRequest
            no configured provider can make it
        BudgetExceeded
            all candidates have unknown prices, and the budgets do not allow that
        """
        if not self.ranked(preference, own):
            raise ProviderFailed(
                "No provider of images is configured, and you have stored no key of your own."
            )
        able = self._able_candidates(request, preference, own, on=on, has_limits=self._has_limits(key))
        if not able:
            raise InvalidRequest(
                "No model can do this: the prompt is too long, there are too many references, or the size is not "
                "one it makes. See GET /v1/providers."
            )
        priced = [candidate for candidate in able if candidate.holds >= 0]
        if not priced:
            holder, whose = (
                ("deployment", "this deployment") if self.budgets.has_limits else ("key", "this API key")
            )
            raise BudgetExceeded(
                f"The price of this image is not known, and {whose} has budgets.", budget=holder
            )
        return max(candidate.holds for candidate in priced)

    def candidates(
        self,
        request: GenerationRequest,
        preference: ModelPreference,
        own: Collection[Provider],
        *,
        hold: BudgetHold | None,
        on: date,
    ) -> list[ModelCandidate]:
        """The candidates that may make an image for this hold, in order."""
        micros = hold.micros if hold is not None else 0
        has_limits = self._has_limits(hold.key if hold is not None else None)
        return [
            candidate
            for candidate in self._able_candidates(request, preference, own, on=on, has_limits=has_limits)
            if candidate.holds >= 0 and (not has_limits or candidate.holds <= micros)
        ]

    def ranked(self, preference: ModelPreference, own: Collection[Provider]) -> list[Provider]:
        """Providers with keys, the preferred one first; only that one if the preference allows no fallback."""
        usable = dict.fromkeys((*self.order, *sorted(own)))
        first = preference.provider
        if first is None and preference.model is not None and (model := model_named(preference.model)):
            first = model.provider
        if first is None:
            return list(usable)
        rest = [provider for provider in usable if provider is not first] if preference.fallback else []
        return [first, *rest] if first in usable else rest

    def _has_limits(self, key: KeyBudget | None) -> bool:
        return self.budgets.has_limits or key is not None

    def _able_candidates(
        self,
        request: GenerationRequest,
        preference: ModelPreference,
        own: Collection[Provider],
        *,
        on: date,
        has_limits: bool,
    ) -> list[ModelCandidate]:
        candidates = []
        for provider in self.ranked(preference, own):
            model = _model(provider, request, preference)
            if model is not None:
                own_key = provider in own
                holds = 0 if own_key else self._holds(model, request, on, has_limits=has_limits)
                candidates.append(ModelCandidate(model, own_key, holds))
        return candidates

    def _holds(self, model: Model, request: GenerationRequest, on: date, *, has_limits: bool) -> int:
        """The estimated cost of a model; below 0 if it is unknown and budgets do not allow that."""
        usage = model.estimated_usage(
            prompt=request.prompt + (request.negative_prompt or ""),
            size=request.size,
            quality=request.quality,
            references=len(request.reference_ids),
        )
        cost = cost_micros(model.provider, model.name, usage, on=on)
        if cost is not None:
            return cost
        if has_limits and not self.budgets.unknown_price_reserve:
            return -1
        return self.budgets.unknown_price_reserve


def _model(provider: Provider, request: GenerationRequest, preference: ModelPreference) -> Model | None:
    """The model of a provider for an image: the preferred one, or the first that can make it."""
    if preference.model is not None:
        named = model_named(preference.model)
        if named is None:
            return unlisted_model(provider, preference.model)
        if named.provider is provider:
            return named if _can_make(named, request) else None
    return next((model for model in models_of(provider) if _can_make(model, request)), None)


def _can_make(model: Model, request: GenerationRequest) -> bool:
    negative = request.negative_prompt or ""
    text = request.prompt + negative if model.takes_negative_prompt else in_words(request.prompt, negative)
    return (
        len(text) <= model.max_prompt
        and len(request.reference_ids) <= model.max_references
        and model.fits(request.size)
    )
