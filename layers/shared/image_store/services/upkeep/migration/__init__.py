"""Migrations: pictures in existing records become images, in batches that any worker can continue.

1. Start. The migration is written QUEUED with step 1, and step 1 is sent to the work queue.
2. Step. The worker that receives a step reads the migration; only the step it waits for is done. First the
   source is counted, then its records are moved, as many as a batch has or as the time allows.
3. Save. Position, counts and errors are written in one conditional write that raises the step, so that of two workers
   with the same step one saves. Then the next step is sent.

What each failure leaves behind:

- before or in 2: the message comes again. Each record is stored under an idempotency key of its own (its source and
  id), so that what the dead worker moved is found and not moved twice.
- between save and send: the message comes again, one step too old, and the next step is sent again. A step that is
  older still is dropped: another worker has gone on since.
- a worker that comes too late to save sends nothing: the worker that saved does.

A record counts as moved if its image was made since the migration was last saved, and as already moved otherwise: so
the records of a dead worker are counted as what they are.
"""
