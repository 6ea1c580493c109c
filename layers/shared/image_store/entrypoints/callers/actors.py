"""Who acts in this invocation: said once at its beginning, and written beside every change of a record.

One place for the whole process, and no variable of a context: a Lambda process runs one invocation at a time, and the
threads in which a batch runs have to see it as well.
"""

from aws_lambda_powertools.utilities.typing import LambdaContext

from image_store.domain.callers.actor import UNNAMED, Actor

_acting = UNNAMED


def acting() -> Actor:
    """Who acts."""
    return _acting


def act_as(actor: Actor) -> None:
    """From here on another acts."""
    global _acting
    _acting = actor


def act_as_function(name: str, context: LambdaContext) -> None:
    """From here on the store itself acts, by one of its functions."""
    act_as(Actor.function(name, context.aws_request_id))
