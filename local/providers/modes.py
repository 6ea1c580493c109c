"""Failure modes of the stand-ins, and which one applies to a request.

A directive in a prompt asks for a mode: ``[[rate_limited]]``, ``[[dead@openai]]`` (only this provider) or
``[[unavailable*2]]`` (so many times for this prompt). A control document asks for all requests of a provider:
``{"openai": {"mode": "dead", "times": 3}}``; ``{}`` ends it.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

MODES = (
    "slow",
    "very_slow",
    "rate_limited",
    "unavailable",
    "refused",
    "bad_key",
    "no_balance",
    "truncated",
    "garbled",
    "dead",
    "odd",
    "link",
)
"""`odd` is a good picture beside a usage that cannot be read; `link` answers with an address of the picture, as older
models of OpenAI do."""
DIRECTIVE = re.compile(r"\[\[(?P<mode>[a-z_]+)(?:@(?P<provider>[a-z]+))?(?:\*(?P<times>[0-9]+))?\]\]")


class FailureModes:
    """Chooses the failure mode of each request."""

    def __init__(self) -> None:
        self.control: dict[str, dict[str, Any]] = {}
        self._counts: Counter[tuple[str, str, str]] = Counter()

    def mode(self, provider: str, prompt: str) -> str | None:
        """The mode of this request, counted; None if it succeeds."""
        for directive in DIRECTIVE.finditer(prompt):
            if directive["provider"] in {None, provider} and directive["mode"] in MODES:
                if directive["times"] is None:
                    return directive["mode"]
                counter = (provider, prompt, directive["mode"])
                self._counts[counter] += 1
                if self._counts[counter] <= int(directive["times"]):
                    return directive["mode"]
        control = self.control.get(provider)
        if control is None:
            return None
        if "times" in control:
            if control["times"] <= 0:
                return None
            control["times"] -= 1
        mode: str = control["mode"]
        return mode


def is_garbled(provider: str, prompt: str) -> bool:
    """Whether a prompt asks for bytes that are no picture."""
    return any(
        directive["mode"] == "garbled" and directive["provider"] in {None, provider}
        for directive in DIRECTIVE.finditer(prompt)
    )
