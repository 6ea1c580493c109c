"""Stand-ins for the providers: each speaks one wire format and draws a real picture for every prompt.

Each is the `STAND_IN` of the module with its provider's name.
"""

import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

# The registry of providers is part of the store's code, which is not installed where the local stack runs.
sys.path.append(str(Path(__file__).resolve().parents[2] / "layers/shared"))

from image_store.domain.generation.providers import Provider

if TYPE_CHECKING:
    from local.providers.stand_in import StandIn

STAND_INS: "tuple[StandIn, ...]" = tuple(
    import_module(f"{__name__}.{provider}").STAND_IN for provider in reversed(Provider)
)
"""All stand-ins, in the order in which a local stack uses them: a stack with real keys uses the reverse."""
