"""Lets AI clients use the store: the Model Context Protocol over HTTP, one message a request; and where to sign in.

The tools call this same API with the credential of the caller, so whatever the API checks is checked there, and this
function has no permission of its own.
"""

from image_store.bootstrap import application
from image_store.entrypoints.callers.mcp_endpoint import McpEndpoint
from image_store_mcp.connections import Connections

connections = Connections()
endpoint = McpEndpoint(lambda: application().settings, lambda: connections)

lambda_handler = endpoint.handler()
