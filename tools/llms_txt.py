"""Write `llms.txt`, the index of the documentation for language models: `python -m tools.llms_txt`.

Its form is that of https://llmstxt.org: a title, a summary, paragraphs, and sections of links with a note each. A
section `Optional` may be left out by readers with little room. The summary is that of README.md, the rest the index
of `docs`.
"""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
INDEX = ROOT / "docs/README.md"
LLMS = ROOT / "llms.txt"
OPTIONAL = {"Contribute": "Optional"}
"""Sections that a reader who uses or runs the store does not need."""


def written() -> str:
    """The file, with links that are relative to it."""
    title, summary = README.read_text("utf-8").split("\n\n")[:2]
    _, _, index = INDEX.read_text("utf-8").partition("\n\n")
    sections = re.sub(r"(?<=^## ).+$", lambda name: OPTIONAL.get(name[0], name[0]), index, flags=re.MULTILINE)
    links = re.sub(r"\]\((?!https?:)([^)]+)\)", lambda link: f"]({from_the_root(link[1])})", sections)
    return f"{title}\n\n> {' '.join(summary.splitlines())}\n\n{links}"


def from_the_root(link: str) -> str:
    """A link of the index as a link of a file at the root."""
    return link.removeprefix("../") if link.startswith("../") else f"docs/{link}"


if __name__ == "__main__":
    LLMS.write_text(written(), "utf-8")
