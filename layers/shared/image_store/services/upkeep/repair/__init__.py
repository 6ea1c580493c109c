"""Restores what a record names and storage lacks: renditions and public copies.

Objects can be lost without their record: a bucket is emptied by hand, a table is restored to a later moment than its
bucket, a machine dies between two stores. The original decides: whatever was derived from it can be derived again.

1. Look. HEAD requests show which private renditions and, of a published image, which public copies are gone.
2. Make. The missing renditions are made from one decode of the original, after its checksum was verified.
3. Put. Each goes to the key that the record names, with If-None-Match: cards, links and shares stay valid. Two repairs
   at once cannot harm each other: the second finds the key taken.
4. Record. If a rendition now has another size in bytes, the record is amended. Clients see no new version.
5. Copy. Missing public copies are copied from the private renditions, after the row of the publication names
   them, exactly as for a rendition that was made on request.

What each failure leaves behind: the objects that were put, under keys that the record names. The next repair finds
the rest. An image that is deleted meanwhile takes late objects with it: cleanup empties its folder once more before
it forgets the tombstone.

Modules: `storage_check` looks, `image_repair` repairs one image, `requests` begins repairs of many images, `run`
carries them on.
"""
