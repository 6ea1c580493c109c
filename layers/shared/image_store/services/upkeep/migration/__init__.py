"""Migrations: turn pictures in existing records into images, in batches that any worker can continue.

1. Start. The migration is written QUEUED with step 1, and step 1 is sent to the work queue.
2. Step. The worker that receives a step reads the migration, and works only if the migration is at this step. It first
   counts the source. Then it moves records, up to the size of a batch or as many as the time allows.
3. Save. One conditional write stores position, counts and errors and raises the step, so of two workers with the same
   step one saves. Then the next step is sent.

What each failure leaves:

- Before or during 2: the message comes again. Each record has its own idempotency key (source and id), so records that
  the failed worker moved are found and not moved twice.
- Between save and send: the message comes again, one step too old, and the next step is sent again. Older steps are
  dropped, because another worker has continued.
- A worker that is too late to save sends nothing; the worker that saved sends the next step.

A record counts as moved if its image was created after the last save of the migration, and otherwise as already moved.
So records of a failed worker are counted correctly.
"""
