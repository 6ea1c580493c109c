"""The client for programs without asyncio, written from the package `aio` by `tools.client_sync`."""
