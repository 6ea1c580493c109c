"""Albums, tags and the trash as places of the console (I3)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from playwright.sync_api import expect

from tests.e2e.console.conftest import PHONE
from tests.e2e.console.landscapes import landscape_jpeg
from tests.e2e.console.test_bringing import STANDARDS, faults_of
from tests.e2e.test_find import eventually
from tests.e2e.test_images import upload

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from playwright.sync_api import FilePayload, Page

    from tests.e2e.conftest import Stack
    from tests.e2e.console.conftest import Pages

SMALL = (360, 240)


def counts(client: httpx.Client, kind: str) -> dict[str, int]:
    """Groups or tags with their images, as the store counts them."""
    name = kind.removesuffix("s")
    return {item[name]: item["images"] for item in client.get(f"/v1/{kind}").json()["items"]}


def pictures(client: httpx.Client, number: int, **attributes: Any) -> list[str]:
    """Store some pictures, and answer their ids."""
    return [
        upload(client, landscape_jpeg(each, size=SMALL), alt_text=f"Hills {each}", **attributes)["id"]
        for each in range(number)
    ]


def file_of(number: int, name: str) -> FilePayload:
    """A picture as somebody picks it."""
    return {"name": name, "mimeType": "image/jpeg", "buffer": landscape_jpeg(number, size=SMALL)}


def fits(page: Page) -> bool:
    """Whether nothing is wider than the window."""
    wide, room = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    return bool(wide <= room)


def test_an_album_is_created_filled_named_covered_and_ended_with_the_keyboard(
    pages: Pages, stack: Stack, look: Callable[[Page, str], None]
) -> None:
    owner = f"albums-{uuid4()}"
    page = pages.open("#/albums", owner=owner)
    expect(page.get_by_role("heading", name="No album yet")).to_be_visible()
    page.get_by_role("button", name="New album").first.press("Enter")
    page.get_by_label("Title").fill("<b>Hills</b>")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="<b>Hills</b>")).to_be_visible()
    expect(page.get_by_role("heading", name="No image in this album")).to_be_visible()
    group = re.sub(r".*#/groups/album%3A", "album:", page.url)
    with stack.http(owner) as client:
        oldest = pictures(client, 3)[0]
        page.get_by_role("button", name="Add pictures").first.press("Enter")
        for number in range(3):
            page.get_by_role("checkbox", name=f"Hills {number}").press("Space")
        page.get_by_role("button", name="Use 3 images").press("Enter")
        expect(page.get_by_text("3 images added.")).to_be_visible()
        expect(page.locator(".tile")).to_have_count(3)
        eventually(lambda: counts(client, "groups"), {group: 3})

        page.get_by_role("link", name="Albums").first.press("Enter")
        album = page.get_by_role("link", name="<b>Hills</b> 3 images")
        expect(album.locator("img")).to_be_attached()
        assert faults_of(page, STANDARDS) == []
        look(page, "albums-light-1280")
        album.press("Enter")
        expect(page.locator(".tile")).to_have_count(3)
        expect(page.locator(".result-count")).to_have_text("3 images")

        page.get_by_role("button", name="More for this album").press("Enter")
        page.get_by_role("button", name="Rename").press("Enter")
        page.get_by_label("Title").fill("Mountains")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Mountains")).to_be_visible()

        page.get_by_role("button", name="More for this album").press("Enter")
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Upload pictures").press("Enter")
        chooser.value.set_files([file_of(7, "more.jpg")])
        expect(page.locator(".tile")).to_have_count(4)
        expect(page.locator(".result-count")).to_have_text("4 images")

        page.get_by_role("button", name="More for this album").press("Enter")
        page.get_by_role("button", name="Choose cover").press("Enter")
        choices = page.get_by_role("dialog", name="Cover of “Mountains”")
        expect(choices.get_by_role("button", name="more.jpg")).to_have_attribute("aria-pressed", "true")
        assert faults_of(page, STANDARDS) == []
        choices.get_by_role("button", name="Hills 0").press("Enter")
        expect(choices).to_have_count(0)
        assert client.get(f"/v1/groups/{group}").json()["cover"]["id"] == oldest

        page.get_by_role("button", name="More for this album").press("Enter")
        page.get_by_role("button", name="Delete album").press("Enter")
        expect(page.get_by_label("Keep the images")).to_be_checked()
        page.get_by_label("Move the images to the trash").check()
        assert faults_of(page, STANDARDS) == []
        page.get_by_role("dialog").get_by_role("button", name="Delete album").press("Enter")
        expect(page.get_by_text("“Mountains” is deleted. 4 images moved to the trash.")).to_be_visible()
        expect(page.get_by_role("heading", name="Albums")).to_be_visible()
        assert client.get(f"/v1/groups/{group}").status_code == 404


def test_groups_of_other_types_have_their_place_and_can_be_named(pages: Pages, stack: Stack) -> None:
    owner = f"groups-{uuid4()}"
    with stack.http(owner) as client:
        pictures(client, 1, group="conversation:c1")
        client.post("/v1/groups", json={"type": "album", "id": "a1", "title": "An album"})
        eventually(lambda: counts(client, "groups"), {"album:a1": 0, "conversation:c1": 1})
    page = pages.open("#/groups", owner=owner)
    expect(page.get_by_role("heading", name="Conversation")).to_be_visible()
    expect(page.get_by_text("An album")).to_have_count(0)
    page.get_by_role("link", name="c1 1 image").click()
    page.get_by_role("button", name="More for this conversation").click()
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("Title").fill("About foxes")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", name="About foxes")).to_be_visible()
    page.get_by_role("link", name="Groups · Conversation").click()
    expect(page.get_by_role("link", name="About foxes 1 image")).to_be_visible()
    assert faults_of(page, STANDARDS) == []


def test_a_tag_leads_to_its_images_is_renamed_into_another_and_removed(
    pages: Pages, stack: Stack, look: Callable[[Page, str], None]
) -> None:
    owner = f"tags-{uuid4()}"
    with stack.http(owner) as client:
        pictures(client, 2, tag="lake")
        pictures(client, 1, tag="water")
        eventually(lambda: counts(client, "tags"), {"lake": 2, "water": 1})
        page = pages.open("#/tags", owner=owner, size=PHONE, scheme="dark")
        page.get_by_label("Order").select_option("Most images")
        expect(page.locator(".tag-list a b")).to_have_text(["lake", "water"])
        page.get_by_label("Find a tag").fill("wat")
        expect(page.locator(".tag-list a b")).to_have_text(["water"])
        page.get_by_label("Find a tag").fill("")
        assert faults_of(page, STANDARDS) == []
        assert fits(page)
        look(page, "tags-dark-360")
        page.get_by_role("link", name="lake 2 images").click()
        expect(page.locator(".tile")).to_have_count(2)
        expect(page.locator(".result-count")).to_have_text("2 images")
        page.go_back()

        page.get_by_role("button", name="More for the tag lake").click()
        page.get_by_role("button", name="Rename").click()
        name = page.get_by_role("combobox", name="New name")
        name.fill("wa")
        expect(page.locator(".suggestions [role=option]")).to_contain_text(["water"])
        name.press("ArrowDown")
        name.press("Enter")
        expect(name).to_have_value("water")
        assert faults_of(page, STANDARDS) == []
        name.press("Enter")
        expect(page.get_by_text("2 images with “water” now.")).to_be_visible()
        eventually(lambda: counts(client, "tags"), {"water": 3})

        page.reload()
        page.get_by_role("button", name="More for the tag water").click()
        page.get_by_role("button", name="Remove from all images").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        expect(page.get_by_text("3 images without “water” now.")).to_be_visible()
        eventually(lambda: counts(client, "tags"), {})


def test_the_trash_says_how_long_and_is_restored_and_emptied_as_a_whole(
    pages: Pages, stack: Stack, look: Callable[[Page, str], None]
) -> None:
    owner = f"trash-{uuid4()}"
    with stack.http(owner) as client:
        ids = pictures(client, 3)
        client.post("/v1/images/batch-delete", json={"ids": ids})
        eventually(lambda: client.get("/v1/stats").json()["trash"]["images"], 3)
        page = pages.open("#/trash", owner=owner)
        expect(page.locator(".tile-note")).to_have_text(["7 days left"] * 3)
        expect(page.locator(".result-count")).to_have_text("3 images")
        assert faults_of(page, STANDARDS) == []
        look(page, "trash-light-1280")
        page.get_by_role("button", name="Restore all").click()
        expect(page.get_by_text("3 images come back")).to_be_visible()
        page.get_by_role("dialog").get_by_role("button", name="Restore all").click()
        expect(page.get_by_text("3 images restored.")).to_be_visible()
        expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()
        expect(page.get_by_role("button", name="Empty trash")).to_be_hidden()
        assert len(client.get("/v1/images").json()["items"]) == 3

        client.post("/v1/images/batch-delete", json={"ids": ids[:2]})
        eventually(lambda: client.get("/v1/stats").json()["trash"]["images"], 2)
        page.reload()
        page.get_by_role("button", name="Empty trash").click()
        expect(page.get_by_text("2 images are deleted for good.")).to_be_visible()
        page.get_by_role("dialog").get_by_role("button", name="Delete for good").click()
        expect(page.get_by_text("2 images deleted for good.")).to_be_visible()
        assert client.get(f"/v1/images/{ids[0]}").status_code == 404
        assert client.get(f"/v1/images/{ids[2]}").status_code == 200
