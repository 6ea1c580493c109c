"""Import of a folder of pictures, with the sidecars of an export where there are any.

1. The folder is read: its pictures, their sidecars, and what the index of an export says should be there.
2. A picture that the journal has is looked up in the store. It is done if its image is there.
3. Otherwise its bytes are compared with the checksum of its sidecar. It is done if the store still has the image that
   it was exported from, by id and checksum.
4. Otherwise it is uploaded. The idempotency key is made from
   checksum, path and attributes, so a response that was lost, or a kill before 5, stores nothing twice for a day.
5. The journal gets a line with the image.
6. At the end the map of ids is written from journal and sidecars, under a temporary name that is renamed.

The journal stays: weeks later the same command imports only what is new, or was deleted in the store.
"""
