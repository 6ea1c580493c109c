"""Writes lost images again: from a backup (restore), or from the originals of the private bucket (rebuild).

1. Begin. The row of the recovery is written, then the hold of cleanup is taken, then the first message is sent. Two
   recoveries at once would only repeat each other's work, so the second one is refused.
2. Wait. The first step waits until a run of cleanup that had begun has ended: it could take for garbage what has no
   record yet. Later runs see the hold and do nothing.
3. Bytes first. The original of each image is stored under the key of its record with If-None-Match, after a check of
   its checksum, or found there.
4. Record. One conditional transaction writes record, details and every row that follows from them, READY or TRASHED. No
   reservation comes before it: the deadline of a reservation would make cleanup delete the original.
5. Repair. Renditions and public copies that are missing then are queued for repair.
6. Save. One conditional write saves the position and the counts, and raises the step; then the next message is sent.
7. End. The hold ends with the recovery. If something failed it stays for 7 days, so that no original without a record
   is removed before a person has looked at the errors and tried again. A recovery that was refused before it came to
   any image leaves nothing, so its hold ends too, unless it took the hold over from an earlier one.

A record that exists in any state is never changed. What each failure leaves: originals without a record, which the
hold protects and the next try finds; or a whole image. A message that is repeated finds its images there. If the next
message was lost, a run of cleanup sends it again.

Modules: `requests` begins recoveries and shows them, `run` does their steps, `from_bucket` rebuilds, `from_backup`
restores: `manifest_lines` reads the lines of a backup, `lost_images` restores the images in them.
"""
