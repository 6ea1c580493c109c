"""Collects garbage.

Only cleanup collects garbage, and only after a deadline or a grace period. It changes records by the same conditional
transitions as every other writer, so it can run at any time, twice at once, and during uploads: the writer that loses a
race changes nothing. What it collects, by module:

- `due`: rows that are due: reservations after their deadline, images after their expiry or their time in the trash,
  unfinished deletions, tombstones after their grace, publications that are not current.
- `objects`: objects that belong to no record (orphans), in both buckets and in staging. A record is written before its
  first object and removed after its last, so an object is garbage if its record, read after the object was listed, does
  not exist. The grace only covers clocks that disagree.
- `records`: records whose original is missing (dangling).
- `policies`: images that the policies of a deployment move to the trash.

An allowance limits the removals that no due row requires: a run that would remove far more than usual stops before it
removes any of them. A lease prevents two runs from doing the same work. Its growing token prevents a run that lost the
lease from storing a position.
"""
