"""Which Cache-Control an uploader may ask for.

The directives are those of RFC 9111, section 5.2.2, and RFC 8246 and 5861 that can only make a public copy live longer
or shorter; nothing that was not parsed is ever sent to a store.
"""

from image_store.domain.errors import InvalidRequest

MAX_SECONDS = 31_536_000
_FLAGS = frozenset({"public", "immutable", "must-revalidate", "no-transform"})
_SECONDS = frozenset({"max-age", "s-maxage", "stale-while-revalidate", "stale-if-error"})


def parse_cache_control(text: str) -> str:
    """The directives in their standard form, e.g. `public, max-age=31536000, immutable`; InvalidRequest otherwise."""
    directives = []
    for part in text.lower().split(","):
        name, equals, value = part.strip().partition("=")
        if name in _FLAGS and not equals:
            directives.append(name)
        elif name in _SECONDS and value.isascii() and value.isdecimal() and int(value) <= MAX_SECONDS:
            directives.append(f"{name}={int(value)}")
        else:
            known = ", ".join(sorted(_FLAGS | _SECONDS))
            raise InvalidRequest(f"cache_control takes {known}; seconds up to {MAX_SECONDS}.")
    return ", ".join(directives)
