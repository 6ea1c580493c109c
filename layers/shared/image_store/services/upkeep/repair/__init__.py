"""Restores missing objects of images: renditions and public copies.

Objects can be lost while their record exists: someone empties a bucket, a table is restored to a later time than its
bucket, a machine fails between two stores. Everything that was made from the original can be made again.

1. Check. HEAD requests show which private renditions, and which public copies of a published image, are missing.
2. Make. The missing renditions are made from one decode of the original, after a check of its checksum.
3. Put. Each is put to the key in the record, with If-None-Match, so cards, links and shares stay valid. Two repairs at
   once cannot harm each other: the second one finds the object.
4. Record. If a rendition has another size in bytes now, the record is amended. Clients see no new version.
5. Copy. Missing public copies are copied from the private renditions, after the row of the publication names them, as
   for a rendition that is made on request.

Each failure leaves the objects that were put, under keys in the record. The next repair restores the rest. If the image
is deleted meanwhile, cleanup empties its folder again before it removes the tombstone.

Modules: `storage_check` finds missing objects, `image_repair` repairs one image, `requests` begins repairs of many
images, `run` continues them.
"""
