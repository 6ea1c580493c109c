"""Parses the Cache-Control that an uploader sets for public copies.

Only directives that change how long a copy is cached are allowed (RFC 9111, section 5.2.2, RFC 8246 and RFC 5861).
Only parsed directives reach the object store.
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
            allowed = ", ".join(sorted(_FLAGS | _SECONDS))
            raise InvalidRequest(f"cache_control takes {allowed}; seconds up to {MAX_SECONDS}.")
    return ", ".join(directives)
