"""Generation: providers make images and charge for them. Each image is stored once and, as far as possible, paid once.

1. Admit. One transaction writes the job and its items as QUEUED, takes their holds from the budgets, and takes their
   places in the owner's quota. Then each item is sent to the queue.
2. Lease. A worker that receives an item moves it to RUNNING with a new call: an id, a provider, and a lease that is
   longer than any function runs. From here on, only the holder of that version can change the item.
3. Call. The provider is called once. Nothing is repeated automatically: neither by an SDK nor by HTTP.
4. Spool. The result is put into the private bucket, its ledger entry in front, as one object and before anything else
   is done with it.
5. Store. The result is stored like every upload, under an idempotency key made of its call.
6. Settle. One transaction ends the item, takes its cost from its hold, and writes its ledger entry.

The modules: `jobs` admits, `provider_results` spools, `sweep` sends again what was lost. In `worker`, `run` leases an
item and leads it through the steps, `calls` calls providers, `storage` stores, `settlement` settles, `recovery` resumes
after a failure, and `changes` writes every change of an item.

One picture passes through these forms: `JobRequest` (what its owner requests: a `VariationSet` for each
`GenerationRequest`), `JobItem` (the row of one picture, which keeps its request), `GenerateImage` (the message),
`PreparedCall` (everything that its call needs), `ImageRequest` (what the provider gets), `ProviderPicture` (what the
provider returns), `ProviderResult` (the bytes with their `LedgerEntry`, spooled), `Upload` (as for every image).

What each failure leaves behind:

- before the transaction of 1: nothing. After it, before sending: a job that waits; the sweep sends its items.
- after 2 or in 3: a RUNNING item with a dead holder. When the lease is over, the next worker looks for the result.
  There is none, so the call counts as lost and may be repeated like a transient failure. Only in this case may a
  provider be paid twice; the limit on retries bounds it.
- a failed call that was charged for: its ledger entry is spooled without bytes, and settled as in 6.
- after 4: the result is found and the work continues at 5. No provider is called or paid again.
- after 5: the idempotency key finds the stored image, and 6 is done.
- after 6: the result is still in the bucket; the sweep removes it.
- a restore of an older table, after any of these: results that the ledger does not have are found by their place in
  the bucket, before a call is made or counts as lost; an image that is stored already is found by the key of its call.
"""
