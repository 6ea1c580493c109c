"""The tool that lists the models of generation, and what an order may say of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_store_mcp.tools import schemas
from image_store_mcp.tools.answers import structured_result, without_nothing
from image_store_mcp.tools.tool import Annotations, Tool, ToolResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_store_client import ImageStore
    from image_store_client.schemas import ProviderInfo, ProviderModel

MAX_MODELS = 100
"""More than all providers have together; the names and sizes of all stay far below the bound of an answer."""
MAX_CHOICES = 30
"""Sizes of a model."""


def usable_models(store: ImageStore, provider: str | None = None) -> list[tuple[ProviderInfo, ProviderModel]]:
    """The models that this deployment or its caller has a key for, all or those of a provider."""
    providers = store.providers.list()["items"]
    usable = [each for each in providers if each["configured"] or each["own_key"]]
    chosen = [each for each in usable if provider in {None, each["provider"]}]
    return [(each, model) for each in chosen for model in each["models"]][:MAX_MODELS]


def list_models(store: ImageStore, _: Mapping[str, Any]) -> ToolResult:
    """List the models, in the order in which the store prefers them."""
    models = [_model_of(*each) for each in usable_models(store)]
    return structured_result(lambda __: {"models": models})


def _model_of(provider: ProviderInfo, model: ProviderModel) -> dict[str, Any]:
    return without_nothing(
        {
            "provider": provider["provider"],
            "model": model["name"],
            "sizes": model["sizes"][:MAX_CHOICES] or None,
            "qualities": model["qualities"] or None,
            "max_reference_ids": model["max_references"],
        }
    )


MODEL_TOOLS = (
    Tool(
        name="list_models",
        title="Models",
        description="The models for generate_images, with their sizes (none listed: any) and qualities.",
        annotations=Annotations(read_only=True),
        input_schema=schemas.arguments(),
        run=list_models,
    ),
)
