"""How much a run may remove that no due row asked for."""

from dataclasses import dataclass

ALWAYS_ALLOWED = 10
_ONE_IN = 100


@dataclass(slots=True, kw_only=True)
class Allowance:
    """At most `most`, and beyond ten no more than 1 % of what the run has looked at.

    A wrong bucket name or a table that was restored to yesterday makes everything look like garbage; a run that
    meets this stops and leaves the decision to a person.
    """

    most: int
    used: int = 0

    def take(self, wanted: int, *, examined: int) -> bool:
        """Take a number of removals, all of them or none; False when that is too many."""
        room = min(self.most, max(ALWAYS_ALLOWED, examined // _ONE_IN)) - self.used
        if wanted > room:
            return False
        self.used += wanted
        return True
