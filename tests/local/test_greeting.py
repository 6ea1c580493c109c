"""The text that is printed when the stack is ready."""

from datetime import UTC, datetime
from pathlib import Path

from local.greeting import greeting
from local.issuer import Issuer
from local.settings import LocalSettings


def test_the_greeting_has_a_command_for_a_token_and_no_token(tmp_path: Path) -> None:
    issuer = Issuer(url="http://localhost:28080", keys=(), now=lambda: datetime.now(UTC))
    settings = LocalSettings(port=8080, state=Path("/s"))

    text = greeting(settings, issuer=issuer, sample=Path("/s/sample.jpg"), log=Path("/s/log"))

    assert "export TOKEN=$(curl -sS 'http://localhost:28080/token?sub=alice')" in text
    assert "http://localhost:8080/v1/keys" in text
    assert "http://localhost:8080/mcp" in text
    assert 'TEMPLATE_PARAMETERS="AllowedOrigins=http://localhost:8080,http://localhost:5173" make run' in text
    assert "eyJ" not in text
    assert "isk_" not in text
    assert max(map(len, text.splitlines())) < 180
