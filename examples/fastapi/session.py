"""Who is signed in."""


async def current_user() -> str:
    """Return the id of the signed-in user. Replace it with your sign-in; here everybody is the same user."""
    return "demo"
