"""Every operation of the fault matrix."""

from tests.faults.operations.changes import CHANGES
from tests.faults.operations.groups import GROUPS
from tests.faults.operations.imports import IMPORTS
from tests.faults.operations.keys import KEYS
from tests.faults.operations.renditions import RENDITIONS
from tests.faults.operations.shares import SHARES
from tests.faults.operations.upkeep import UPKEEP
from tests.faults.operations.upload_tokens import UPLOAD_TOKENS
from tests.faults.operations.uploads import UPLOADS
from tests.faults.operations.webhooks import WEBHOOKS

OPERATIONS = (
    *UPLOADS,
    *CHANGES,
    *GROUPS,
    *RENDITIONS,
    *SHARES,
    *IMPORTS,
    *UPKEEP,
    *KEYS,
    *UPLOAD_TOKENS,
    *WEBHOOKS,
)
