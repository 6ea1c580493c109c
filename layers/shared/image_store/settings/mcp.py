"""How clients of the Model Context Protocol may use the store over HTTP."""

from dataclasses import dataclass
from typing import Self

from image_store.settings.variables import Variables

ANY_ORIGIN = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class McpSettings:
    """Which pages may use the tools for AI clients, and whether people can sign in there."""

    signs_in: bool
    """Whether clients find out where a person signs in; without it they need an API key."""
    origins: frozenset[str]
    """Origins of pages, or `*` for all."""

    @classmethod
    def from_env(cls, variables: Variables) -> Self:
        """Read the settings of `/mcp`."""
        return cls(
            signs_in=variables.flag("MCP_SIGN_IN", default=True),
            origins=frozenset(variables.entries("ALLOWED_ORIGINS") or (ANY_ORIGIN,)),
        )

    def allows(self, origin: str, *, own: str) -> bool:
        """Whether pages of an origin may use the tools; those of the API itself always may."""
        return origin == own or not self.origins.isdisjoint({origin, ANY_ORIGIN})
