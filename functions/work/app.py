"""Does work that takes longer than a request may."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from image_store.bootstrap import application
from image_store.domain.work import (
    CompleteUpload,
    ImportStep,
    MigrateBatch,
    RecoveryStep,
    RepairImage,
    RepairStep,
    Work,
)
from image_store.entrypoints.callers.actors import act_as_function
from image_store.entrypoints.deadlines import deadline
from image_store.entrypoints.operations.observability import logger
from image_store.entrypoints.work import handle_work


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    act_as_function("work", context)
    app = application()
    until = deadline(context, app.clock)

    def carry_on(work: Work) -> None:
        match work:
            case CompleteUpload():
                app.images.direct_uploads.finish(work, until=until)
            case MigrateBatch():
                app.upkeep.migration_run.carry_on(work, until=until)
            case ImportStep():
                app.upkeep.import_run.carry_on(work, until=until)
            case RepairImage():
                app.upkeep.repair_run.repair(work, until=until)
            case RepairStep():
                app.upkeep.repair_run.carry_on(work, until=until)
            case RecoveryStep():
                app.recovery.run.carry_on(work, until=until)

    return handle_work(event, carry_on=carry_on)
