"""What a client of a server on this machine needs of TLS, which is nothing.

httpx reads the bundle of certificate authorities for each client that it makes, even if no address of it has TLS. This
takes 30 ms of CPU time, which is more than most requests of the tests.
"""

import ssl

NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody: give it to httpx as `verify`."""
