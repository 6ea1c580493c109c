"""Reads how full the deployment is, for the alarms on storage and budget."""

from dataclasses import dataclass

from image_store.domain.generation.budget import Budgets
from image_store.domain.operations.statistics import Amount
from image_store.ports.generation import Generations
from image_store.ports.operations import Figures
from image_store.ports.system import Clock


@dataclass(frozen=True, slots=True)
class FillLevel:
    """How full the deployment is at one moment."""

    stored: Amount
    """Of all owners, including the trash."""
    budget_used: float | None
    """Percent of the deployment's fuller budget; None without a budget."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FillLevelReader:
    """Reads counters that others keep: a dozen rows, however much is stored."""

    figures: Figures
    generations: Generations
    budgets: Budgets
    clock: Clock

    def read(self) -> FillLevel:
        """The current fill level; StorageUnavailable if the table does not answer."""
        day, month = self.generations.spending(None, on=self.clock.now())
        return FillLevel(self.figures.total(), self.budgets.deployment_used(day, month))
