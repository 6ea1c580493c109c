"""Counts credentials that were refused, what the limits of API keys refused, and issuers without readable keys."""

from collections.abc import Callable

from image_store.domain.callers.issuers import TrustedIssuer
from image_store.entrypoints.operations.observability import log_metric, logger

REFUSED = "CredentialsRefused"
LIMITED = "KeyLimitRefusals"
KEYS_UNREADABLE = "IssuerKeysUnreadable"


def count_refusal(code: str, *, namespace: str) -> None:
    """Count a refusal; the line of the log has its code, and nothing of the credential."""
    log_metric(REFUSED, 1, unit="Count", namespace=namespace, code=code)


def count_key_refusal(code: str, *, namespace: str) -> None:
    """Count what a limit or a budget of an API key refused: a request, or one image of a batch."""
    log_metric(LIMITED, 1, unit="Count", namespace=namespace, dimension="service", code=code)


def unreadable_keys_report(namespace: str) -> Callable[[TrustedIssuer, str], None]:
    """Return a function that logs and counts an issuer whose keys cannot be read."""

    def report(issuer: TrustedIssuer, reason: str) -> None:
        logger.error("the keys of an issuer cannot be read", issuer=issuer.issuer, reason=reason)
        log_metric(KEYS_UNREADABLE, 1, unit="Count", namespace=namespace)

    return report
