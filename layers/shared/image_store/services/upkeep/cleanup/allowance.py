"""Bounds how much a run may remove that no due row asked for."""

from dataclasses import dataclass

ALWAYS_ALLOWED = 10
_ONE_IN = 100


@dataclass(slots=True, kw_only=True)
class Allowance:
    """At most `most`, and of what sweeps find, beyond ten, no more than 1 % of what the run has looked at.

    A wrong bucket name or a table that was restored to yesterday makes everything look like garbage; a run that
    meets this stops and leaves the decision to a person, whose number then counts alone.
    """

    most: int
    decided: bool = False
    """Whether a person named `most` for this run."""
    used: int = 0
    found: int = 0
    """How many of those sweeps found."""

    def take_found(self, wanted: int, *, examined: int) -> bool:
        """Take removals of what a sweep found, all of them or none; False when that is too many."""
        usual = max(ALWAYS_ALLOWED, examined // _ONE_IN) - self.found
        if (not self.decided and wanted > usual) or not self.take(wanted):
            return False
        self.found += wanted
        return True

    def take(self, wanted: int) -> bool:
        """Take removals that the deployment's own rules ask for, all of them or none; False when too many."""
        if wanted > self.most - self.used:
            return False
        self.used += wanted
        return True
