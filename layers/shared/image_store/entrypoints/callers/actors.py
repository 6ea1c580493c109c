"""Holds the actor of the current invocation; every change of a record names it.

A global, not a context variable: a Lambda process runs one invocation at a time, and the threads of a batch must see
the actor too.
"""

from aws_lambda_powertools.utilities.typing import LambdaContext

from image_store.domain.callers.actor import UNNAMED, Actor

_current = UNNAMED


def current_actor() -> Actor:
    """The actor of this invocation."""
    return _current


def act_as(actor: Actor) -> None:
    """Set the actor of this invocation."""
    global _current
    _current = actor


def act_as_function(name: str, context: LambdaContext) -> None:
    """Make one of the store's functions the actor."""
    act_as(Actor.function(name, context.aws_request_id))
