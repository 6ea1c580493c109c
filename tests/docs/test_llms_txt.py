"""`llms.txt` is what the index of the documentation makes of it, in the form of https://llmstxt.org."""

import re

from tools.llms_txt import LLMS, ROOT, written

LINK = re.compile(r"- \[[^\]]+\]\(([^)]+)\): .+")


def test_llms_txt_is_what_the_index_makes_of_it() -> None:
    assert LLMS.read_text("utf-8") == written()


def test_llms_txt_has_a_title_a_summary_and_sections_of_links_that_exist() -> None:
    head, *sections = LLMS.read_text("utf-8").split("\n## ")
    title, summary, *_ = head.split("\n\n")
    lines = [line for section in sections for line in section.splitlines()[1:] if line]

    links = [LINK.fullmatch(line) for line in lines]

    assert re.fullmatch("# .+", title)
    assert re.fullmatch("> .+", summary)
    assert len(sections) > 3
    assert all(link and (ROOT / link[1]).exists() for link in links)


def test_a_reader_with_little_room_can_leave_out_what_contributors_need() -> None:
    _, _, optional = LLMS.read_text("utf-8").partition("\n## Optional\n")

    assert "CONTRIBUTING.md" in optional
    assert "\n## " not in optional
