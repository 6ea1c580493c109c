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
            no configured provider can make it; the error names the fields of the request
        BudgetExceeded
            all candidates have unknown prices, and the budgets do not allow that
        """
        if not self.ranked(preference, own):
            raise ProviderFailed(
                "No provider of images is configured, and you have stored no key of your own."
            )
        able = self._able_candidates(request, preference, own, on=on, has_limits=self._has_limits(key))
        if not able:
            raise self._unable(request, preference, own)
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

    def _unable(
        self, request: GenerationRequest, preference: ModelPreference, own: Collection[Provider]
    ) -> InvalidRequest:
        """The error for what no model makes: it names what none of them can do, or else what none does together."""
        models = [
            model for provider in self.ranked(preference, own) for model in _models(provider, preference)
        ]
        if not models:
            return InvalidRequest("No configured provider has this model. See GET /v1/providers.")
        obstacles = [_obstacles(model, request) for model in models]
        everywhere = [name for name in obstacles[0] if all(name in each for each in obstacles)]
        names = everywhere or list(dict.fromkeys(name for each in obstacles for name in each))
        subject = f"The model {models[0].name} cannot" if len(models) == 1 else "No model can"
        together = "" if everywhere else " together"
        fields = ", ".join(f"`{name}`" for name in names)
        return InvalidRequest(
            f"{subject} follow {fields}{together}. See GET /v1/providers.",
            errors=tuple(
                ((name,), "not_offered", f"no model that may be called can do this{together}")
                for name in names
            ),
        )

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
    return next((model for model in _models(provider, preference) if not _obstacles(model, request)), None)


def _models(provider: Provider, preference: ModelPreference) -> Sequence[Model]:
    """The models of a provider that may make an image: only the preferred one, if it is of this provider."""
    if preference.model is None:
        return models_of(provider)
    named = model_named(preference.model)
    if named is None:
        unlisted = unlisted_model(provider, preference.model)
        return [unlisted] if unlisted is not None else []
    return [named] if named.provider is provider else models_of(provider)


def _obstacles(model: Model, request: GenerationRequest) -> list[str]:
    """The fields of a request that a model cannot follow; the limits of a model that is not listed are unknown."""
    negative = request.negative_prompt or ""
    text = request.prompt + negative if model.takes_negative_prompt else in_words(request.prompt, negative)
    follows = {
        "prompt": not model.is_listed or len(text) <= model.max_prompt,
        "reference_ids": not model.is_listed or len(request.reference_ids) <= model.max_references,
        "size": not model.is_listed or model.fits(request.size),
        "background": request.background in {None, *model.backgrounds},
        "output_format": request.output_format in {None, *model.output_formats},
    }
    return [name for name, does in follows.items() if not does]
