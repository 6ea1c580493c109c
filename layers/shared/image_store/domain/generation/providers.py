"""Providers of generated images: what is asked of them, what they answer, and how they fail."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from image_store.domain.images.media import MediaType


class Provider(StrEnum):
    """Who can make images."""

    GOOGLE = "google"
    OPENAI = "openai"
    CLOUDFLARE = "cloudflare"
    POLLINATIONS = "pollinations"


class Unit(StrEnum):
    """What providers count and charge for."""

    TEXT_INPUT_TOKEN = "text_input_token"  # noqa: S105 - what models count
    IMAGE_INPUT_TOKEN = "image_input_token"  # noqa: S105 - what models count
    TEXT_OUTPUT_TOKEN = "text_output_token"  # noqa: S105 - what models count
    """Thoughts among it."""
    IMAGE_OUTPUT_TOKEN = "image_output_token"  # noqa: S105 - what models count
    IMAGE = "image"
    TILE = "tile"
    """512 by 512 pixels."""
    STEP = "step"


Usage = Mapping[Unit, int]
"""How much of each unit a call took."""


class Reason(StrEnum):
    """Why a call failed; stable, as clients see it."""

    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    BAD_ANSWER = "bad_answer"
    """The answer broke off, or is not what the provider documents."""
    LOST = "lost"
    """The worker ended during the call; nobody knows the answer."""
    REFUSED = "refused"
    """Against the provider's policy."""
    BAD_KEY = "bad_key"
    NO_BALANCE = "no_balance"
    BAD_REQUEST = "bad_request"
    NO_MODEL = "no_model"


TRANSIENT = frozenset(
    {
        Reason.RATE_LIMITED,
        Reason.UNAVAILABLE,
        Reason.TIMEOUT,
        Reason.CONNECTION,
        Reason.BAD_ANSWER,
        Reason.LOST,
    }
)
"""What may go better when it is tried again."""

NOT_OF_THE_PROVIDER = frozenset({Reason.REFUSED, Reason.BAD_REQUEST, Reason.LOST})
"""What lies in the request or with us, and so says nothing of how well a provider works."""

OF_A_KEY = frozenset({Reason.RATE_LIMITED, Reason.BAD_KEY, Reason.NO_BALANCE, Reason.NO_MODEL})
"""What says nothing of a provider either when the key is an owner's own."""

OF_THE_PROVIDER = frozenset({Reason.BAD_KEY, Reason.NO_BALANCE, Reason.NO_MODEL})
"""What lies in our account with a provider and not in the request: another provider may do it."""


class ProviderFailure(Exception):
    """A provider did not make an image; the message is safe to show and never carries a key."""

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        retry_after: timedelta | None = None,
        usage: "Usage | None" = None,
        usage_is_readable: bool = True,
        is_paid: bool = False,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.retry_after = retry_after
        self.usage = usage
        """What the provider counted for the call all the same."""
        self.usage_is_readable = usage_is_readable
        self.is_paid = is_paid
        """Whether the provider answered as if it had made an image. To call it again would be to pay again."""

    @property
    def transient(self) -> bool:
        """Whether trying again may help, and does not pay for the same image twice."""
        return self.reason in TRANSIENT and not self.is_paid


@dataclass(frozen=True, slots=True)
class ProviderKey:
    """What opens a provider to us; its text form tells nothing."""

    secret: str = field(repr=False)
    account: str = ""
    """Cloudflare's account id; empty for the others."""


@dataclass(frozen=True, slots=True)
class Reference:
    """An image that a new one is made from."""

    data: bytes = field(repr=False)
    media_type: MediaType


def in_words(prompt: str, negative_prompt: str | None) -> str:
    """A prompt that tells in words what must not be seen."""
    return f"{prompt}\n\nAvoid: {negative_prompt}" if negative_prompt else prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRequest:
    """One image, as it is asked of a provider."""

    model: str
    prompt: str
    negative_prompt: str | None = None
    width: int
    height: int
    quality: str | None = None
    seed: int | None = None
    """None where the model knows no seeds."""
    references: tuple[Reference, ...] = ()

    @property
    def in_words(self) -> str:
        """The prompt for a model that knows no negative one."""
        return in_words(self.prompt, self.negative_prompt)


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedImage:
    """What a provider made."""

    data: bytes = field(repr=False)
    usage: Usage | None = None
    """As the provider counted it; None when it does not say."""
    usage_is_readable: bool = True
    """Whether what the provider said of usage could be read."""
    params: Mapping[str, Any] = field(default_factory=dict)
    """What was sent besides the prompt, so that the image can be made again."""
    pictures: int = 1
    """How many pictures the answer holds; the first one is kept."""
