"""Write functions/site/openapi.json from the code of all functions: `python -m tools.openapi` (`--check` compares)."""

import importlib
import importlib.util
import json
import pkgutil
import sys
from http import HTTPStatus
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from image_store.entrypoints import schemas

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "functions/site/openapi.json"
VERSION = "0.1.0"
REF = "#/components/schemas/{model}"
MARK = "x-image-store"


def _models() -> dict[str, type[BaseModel]]:
    """All models of requests and answers, by name."""
    modules = [
        importlib.import_module(found.name)
        for found in pkgutil.walk_packages(schemas.__path__, f"{schemas.__name__}.")
    ]
    return {
        name: value
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, BaseModel) and value.__module__ == module.__name__
    }


_MODELS = _models()


def main(arguments: list[str]) -> int:
    """Write the document, or with `--check` say whether the committed one is what the code means."""
    text = json.dumps(document(), indent=1, ensure_ascii=False) + "\n"
    if arguments != ["--check"]:
        DOCUMENT.write_text(text, "utf-8")
        return 0
    if DOCUMENT.exists() and DOCUMENT.read_text("utf-8") == text:
        return 0
    print("functions/site/openapi.json is not what the code says: run `make openapi`.", file=sys.stderr)
    return 1


def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document of all functions."""
    paths: dict[str, dict[str, Any]] = {}
    models: set[str] = {"Problem"}
    for app in sorted((ROOT / "functions").glob("*/app.py")):
        api = getattr(_module(app), "api", None)
        if api is None:
            continue
        described = json.loads(api.get_openapi_json_schema(title="Image store", version=VERSION))
        for path, operations in described["paths"].items():
            for method, operation in operations.items():
                if MARK in operation:
                    paths.setdefault(path, {})[method] = _operation(path, method, operation, models)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Image store", "version": VERSION},
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": _schemas(models),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _operation(path: str, method: str, operation: dict[str, Any], models: set[str]) -> dict[str, Any]:
    said = operation[MARK]
    parameters = [
        {"name": part[1:-1], "in": "path", "required": True, "schema": {"type": "string"}}
        for part in path.split("/")
        if part.startswith("{")
    ]
    parameters += [{"name": name, "in": "header", "schema": {"type": "string"}} for name in said["headers"]]
    if said["query"]:
        parameters += _query(_MODELS[said["query"]])
    made: dict[str, Any] = {
        "summary": operation["summary"],
        "operationId": f"{method}_{_identifier(path)}",
        "parameters": parameters,
        "responses": {},
        "security": [] if said["public"] else [{"bearer": []}],
    }
    if said["body"]:
        models.add(said["body"])
        made["requestBody"] = {"required": True, "content": _content(said["body"])}
    for status, answer in said["answers"].items():
        made["responses"][status] = _answer(int(status), answer, models)
    for status in said["problems"]:
        content = {"application/problem+json": {"schema": {"$ref": REF.format(model="Problem")}}}
        made["responses"][str(status)] = {"description": HTTPStatus(status).phrase, "content": content}
    return made


def _content(model: str) -> dict[str, Any]:
    if model == "ImagePatch":
        return {"application/merge-patch+json": {"schema": {"$ref": REF.format(model=model)}}}
    if model != "ImageUpload":
        return {"application/json": {"schema": {"$ref": REF.format(model=model)}}}
    if model != "ImageUpload":
        return {"application/json": {"schema": {"$ref": REF.format(model=model)}}}
    attributes = REF.format(model="ImageAttributes")
    form = {"file": {"type": "string", "format": "binary"}, "attributes": {"$ref": attributes}}
    return {
        "image/*": {"schema": {"type": "string", "format": "binary"}},
        "multipart/form-data": {"schema": {"type": "object", "required": ["file"], "properties": form}},
        "application/json": {"schema": {"$ref": REF.format(model=model)}},
    }


def _answer(status: int, answer: str, models: set[str]) -> dict[str, Any]:
    if answer not in _MODELS:
        return {"description": answer}
    models.add(answer)
    content = {"application/json": {"schema": {"$ref": REF.format(model=answer)}}}
    return {"description": HTTPStatus(status).phrase, "content": content}


def _query(model: type[BaseModel]) -> list[dict[str, Any]]:
    """The fields of a model as parameters; attributes that only a body can carry are left out."""
    schema = model.model_json_schema(ref_template=REF)
    parameters = []
    for name, field in schema["properties"].items():
        if name in {"metadata", "generation", "analysis"}:
            continue
        if name in {"tags", "groups"}:
            items = {"type": "array", "items": {"type": "string"}}
            parameters.append({"name": name[:-1], "in": "query", "schema": items, "explode": True})
        else:
            parameters.append(
                {"name": name, "in": "query", "schema": _inlined(field, schema.get("$defs", {}))}
            )
    return parameters


def _inlined(field: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(field, dict):
        if "$ref" in field:
            return definitions[field["$ref"].rpartition("/")[2]] | {
                k: v for k, v in field.items() if k != "$ref"
            }
        return {name: _inlined(value, definitions) for name, value in field.items()}
    return [_inlined(value, definitions) for value in field] if isinstance(field, list) else field


def _schemas(names: set[str]) -> dict[str, Any]:
    wanted = [_MODELS[name] for name in sorted(names | {"ImageAttributes"})]
    _, definitions = models_json_schema([(model, "validation") for model in wanted], ref_template=REF)
    made: dict[str, Any] = definitions["$defs"]
    return made


def _identifier(path: str) -> str:
    return "_".join(part.strip("{}").replace(".", "_") for part in path.split("/") if part)


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"function_{path.parent.name}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
