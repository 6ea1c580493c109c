"""Providers of generated images: requests, results and failures."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Literal

from image_store.domain.images.media import MediaType


# The registry of providers: `catalogue` says where the parts of each are. A local stack with several real keys prefers
# the providers in this order.
class Provider(StrEnum):
    """The providers that can make images."""

    GOOGLE = "google"
    OPENAI = "openai"
    CLOUDFLARE = "cloudflare"
    POLLINATIONS = "pollinations"


class Unit(StrEnum):
    """Units that providers count and charge for."""

    TEXT_INPUT_TOKEN = "text_input_token"  # noqa: S105 - what models count
    IMAGE_INPUT_TOKEN = "image_input_token"  # noqa: S105 - what models count
    TEXT_OUTPUT_TOKEN = "text_output_token"  # noqa: S105 - what models count
    """Includes thoughts."""
    IMAGE_OUTPUT_TOKEN = "image_output_token"  # noqa: S105 - what models count
    IMAGE = "image"
    TILE = "tile"
    """512 by 512 pixels."""
    STEP = "step"


Background = Literal["auto", "opaque", "transparent"]
"""The background of a picture; `auto` leaves it to the model."""
OutputFormat = Literal["png", "jpeg", "webp"]
"""The file format of a picture."""

Usage = Mapping[Unit, int]
"""The number of each unit that a call took."""


class Reason(StrEnum):
    """Why a call failed; clients see these codes, so they are stable."""

    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    BAD_ANSWER = "bad_answer"
    """The answer broke off, or does not match the documentation."""
    LOST = "lost"
    """The worker ended during the call, so the result is unknown."""
    REFUSED = "refused"
    """The provider's policy does not allow it."""
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
"""Failures that may pass when the call is repeated."""

NOT_OF_THE_PROVIDER = frozenset({Reason.REFUSED, Reason.BAD_REQUEST, Reason.LOST})
"""Failures caused by the request or the store; they do not count against a provider."""

OF_A_KEY = frozenset({Reason.RATE_LIMITED, Reason.BAD_KEY, Reason.NO_BALANCE, Reason.NO_MODEL})
"""Failures that do not count against a provider if the key is an owner's own."""

OF_THE_PROVIDER = frozenset({Reason.BAD_KEY, Reason.NO_BALANCE, Reason.NO_MODEL})
"""Failures caused by the account with a provider, not by the request: another provider may make the image."""


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
        """The usage that the provider counted although the call failed."""
        self.usage_is_readable = usage_is_readable
        self.is_paid = is_paid
        """Whether the provider answered as if it had made an image; another call would be paid again."""

    @property
    def is_transient(self) -> bool:
        """Whether another call may succeed without paying for the same image twice."""
        return self.reason in TRANSIENT and not self.is_paid


@dataclass(frozen=True, slots=True)
class ProviderKey:
    """The credentials of a provider; the text form hides the secret."""

    secret: str = field(repr=False)
    account: str = ""
    """The account id, if the provider needs one."""


@dataclass(frozen=True, slots=True)
class Reference:
    """An image that a new one is made from."""

    data: bytes = field(repr=False)
    media_type: MediaType


def in_words(prompt: str, negative_prompt: str | None) -> str:
    """A prompt that contains the negative prompt in words."""
    return f"{prompt}\n\nAvoid: {negative_prompt}" if negative_prompt else prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRequest:
    """One image as it is requested from a provider."""

    model: str
    prompt: str
    negative_prompt: str | None = None
    width: int
    height: int
    quality: str | None = None
    seed: int | None = None
    """None if the model takes no seed."""
    background: Background | None = None
    output_format: OutputFormat | None = None
    references: tuple[Reference, ...] = ()

    @property
    def in_words(self) -> str:
        """The prompt for a model without negative prompts."""
        return in_words(self.prompt, self.negative_prompt)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderPicture:
    """A picture that a provider made."""

    data: bytes = field(repr=False)
    usage: Usage | None = None
    """As the provider counted it; None if it does not report usage."""
    usage_is_readable: bool = True
    """Whether the reported usage could be read."""
    params: Mapping[str, Any] = field(default_factory=dict)
    """The parameters sent beside the prompt, so that the image can be made again."""
    pictures: int = 1
    """The number of pictures in the answer; the first one is stored."""
