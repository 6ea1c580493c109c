"""Generation: images from providers that cost money, each stored once and paid once as far as anybody can tell.

1. Admit. The job and its images are written QUEUED with what they may cost held from the budgets and with their
   place in the owner's quota, in one transaction. Then each is sent to the queue.
2. Lease. Whoever receives an image takes it to RUNNING with a new call: its id, its provider, and a lease that is
   longer than any function lives. Only the holder of that version can change it from here on.
3. Call. The provider is asked once. Nothing is repeated by itself: not by an SDK, not by HTTP.
4. Keep. The answer is put into the private bucket with its receipt in front of it, as one object and before anything
   else is done with it.
5. Store. The answer goes the way of every upload, under an idempotency key made of its call.
6. Settle. One transaction ends the image, takes its cost from what was held, and writes it into the ledger.

What each failure leaves behind:

- before 1's transaction: nothing. After it, before sending: a job that waits; the sweep sends it again.
- after 2 or in 3: an image RUNNING with a dead holder. Once the lease is over, whoever comes next looks for the kept
  answer; there is none, so the call counts as lost and as one of those that may be repeated. This is the one case in
  which a provider may be paid twice; it is limited to as many calls as transient failures are.
- a call that failed and was charged for: its receipt is kept without bytes, and settled as in 6.
- after 4: the kept answer is found and goes on at 5. Nobody is asked, and nobody is paid, again.
- after 5: the idempotency key finds the stored image, and 6 is done.
- after 6: the kept answer is still there; the sweep removes it.
- a restore of an older table, after any of these: kept answers that the ledger does not have are found by their place
  in the bucket, before a call is made or counts as lost; an image that is stored already by the key of its call.
"""
