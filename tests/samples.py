"""What tests store, who owns it, and when."""

from datetime import UTC, datetime, timedelta

OWNER = "owner-1"
SIGNING_KEYS = {"current": "k1", "k1": "a key of the tests"}
PICTURE = b"\x89PNG\r\n\x1a\n of no pixels"


PUBLIC_URL = "https://images.example.com"


TRASH_RETENTION = timedelta(days=30)


START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
