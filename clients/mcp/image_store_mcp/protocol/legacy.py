"""Versions 2025-06-18 and 2025-11-25, which begin with `initialize`. The server keeps no session for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_store_mcp.protocol import results, tasks
from image_store_mcp.protocol.failures import Code, ProtocolError, cut, invalid_params
from image_store_mcp.protocol.versions import WITH_TASKS, legacy_version

if TYPE_CHECKING:
    from collections.abc import Callable

    from image_store_mcp.protocol.context import RequestContext
    from image_store_mcp.protocol.features import ServerFeatures
    from image_store_mcp.protocol.messages import Message
    from image_store_mcp.tools.tool import Tool

_TASKS: dict[str, Any] = {"cancel": {}, "requests": {"tools": {"call": {}}}}
_RELATED_TASK = "io.modelcontextprotocol/related-task"
_TASK_METHODS = ("tasks/get", "tasks/result", "tasks/cancel")


class LegacyMethods:
    """Answers requests of these versions."""

    def __init__(self, features: ServerFeatures) -> None:
        self._features = features
        self._methods: dict[str, Callable[[Message, RequestContext], dict[str, Any]]] = {
            "initialize": self._initialize,
            "ping": lambda *_: {},
            "tools/list": self._list_tools,
            "tools/call": self._call_tool,
            "resources/list": self._list_resources,
            "resources/templates/list": self._list_templates,
            "resources/read": self._read_resource,
            "tasks/get": self._get_task,
            "tasks/result": self._get_task_result,
            "tasks/cancel": self._cancel_task,
        }

    def result(self, message: Message, context: RequestContext) -> dict[str, Any]:
        """The result of a request, or ProtocolError."""
        method = self._methods.get(message.method)
        if method is None or (message.method in _TASK_METHODS and context.version != WITH_TASKS):
            raise ProtocolError(Code.METHOD_NOT_FOUND, f"Method not found: {cut(message.method)}")
        return method(message, context)

    def _initialize(self, message: Message, _: RequestContext) -> dict[str, Any]:
        if not isinstance(message.params.get("protocolVersion"), str):
            raise invalid_params("protocolVersion must be a string.")
        version = legacy_version(message.params["protocolVersion"])
        return {
            "protocolVersion": version,
            "capabilities": {
                "tools": {},
                "resources": {},
                **({"tasks": _TASKS} if version == WITH_TASKS else {}),
            },
            "serverInfo": self._features.info,
            "instructions": self._features.instructions,
        }

    def _list_tools(self, message: Message, context: RequestContext) -> dict[str, Any]:
        results.require_first_page(message.params)
        return {"tools": [_tool_description(tool, context) for tool in self._features.tools]}

    def _call_tool(self, message: Message, context: RequestContext) -> dict[str, Any]:
        tool, arguments = results.tool_and_arguments(self._features, message.params)
        as_task = context.version == WITH_TASKS and message.params.get("task") is not None
        if as_task and tool.start is None:
            raise ProtocolError(Code.METHOD_NOT_FOUND, f"{tool.name} cannot be called as a task.")
        store = context.store()
        result = tool.call(store, arguments, as_task=as_task)
        if not as_task:
            return results.call_result(result)
        job = results.task(store, result)
        if job is None:
            # The arguments were wrong, or the store refused them; a result cannot stand for a task.
            raise invalid_params(result.text)
        return {"task": tasks.legacy_task(job)}

    def _list_resources(self, message: Message, _: RequestContext) -> dict[str, Any]:
        results.require_first_page(message.params)
        return {"resources": []}

    def _list_templates(self, message: Message, _: RequestContext) -> dict[str, Any]:
        results.require_first_page(message.params)
        return {"resourceTemplates": []}

    def _read_resource(self, message: Message, context: RequestContext) -> dict[str, Any]:
        return results.contents(self._features, context, message.params, missing=Code.RESOURCE_NOT_FOUND)

    def _get_task(self, message: Message, context: RequestContext) -> dict[str, Any]:
        return tasks.legacy_task(tasks.job_of(context.store(), message.params))

    def _get_task_result(self, message: Message, context: RequestContext) -> dict[str, Any]:
        job = tasks.ended_job(context, message.params)
        result = results.call_result(self._features.job_result(job))
        return {**result, "_meta": {_RELATED_TASK: {"taskId": job["id"]}}}

    def _cancel_task(self, message: Message, context: RequestContext) -> dict[str, Any]:
        store = context.store()
        status = tasks.status_of(tasks.job_of(store, message.params))
        if status != "working":
            raise invalid_params(f"The task has already ended: it is {status}.")
        return tasks.legacy_task(tasks.cancelled_job(store, message.params))


def _tool_description(tool: Tool, context: RequestContext) -> dict[str, Any]:
    description = results.tool_description(tool)
    if tool.start is not None and context.version == WITH_TASKS:
        return {**description, "execution": {"taskSupport": "optional"}}
    return description
