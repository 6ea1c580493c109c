"""Imports: move images here from another store, in steps that any worker can continue.

1. Start. The import is written QUEUED with step 1, and step 1 is sent to the work queue.
2. Step. The worker that receives a step reads the import, and works only if the import is at this step. It reads one
   page of the source's list, fetches the images of it a few at a time, and stores each under its own idempotency key:
   source, owner and the source's id.
3. Records. One transaction writes what became of each image. Writing it again changes nothing.
4. Save. One conditional write stores the place in the list and the counts, and raises the step, so of two workers with
   the same step one saves. Then the next step is sent, with a delay if the source wants to be left alone.

What each failure leaves:

- Before or during 2, or between 2 and 4: the message comes again. Images that the failed worker stored are found by
  their keys: they are not fetched and not stored again.
- Between save and send: the message comes again, one step too old, and the next step is sent again. Older steps are
  dropped, because another worker has continued.
- A worker that is too late to save sends nothing; the worker that saved sends the next step. A cancelled import is at
  another step too, so its worker ends there.

The place in a list is the cursor of a page and the last image of it that has ended. A page that could not be ended is
read again, and what is before that image is skipped. If that image has left the list, the whole page is looked at
again.
"""
