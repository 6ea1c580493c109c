"""Schema of the console's settings."""

from pydantic import BaseModel, Field


class ConsoleLimitsAnswer(BaseModel):
    """How much a client may send."""

    request_bytes: int = Field(description="Through the API; larger images go straight to storage.")
    upload_bytes: int
    upload_pixels: int
    title_chars: int
    group_id_chars: int
    alt_text_chars: int
    job_images: int
    variations: int
    references: int
    share_name_chars: int


class ConsoleSettingsAnswer(BaseModel):
    """What a client has to know about the deployment."""

    issuer: str
    client_id: str
    scopes: str
    audience: str
    r2_origin: str = Field(
        description="The origin of presigned links, in whichever store the private bucket is."
    )
    public_url: str | None
    api_url: str = Field(description="The base address of the API.")
    mcp_url: str = Field(description="The address of the tools for AI clients.")
    openai_url: str | None = Field(
        description="The base address for clients of OpenAI's images API; null if the deployment has none."
    )
    presets: list[str]
    widths: dict[str, int] = Field(
        description="The presets that keep the whole picture at a fixed width, with this width in pixels."
    )
    limits: ConsoleLimitsAnswer
