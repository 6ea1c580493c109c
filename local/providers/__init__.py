"""Stand-ins for the providers of images: each speaks one wire format and draws a real picture for every prompt."""

from local.providers.cloudflare import CLOUDFLARE
from local.providers.google import GOOGLE
from local.providers.openai import OPENAI
from local.providers.pollinations import POLLINATIONS

STAND_INS = (POLLINATIONS, CLOUDFLARE, OPENAI, GOOGLE)
"""All stand-ins, in the order in which a local stack uses them."""
