"""Version 2026-07-28: every request says its version and what the client can do, and nothing is remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_store_mcp.protocol import results, routing_headers, tasks
from image_store_mcp.protocol.failures import Code, ProtocolError, cut, invalid_params
from image_store_mcp.protocol.versions import (
    CAPABILITIES_KEY,
    MODERN,
    SERVER_KEY,
    SUPPORTED,
    TASKS,
    VERSION_KEY,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from image_store_mcp.protocol.context import RequestContext
    from image_store_mcp.protocol.features import ServerFeatures
    from image_store_mcp.protocol.messages import Message

_FOR_EVERYBODY = {"ttlMs": 3_600_000, "cacheScope": "public"}
"""Of what is the same for every caller until the next deployment."""
_NOT_KEPT = {"ttlMs": 0, "cacheScope": "private"}


class ModernMethods:
    """Answers requests of this version."""

    def __init__(self, features: ServerFeatures) -> None:
        self._features = features
        self._methods: dict[str, Callable[[Message, RequestContext], dict[str, Any]]] = {
            "server/discover": self._discover,
            "tools/list": self._list_tools,
            "tools/call": self._call_tool,
            "resources/list": self._list_resources,
            "resources/templates/list": self._list_templates,
            "resources/read": self._read_resource,
            "tasks/get": self._get_task,
            "tasks/update": self._update_task,
            "tasks/cancel": self._cancel_task,
        }

    def result(self, message: Message, context: RequestContext) -> dict[str, Any]:
        """The result of a request; ProtocolError in the order of checks that the specification has."""
        meta = _meta_of(message)
        if context.headers is not None:
            routing_headers.check(context.headers, message, meta[VERSION_KEY])
        _require_supported(meta[VERSION_KEY])
        if not isinstance(meta[CAPABILITIES_KEY], dict):
            raise invalid_params(f"{CAPABILITIES_KEY} must be an object.")
        method = self._methods.get(message.method)
        if method is None:
            raise ProtocolError(Code.METHOD_NOT_FOUND, f"Method not found: {cut(message.method)}")
        return {
            "resultType": "complete",
            **method(message, context),
            "_meta": {SERVER_KEY: self._features.info},
        }

    def _discover(self, _: Message, __: RequestContext) -> dict[str, Any]:
        return {
            "supportedVersions": list(SUPPORTED),
            "capabilities": {"tools": {}, "resources": {}, "extensions": {TASKS: {}}},
            "instructions": self._features.instructions,
            **_FOR_EVERYBODY,
        }

    def _list_tools(self, message: Message, _: RequestContext) -> dict[str, Any]:
        results.require_first_page(message.params)
        return {"tools": [results.tool_description(tool) for tool in self._features.tools], **_FOR_EVERYBODY}

    def _call_tool(self, message: Message, context: RequestContext) -> dict[str, Any]:
        tool, arguments = results.tool_and_arguments(self._features, message.params)
        store, as_task = context.store(), tool.start is not None and _follows_tasks(message)
        result = tool.call(store, arguments, as_task=as_task)
        job = results.task(store, result) if as_task else None
        return (
            results.call_result(result) if job is None else {"resultType": "task", **tasks.modern_task(job)}
        )

    def _list_resources(self, message: Message, _: RequestContext) -> dict[str, Any]:
        results.require_first_page(message.params)
        return {"resources": [], **_FOR_EVERYBODY}

    def _list_templates(self, message: Message, _: RequestContext) -> dict[str, Any]:
        results.require_first_page(message.params)
        return {"resourceTemplates": [], **_FOR_EVERYBODY}

    def _read_resource(self, message: Message, context: RequestContext) -> dict[str, Any]:
        contents = results.contents(self._features, context, message.params, missing=Code.INVALID_PARAMS)
        return {**contents, **_NOT_KEPT}

    def _get_task(self, message: Message, context: RequestContext) -> dict[str, Any]:
        _require_tasks(message)
        store = context.store()
        job = tasks.job_of(store, message.params)
        task = tasks.modern_task(job)
        if task["status"] == "completed":
            return {**task, "result": results.call_result(self._features.job_result(job))}
        return task

    def _update_task(self, message: Message, context: RequestContext) -> dict[str, Any]:
        _require_tasks(message)
        # No task asks for anything, so what was sent changes nothing.
        tasks.job_of(context.store(), message.params)
        return {}

    def _cancel_task(self, message: Message, context: RequestContext) -> dict[str, Any]:
        _require_tasks(message)
        tasks.cancelled_job(context.store(), message.params)
        return {}


def _meta_of(message: Message) -> Mapping[str, Any]:
    meta = message.params.get("_meta")
    if not isinstance(meta, dict) or not {VERSION_KEY, CAPABILITIES_KEY} <= meta.keys():
        raise invalid_params(f"_meta must have {VERSION_KEY} and {CAPABILITIES_KEY}.")
    return meta


def _require_supported(version: object) -> None:
    if not isinstance(version, str):
        raise invalid_params(f"{VERSION_KEY} must be a string.")
    if version != MODERN:
        raise ProtocolError(
            Code.UNSUPPORTED_VERSION,
            "Unsupported protocol version",
            {"supported": list(SUPPORTED), "requested": cut(version)},
        )


def _follows_tasks(message: Message) -> bool:
    """Whether the client declares, on this very request, that it follows tasks."""
    extensions = message.params["_meta"][CAPABILITIES_KEY].get("extensions")
    return isinstance(extensions, dict) and isinstance(extensions.get(TASKS), dict)


def _require_tasks(message: Message) -> None:
    if not _follows_tasks(message):
        raise ProtocolError(
            Code.MISSING_CAPABILITY,
            "Declare the tasks extension to use this method.",
            {"requiredCapabilities": {"extensions": {TASKS: {}}}},
        )
