"""The schemas of the document, from the models of requests and answers."""

import importlib
import pkgutil
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from image_store import entrypoints
from image_store.entrypoints.http import fields
from image_store.entrypoints.http.fields import Changes, MergePatch
from tools.openapi import responses
from tools.openapi.examples import example_of

REF = "#/components/schemas/{model}"

type Schema = dict[str, Any]

_RELEASED_NAMES = {"DirectUploadRequest": "UploadRequest", "MigrationSourceAnswer": "MigrationSourceTold"}
"""Classes whose schema keeps an earlier name, because clients are generated from it."""


def _component_name(model: type[BaseModel]) -> str:
    """The name of a model in the document: that of its class without the suffix, or an earlier one."""
    name = model.__name__
    return _RELEASED_NAMES.get(name) or name.removesuffix("Answer").removesuffix("Body")


def _models() -> dict[str, type[BaseModel]]:
    """All models of requests and answers, by their names in the document."""
    modules = [
        importlib.import_module(module.name)
        for module in pkgutil.walk_packages(entrypoints.__path__, f"{entrypoints.__name__}.")
    ]
    return {
        _component_name(value): value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, BaseModel)
        and value.__module__ == module.__name__
        and module is not fields  # it holds only base classes
    }


class Components:
    """The components that operations use; a reference by an operation adds a component."""

    def __init__(self) -> None:
        self._models = _models()
        self._requests: set[str] = set()
        self._answers: set[str] = {"Problem", "GatewayMessage"}
        self.shared_responses: set[int] = set()
        self.headers: set[str] = set()
        self._of_requests = self._definitions("validation")
        self._of_answers = self._definitions("serialization")
        # A field that a response always has and a request may leave out needs two types.
        self._renamed = {
            name: f"Stored{name}"
            for name, schema in self._of_answers.items()
            if name in self._of_requests and schema != self._of_requests[name]
        }

    def has(self, name: str) -> bool:
        """Whether a model has this name."""
        return name in self._models

    def model(self, name: str) -> type[BaseModel]:
        """A model by its name."""
        return self._models[name]

    def is_merge_patch(self, name: str) -> bool:
        """Whether a request of this model changes only the fields that it sends."""
        return issubclass(self._models[name], MergePatch)

    def request(self, name: str) -> Schema:
        """A reference to the schema of a request."""
        self._requests.add(name)
        return {"$ref": REF.format(model=name)}

    def answer(self, name: str) -> Schema:
        """A reference to the schema of an answer."""
        self._answers.add(name)
        return {"$ref": REF.format(model=name)}

    def problem(self, status: int) -> Schema:
        """A reference to an error that many routes share."""
        self.shared_responses.add(status)
        self.headers.update(responses.problem_headers(status))
        return {"$ref": f"#/components/responses/{responses.component_name(status)}"}

    def header(self, name: str) -> Schema:
        """A reference to a header of answers."""
        self.headers.add(name)
        return {"$ref": f"#/components/headers/{name}"}

    def example(self, name: str) -> Any:
        """An example of a request or an answer."""
        is_request = name in self._requests
        definitions = self._of_requests if is_request else self._of_answers
        return example_of(definitions[name], definitions, is_request=is_request)

    def schemas(self) -> dict[str, Schema]:
        """All schemas that operations refer to, directly or through other schemas."""
        requests = _reachable(self._requests, self._of_requests)
        answers = {
            self._renamed.get(name, name): _renamed(schema, self._renamed)
            for name, schema in _reachable(self._answers, self._of_answers).items()
        }
        return dict(sorted((requests | answers).items()))

    def _definitions(self, mode: Literal["validation", "serialization"]) -> dict[str, Schema]:
        models = [(model, mode) for model in self._models.values() if _is_of(model, mode)]
        _, document = models_json_schema(models, ref_template=REF)
        names = {model.__name__: name for name, model in self._models.items()}
        definitions: dict[str, Schema] = {}
        for class_name, class_schema in document["$defs"].items():
            name, schema = names.get(class_name, class_name), _renamed(class_schema, names)
            model = self._models.get(name)
            is_answer = model is not None and _is_of(model, "serialization")
            if mode == "serialization":
                plain = always_sent(tidied(schema), all_of_it=not is_answer)
            else:
                has_changes = model is not None and issubclass(model, Changes)
                plain = without_defaults(tidied(schema), names_them=not has_changes)
            definitions[name] = plain
        return definitions


def _is_of(model: type[BaseModel], mode: str) -> bool:
    is_answer = model.__name__.endswith("Answer")
    return is_answer if mode == "serialization" else not is_answer


def _reachable(names: set[str], definitions: dict[str, Schema]) -> dict[str, Schema]:
    reachable: dict[str, Schema] = {}
    waiting = sorted(names)
    while waiting:
        name = waiting.pop()
        if name not in reachable:
            reachable[name] = definitions[name]
            waiting += _references(definitions[name])
    return reachable


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [str(value["$ref"]).rpartition("/")[2]] if "$ref" in value else []
        return own + [name for each in value.values() for name in _references(each)]
    return [name for each in value for name in _references(each)] if isinstance(value, list) else []


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        renamed = {name: _renamed(each, names) for name, each in value.items()}
        if "$ref" in renamed:
            name = str(renamed["$ref"]).rpartition("/")[2]
            renamed["$ref"] = REF.format(model=names.get(name, name))
        return renamed
    return [_renamed(each, names) for each in value] if isinstance(value, list) else value


def tidied(schema: Any) -> Any:
    """A schema without the titles that pydantic derives from field names, and with keywords that generators know."""
    if isinstance(schema, list):
        return [tidied(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    tidy = {
        name: {key: tidied(each) for key, each in value.items()} if name == "properties" else tidied(value)
        for name, value in schema.items()
        if name != "title" or not isinstance(value, str)
    }
    if patterns := tidy.pop("patternProperties", None):
        [(pattern, values)] = patterns.items()
        tidy |= {"propertyNames": {"pattern": pattern}, "additionalProperties": values}
    return tidy


def always_sent(schema: Schema, *, all_of_it: bool) -> Schema:
    """A schema of an answer without defaults: a field that is not always sent is not required.

    With `all_of_it` every field is required: for models of requests that an answer returns as they are stored.
    """
    properties = {
        name: {key: value for key, value in field.items() if key != "default"}
        for name, field in schema.get("properties", {}).items()
    }
    plain = schema | ({"properties": properties} if properties else {})
    return plain | {"required": list(properties)} if all_of_it and properties else plain


def without_defaults(schema: Schema, *, names_them: bool) -> Schema:
    """A schema of a request whose properties say their defaults in words.

    Generators make a property with `default` one that is always there, as it is in an answer; in a request it may
    be left out.
    """
    properties = {}
    for name, field in schema.get("properties", {}).items():
        plain = {key: value for key, value in field.items() if key != "default"}
        default = field.get("default")
        if names_them and default not in (None, [], {}) and not isinstance(default, dict):
            text = str(default).lower() if isinstance(default, bool) else default
            plain["description"] = " ".join(filter(None, [field.get("description"), f"Default: `{text}`."]))
        properties[name] = plain
    return schema | ({"properties": properties} if properties else {})
