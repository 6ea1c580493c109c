"""Limits the removals of a run that no due row requires."""

from dataclasses import dataclass

ALWAYS_ALLOWED = 10
_ONE_IN = 100


@dataclass(slots=True, kw_only=True)
class Allowance:
    """At most `most` removals; sweeps may remove ten things, or 1 % of those that the run has examined if that is more.

    With a wrong bucket name, or a table that was restored to yesterday, everything looks like garbage. Then a run stops
    and leaves the decision to a person; the number that the person sets is the only limit.
    """

    most: int
    is_set_by_person: bool = False
    """Whether a person set `most` for this run."""
    used: int = 0
    swept: int = 0
    """The part of `used` that sweeps took."""

    def take_for_sweep(self, removals: int, *, examined: int) -> bool:
        """Take the removals of a sweep, all of them or none; False if they are too many."""
        usual = max(ALWAYS_ALLOWED, examined // _ONE_IN) - self.swept
        if (not self.is_set_by_person and removals > usual) or not self.take(removals):
            return False
        self.swept += removals
        return True

    def take(self, removals: int) -> bool:
        """Take removals by the deployment's policies, all of them or none; False if they are too many."""
        if removals > self.most - self.used:
            return False
        self.used += removals
        return True
