"""The AI clients that `image-store mcp install` knows, and their configuration files."""
