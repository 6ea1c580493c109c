"""Collects garbage.

Only cleanup collects garbage, only past a deadline or a grace, and records only by the same conditional transitions
as every other writer. It can therefore run at any time, twice at once, and against live uploads: the writer that loses
changes nothing. What it collects, by module:

- `due`: rows whose time has come: reservations past their deadline, images past their expiry or their time in the
  trash, deletions that were not finished, tombstones past their grace, publications that are not current.
- `objects`: objects that belong to no record (orphans), in both buckets and in staging. A record is written before
  the first of its objects, and removed after the last: an object without one, read after the object was listed, is
  garbage. The grace only covers clocks that disagree.
- `records`: records whose original is gone (dangling).
- `policies`: images that a deployment's policies let go, into the trash.

What no row asked to remove is bounded by an allowance: a run that would remove far more than usual stops before it
removes any of it. A lease keeps two runs from doing the same work; its growing token keeps a run that lost it from
writing how far it came.
"""
