"""The client for programs with asyncio. The package `sync` is written from this one by `tools.client_sync`."""
