"""The OpenAPI document, made from the code of all functions."""

from tools.openapi.document import DOCUMENT, document

__all__ = ["DOCUMENT", "document"]
