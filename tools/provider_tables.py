"""The tables of docs/generation.md, from the descriptions of the providers."""

import inspect
import json
import textwrap
from collections.abc import Iterable
from importlib import import_module

from image_store.domain.generation import descriptions as descriptions_package
from image_store.domain.generation.catalogue import PRICES_VERSION, description_of
from image_store.domain.generation.descriptions.description import Model, ProviderDescription, parse_size
from image_store.domain.generation.providers import Provider
from local.providers import STAND_INS
from tools.tables import table

_SHELL_EXAMPLE = """\
```sh
umask 077
cat > providers.json <<'END'
{keys}
END
aws secretsmanager create-secret --name image-store/providers --secret-string file://providers.json
rm providers.json
```"""


def provider_parts() -> dict[str, str]:
    """The content of each marked part."""
    descriptions = [description_of(provider) for provider in Provider]
    return {
        "providers": _providers(descriptions),
        "secret": _secret(descriptions),
        "prices": _prices(descriptions),
        "models": _models(descriptions),
        "comparison": _comparison(descriptions),
    }


def sizes_in_words(model: Model) -> str:
    """The sizes of a model as people read them."""
    if model.sizes[1:]:
        return f"{len(model.sizes)} of its own, up to {max(model.sizes, key=_pixels)}"
    if model.sizes:
        return model.sizes[0]
    multiples = f"multiples of {model.multiple_of}, " if model.multiple_of > 1 else ""
    least = f"{model.min_pixels:,} to " if model.min_pixels > 1 else "up to "
    return f"{multiples}{least}{model.max_pixels:,} pixels"


def _providers(descriptions: Iterable[ProviderDescription]) -> str:
    stand_ins = {stand_in.name: stand_in for stand_in in STAND_INS}
    rows = []
    for description in descriptions:
        name = description.provider.value
        fields = [f"`{field}`" for field in _secret_fields(description)]
        variables = " or ".join(f"`{variable}`" for variable in stand_ins[name].variables)
        if account := stand_ins[name].account_variable:
            variables += f" with `{account}`"
        if address := stand_ins[name].url_variable:
            variables += f", and `{address}` for a compatible service"
        models = ", ".join(f"`{model.name}`" for model in description.models)
        if description.unlisted_model is not None:
            models += ", and any other by its name"
        rows.append((description.title, ", ".join(fields), models, variables))
    return table(
        ("provider", "fields in the secret", "models, the default first", "variables of `make run`"), rows
    )


def _secret(descriptions: Iterable[ProviderDescription]) -> str:
    fields = [field for description in descriptions for field in _secret_fields(description)]
    keys = json.dumps(dict.fromkeys(fields, "…"), ensure_ascii=False)
    return _SHELL_EXAMPLE.format(keys=keys)


def _secret_fields(description: ProviderDescription) -> list[str]:
    name = description.provider.value
    return [name, f"{name}_account_id"] if description.needs_account else [name]


def _prices(descriptions: Iterable[ProviderDescription]) -> str:
    rows = [
        (
            description.provider,
            f"`{price.model}`",
            price.unit.replace("_", " "),
            f"{price.amount} {price.currency}",
            f"{price.per:,}",
            price.valid_from,
            f"[source]({price.source})",
        )
        for description in descriptions
        for price in description.prices
    ]
    return f"The prices as of {PRICES_VERSION}:\n\n" + table(
        ("provider", "model", "unit", "price", "per", "since", "source"), rows
    )


def _models(descriptions: Iterable[ProviderDescription]) -> str:
    rows = [
        (
            description.provider,
            f"`{model.name}`",
            f"{model.max_prompt:,}",
            model.max_references or "none",
            sizes_in_words(model),
            "yes" if model.takes_seeds else "no",
            ", ".join(model.backgrounds),
            ", ".join(model.output_formats),
            model.checked,
            f"[model]({model.source})",
        )
        for description in descriptions
        for model in description.models
    ]
    head = (
        "provider", "model", "prompt (characters)", "references", "sizes", "seeds", "backgrounds", "formats",
        "compared", "source",
    )  # fmt: skip
    return table(head, rows)


def _comparison(descriptions: Iterable[ProviderDescription]) -> str:
    notes = []
    for description in descriptions:
        module = import_module(f"{descriptions_package.__name__}.{description.provider}")
        _, _, note = (inspect.getdoc(module) or "").partition("\n\n")
        notes.append(textwrap.fill(f"- {description.title}: {note}", width=140, subsequent_indent="  "))
    return "\n".join(notes)


def _pixels(size: str) -> int:
    width, height = parse_size(size)
    return width * height
