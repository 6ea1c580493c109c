"""Tables of the documentation that the code writes."""

import re
from collections.abc import Iterable, Mapping

_PART = re.compile(r"(<!-- (?P<name>\w+): written by make openapi -->\n).*?(<!-- end -->)", re.DOTALL)


def with_parts(page: str, parts: Mapping[str, str]) -> str:
    """The page with new content in each marked part; KeyError for a mark without a part."""
    return _PART.sub(lambda part: f"{part[1]}{parts[part['name']]}\n{part[3]}", page)


def table(head: Iterable[object], rows: Iterable[Iterable[object]]) -> str:
    """A table in Markdown."""
    titles = tuple(head)
    lines = [titles, tuple("---" for _ in titles), *map(tuple, rows)]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
