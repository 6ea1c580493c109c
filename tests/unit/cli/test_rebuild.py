"""`image-store rebuild`: it waits for minutes and tells so, and an interruption leaves figures as they were."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from image_store_cli.command_line.parser import build_parser
from image_store_cli.commands.rebuild import FUNCTION
from image_store_cli.context import Context
from image_store_cli.display.output import Output
from image_store_cli.exits import Exit
from image_store_cli.main import run
from tests.unit.cli.terminal import environment_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def rebuilt(folder: Path, *states: dict[str, Any], sleep: Callable[[float], None]) -> tuple[int, str]:
    """Rebuild with a function that answers these states; answer the exit code and what stderr said."""
    answers = iter(states)

    def invoke(**_: Any) -> dict[str, Any]:
        return {"Payload": io.BytesIO(json.dumps(next(answers)).encode())}

    err = io.StringIO()
    context = Context(
        build_parser().parse_args(["rebuild", "--yes"]),
        environment=environment_for(folder),
        folder=folder,
        stdin=io.StringIO(),
        out=Output(as_json=False, quiet=False, stdout=io.StringIO(), stderr=err),
        http=None,
        sleep=sleep,
    )
    stack = SimpleNamespace(name="image-store", resources={FUNCTION: "rebuild"})
    client = SimpleNamespace(invoke=invoke)
    context.__dict__["account"] = SimpleNamespace(
        stack=stack, place="the stack", client=lambda *_, **__: client, close=lambda: None
    )
    return run(context), err.getvalue()


def begun() -> dict[str, Any]:
    """The answer of the first run."""
    begins_at = datetime.now(UTC) + timedelta(minutes=2)
    return {"finished": False, "examined": 0, "begins_at": begins_at.isoformat()}


def test_the_wait_before_it_continues_is_reported(tmp_path: Path) -> None:
    waits: list[float] = []

    code, output = rebuilt(tmp_path, begun(), {"finished": True, "examined": 7}, sleep=waits.append)

    assert code == Exit.OK
    assert "It continues in 1" in output
    assert 100 < waits[0] <= 120


def test_an_interruption_reports_that_figures_stay_old_until_it_is_repeated(tmp_path: Path) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    code, output = rebuilt(tmp_path, begun(), sleep=interrupt)

    assert code == Exit.INTERRUPTED
    assert "Repeat the command to continue." in output
