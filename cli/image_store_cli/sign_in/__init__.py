"""Sign-in at the store's OpenID Connect issuer: in a browser, or by a device code."""
