"""Sync between a folder and a selection of images, by checksum.

1. Both sides are read: the files with their checksums, and the images with theirs. The checksum of an image never
   changes, so it is read once and kept on this machine.
2. What the destination does not have is copied. A file and an image are the same if their bytes are; names do not
   count.
3. With `--delete`, what only the destination has goes to the trash, after everything was copied without a failure.

Each step can be interrupted: the same command compares again, and copies only what is still missing.
"""
