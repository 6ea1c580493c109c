"""List prices in US dollars, each once, without free tiers; docs/costs.md shows them as a table."""

from __future__ import annotations

from dataclasses import dataclass

MILLION = 1_000_000
CHECKED_ON = "2026-11-29"
"""When the sources were last read. Prices of AWS are those of us-east-1."""

_R2 = "https://developers.cloudflare.com/r2/pricing/"
_DYNAMODB = "https://aws.amazon.com/dynamodb/pricing/on-demand/"
_LAMBDA = "https://aws.amazon.com/lambda/pricing/"
_S3 = "https://aws.amazon.com/s3/pricing/"
_CLOUDWATCH = "https://aws.amazon.com/cloudwatch/pricing/"
_CLOUDFRONT = "https://aws.amazon.com/cloudfront/pricing/"
_KMS = "https://aws.amazon.com/kms/pricing/"
_EC2 = "https://aws.amazon.com/ec2/pricing/on-demand/"


@dataclass(frozen=True, slots=True)
class Price:
    """A list price."""

    item: str
    usd: float
    unit: str
    per: int
    """How many of the unit cost that much."""
    source: str

    def of(self, amount: float) -> float:
        """What so many units cost, in dollars."""
        return self.usd * amount / self.per


LAMBDA_TIME = Price("Lambda, time on arm64", 0.0000133334, "GB-second", 1, _LAMBDA)
LAMBDA_REQUESTS = Price("Lambda, requests", 0.20, "request", MILLION, _LAMBDA)
LAMBDA_WARM = Price("Lambda, instances kept warm, arm64", 0.0000033334, "GB-second", 1, _LAMBDA)
HTTP_API = Price("HTTP API", 1.00, "request", MILLION, "https://aws.amazon.com/api-gateway/pricing/")
TABLE_WRITES = Price("DynamoDB, writes on demand", 0.625, "write unit", MILLION, _DYNAMODB)
TABLE_READS = Price("DynamoDB, reads on demand", 0.125, "read unit", MILLION, _DYNAMODB)
TABLE_STORAGE = Price("DynamoDB, storage", 0.25, "GB-month", 1, _DYNAMODB)
TABLE_RECOVERY = Price("DynamoDB, point-in-time recovery", 0.20, "GB-month", 1, _DYNAMODB)
QUEUES = Price("SQS", 0.40, "request", MILLION, "https://aws.amazon.com/sqs/pricing/")
EVENT_BUS = Price(
    "EventBridge, events on a bus", 1.00, "event", MILLION, "https://aws.amazon.com/eventbridge/pricing/"
)
LOGS = Price("CloudWatch, logs", 0.50, "GB", 1, _CLOUDWATCH)
METRICS = Price("CloudWatch, metrics", 0.30, "metric-month", 1, _CLOUDWATCH)
ALARMS = Price("CloudWatch, alarms", 0.10, "metric-month", 1, _CLOUDWATCH)
DASHBOARD = Price("CloudWatch, dashboard", 3.00, "dashboard-month", 1, _CLOUDWATCH)
SECRETS = Price("Secrets Manager", 0.40, "secret-month", 1, "https://aws.amazon.com/secrets-manager/pricing/")
KEY = Price("KMS, key", 1.00, "key-month", 1, _KMS)
KEY_CALLS = Price("KMS, calls", 0.03, "call", 10_000, _KMS)
FROM_AWS = Price("AWS, transfer to the internet", 0.09, "GB", 1, _EC2)
BETWEEN_REGIONS = Price("AWS, transfer to another region", 0.02, "GB", 1, _EC2)
CDN_TRANSFER = Price("CloudFront, transfer", 0.085, "GB", 1, _CLOUDFRONT)
CDN_REQUESTS = Price("CloudFront, requests", 1.00, "request", MILLION, _CLOUDFRONT)


@dataclass(frozen=True, slots=True)
class StorePrices:
    """The prices of a byte store or of one of its storage classes."""

    name: str
    storage: Price
    writes: Price
    """Puts, copies and lists."""
    reads: Price
    retrieval: Price | None = None
    """By the amount read, for classes that charge it."""
    is_aws: bool = True


R2 = StorePrices(
    "R2",
    Price("R2, storage", 0.015, "GB-month", 1, _R2),
    Price("R2, class A: put, copy, list", 4.50, "operation", MILLION, _R2),
    Price("R2, class B: get, head", 0.36, "operation", MILLION, _R2),
    is_aws=False,
)
S3 = StorePrices(
    "S3",
    Price("S3 Standard, storage", 0.023, "GB-month", 1, _S3),
    Price("S3 Standard, put, copy, list", 5.00, "request", MILLION, _S3),
    Price("S3 Standard, get, head", 0.40, "request", MILLION, _S3),
)
S3_IA = StorePrices(
    "S3 Standard-IA",
    Price("S3 Standard-IA, storage (at least 30 days)", 0.0125, "GB-month", 1, _S3),
    Price("S3 Standard-IA, put", 10.00, "request", MILLION, _S3),
    Price("S3 Standard-IA, get", 1.00, "request", MILLION, _S3),
    Price("S3 Standard-IA, retrieval", 0.01, "GB", 1, _S3),
)

STORES = {"r2": R2, "s3": S3}
BACKUPS = {"r2": R2, "s3": S3, "s3-ia": S3_IA}


def all_prices() -> list[Price]:
    """Every price, in the order of this page."""
    single = [value for value in globals().values() if isinstance(value, Price)]
    of_stores = [
        price
        for store in (R2, S3, S3_IA)
        for price in (store.storage, store.writes, store.reads, store.retrieval)
        if price is not None
    ]
    return [*single, *of_stores]
