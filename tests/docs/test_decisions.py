"""The decisions have titles of their own, a fixed form, and an index that lists every topic."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOPICS = sorted((ROOT / "docs/decisions").glob("*.md"))


def decisions() -> list[tuple[str, str]]:
    """Title and text of every decision, in the order of the pages."""
    return [
        (title, text)
        for page in TOPICS
        for title, text in re.findall(r"^## (.+)\n((?:(?!^## ).*\n?)*)", page.read_text(), flags=re.MULTILINE)
    ]


def test_the_index_of_decisions_lists_every_topic() -> None:
    index = ROOT / "docs/decisions.md"
    topics = re.findall(r"\]\(decisions/([\w-]+\.md)\)", index.read_text())

    assert sorted(topics) == [page.name for page in TOPICS]


def test_no_two_decisions_have_the_same_title() -> None:
    titles = [title for title, _ in decisions()]

    assert len(titles) > 200
    assert not [title for title, count in Counter(titles).items() if count > 1]


def test_every_decision_states_what_was_decided_and_what_follows() -> None:
    incomplete = [
        title
        for title, text in decisions()
        if not re.search(r"\*\*Decision:\*\*.*\*\*Consequence:\*\*", text, flags=re.DOTALL)
    ]

    assert not incomplete


def test_a_superseded_decision_links_to_what_replaced_it() -> None:
    unlinked = [
        title
        for title, text in decisions()
        if "> Superseded" in text and not re.search(r"^> Superseded by\s+\[", text, flags=re.MULTILINE)
    ]

    assert not unlinked
