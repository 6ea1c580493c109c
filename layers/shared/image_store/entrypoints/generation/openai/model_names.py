"""The names of models in OpenAI's form: `provider/model`, a model alone, or `auto`."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from image_store.domain.generation.catalogue import PRICES_VERSION, model_named, unlisted_model
from image_store.domain.generation.descriptions.description import Model
from image_store.domain.generation.providers import Provider
from image_store.domain.generation.requests import ModelPreference
from image_store.entrypoints.generation.openai.errors import unknown_model

AUTO = "auto"
"""Leaves the choice to the store, as a request without a model does."""
_LISTED_ON = int(datetime.combine(date.fromisoformat(PRICES_VERSION), time(), UTC).timestamp())
_MAX_NAME_CHARS = 128


def preference_for(name: str | None) -> tuple[ModelPreference, Model | None]:
    """The preference that a name stands for, with the model; EndpointError if there is no such model.

    Only `auto` lets the store choose: another model than the one that a client names would be a silent exchange.
    """
    if name is None or name == AUTO:
        return ModelPreference(), None
    if len(name) > _MAX_NAME_CHARS:
        raise unknown_model(f"{name[:_MAX_NAME_CHARS]}…")
    prefix, slash, rest = name.partition("/")
    if slash and prefix in set(Provider):
        provider = Provider(prefix)
        model = model_named(rest) or unlisted_model(provider, rest)
        if model is not None and rest and model.provider is provider:
            return ModelPreference(provider=provider, model=rest, fallback=False), model
        raise unknown_model(name)
    model = model_named(name)
    if model is None:
        raise unknown_model(name)
    return ModelPreference(provider=model.provider, model=name, fallback=False), model


def is_of_openai(model: Model | None) -> bool:
    """Whether OpenAI documents base64 as the only form of the model's images."""
    return model is not None and model.name.startswith("gpt-image")


def page(models: Sequence[Model]) -> dict[str, Any]:
    """The response to a request for all models."""
    names = [(AUTO, "image-store"), *((f"{model.provider}/{model.name}", model.provider) for model in models)]
    return _answer({"object": "list", "data": [_view(name, owner) for name, owner in names]})


def one(name: str, models: Sequence[Model]) -> dict[str, Any]:
    """The response to a request for one model; EndpointError if the caller cannot use it."""
    preference, model = preference_for(name)
    if model is None:
        return _answer(_view(name, "image-store"))
    if preference.provider not in {usable.provider for usable in models}:
        raise unknown_model(name)
    return _answer(_view(name, model.provider))


def _view(name: str, owner: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _LISTED_ON, "owned_by": owner}


def _answer(body: dict[str, Any]) -> dict[str, Any]:
    headers = {"Content-Type": "application/json", "Cache-Control": "private, no-store"}
    return {"statusCode": 200, "headers": headers, "body": json.dumps(body), "isBase64Encoded": False}
