"""What the API says of itself."""

from pydantic import BaseModel


class ConsoleLimits(BaseModel):
    """How much a client may send."""

    request_bytes: int
    upload_bytes: int


class ConsoleSettings(BaseModel):
    """What a client has to know of the deployment."""

    issuer: str
    client_id: str
    scopes: str
    audience: str
    r2_origin: str
    public_url: str | None
    presets: list[str]
    limits: ConsoleLimits
