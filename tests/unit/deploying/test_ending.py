"""The end of a deployment: it waits until the new API answers and reaches its table, and no longer than a minute."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import httpx
import pytest

from image_store_cli.command_line.parser import build_parser
from image_store_cli.context import Context
from image_store_cli.deploying.ending import POLL_SECONDS, READY_SECONDS, wait_for_api
from image_store_cli.display.output import Output
from image_store_cli.errors import Unavailable
from tests.unit.cli.terminal import environment_for, problem

if TYPE_CHECKING:
    from pathlib import Path

NO_TABLE = ("/v1/images", 503)
MOST_WAITS = [POLL_SECONDS] * (READY_SECONDS // POLL_SECONDS)


class NewApi:
    """An API whose first answers are errors; what has no error left answers."""

    def __init__(self, *errors: tuple[str, int]) -> None:
        self.errors = list(errors)
        self.is_broken = ""
        self.waits: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        path = request.url.path
        if path == self.is_broken:
            return problem(503, "storage_unavailable")
        for error in self.errors:
            if error[0] == path:
                self.errors.remove(error)
                return problem(error[1], "storage_unavailable")
        return httpx.Response(200, json={"items": [], "next_cursor": None})

    def context(self, folder: Path) -> Context:
        """The context of a deployment that has just ended."""
        return Context(
            build_parser().parse_args(["doctor"]),
            environment=environment_for(folder, "https://store.example"),
            folder=folder,
            out=Output(stdout=io.StringIO(), stderr=io.StringIO()),
            http=httpx.Client(transport=httpx.MockTransport(self)),
            sleep=self.waits.append,
        )


def test_an_api_that_answers_is_not_waited_for(tmp_path: Path) -> None:
    api = NewApi()

    wait_for_api(api.context(tmp_path))

    assert api.waits == []


def test_an_api_that_does_not_reach_its_table_yet_is_waited_for(tmp_path: Path) -> None:
    api = NewApi(("/config.json", 404), *[NO_TABLE] * 12)

    wait_for_api(api.context(tmp_path))

    assert api.errors == []
    assert POLL_SECONDS in api.waits


def test_a_table_that_stays_away_is_left_to_the_doctor(tmp_path: Path) -> None:
    api = NewApi()
    api.is_broken = "/v1/images"

    wait_for_api(api.context(tmp_path))

    assert [wait for wait in api.waits if wait == POLL_SECONDS][: len(MOST_WAITS)] == MOST_WAITS


def test_an_api_that_never_answers_ends_the_command(tmp_path: Path) -> None:
    api = NewApi()
    api.is_broken = "/config.json"

    with pytest.raises(Unavailable, match="does not answer yet"):
        wait_for_api(api.context(tmp_path))

    assert api.waits == MOST_WAITS
