"""httpx for servers that tests start, all of which speak plain HTTP on this machine.

httpx reads the file of the world's authorities for each client, and for each request without one, which takes
longer than the request; here nothing is read.
"""

import ssl
from functools import partial

import httpx

#: Trusts nobody.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

#: httpx's own 5 s are less than a disk may stand still for.
PATIENCE_S = 30.0

Client = partial(httpx.Client, verify=NO_TLS, timeout=PATIENCE_S)
get = partial(httpx.get, verify=NO_TLS, timeout=PATIENCE_S)
post = partial(httpx.post, verify=NO_TLS, timeout=PATIENCE_S)
request = partial(httpx.request, verify=NO_TLS, timeout=PATIENCE_S)
