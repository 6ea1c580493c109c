"""Export of images into a folder: each as a file, with a sidecar that an import reads.

1. The list is read page by page. Of each image the record is read, unless it has the version that the index has.
2. The file is written under a temporary name, synced to the disk and renamed. Its name contains the id, so no other
   image has it. Bytes that are there already are compared by checksum and not transferred again.
3. The sidecar is written in the same way, after its file.
4. A line is added to the index, `export.json`, after its sidecar. The last line of an image counts.
5. At the end the index is replaced by one with a line for each image.

A kill after 1 leaves at most a temporary file, which the next run removes. After 2 or 3 it leaves a file without a
line: the next run compares its checksum and does not download it again. A line that was cut off is ignored. So a
file that has a line is complete, and the same command resumes.
"""
