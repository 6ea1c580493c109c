"""The errors of webhooks."""

from image_store.domain.errors.root import ImageStoreError


class WebhookNotFound(ImageStoreError):
    """There is no such webhook for this caller: none at all, or somebody else's."""

    code = "webhook_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such webhook.")


class WebhookDisabled(ImageStoreError):
    """Nothing is sent to the webhook until it is enabled."""

    code = "webhook_disabled"

    def __init__(self) -> None:
        super().__init__("The webhook is disabled; enable it first.")


class EventNotFound(ImageStoreError):
    """The event was not sent to this webhook in the last 30 days."""

    code = "event_not_found"

    def __init__(self) -> None:
        super().__init__(
            "This event was not sent to this webhook in the last 30 days; a replay of its time sends it too."
        )


class TooManyWebhooks(ImageStoreError):
    """The owner has as many webhooks as one owner may have."""

    code = "too_many_webhooks"

    def __init__(self) -> None:
        super().__init__("An owner can have 20 webhooks; delete one that is no longer needed.")


class WebhookUrlNotAllowed(ImageStoreError):
    """The deployment sends nothing to this address; the message is the same whatever the reason is."""

    code = "url_not_allowed"

    def __init__(self) -> None:
        super().__init__(
            "Nothing can be sent to this URL. It must be an https URL with the default port, without a user, at a "
            "host that the deployment allows; http is accepted for the deployment's private networks alone."
        )
