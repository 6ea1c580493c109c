"""Write functions/site/openapi.json from the code of all functions: `python -m tools.openapi` (`--check` compares)."""

import json
import sys

from tools.openapi.document import DOCUMENT, document


def main(arguments: list[str]) -> int:
    """Write the document, or with `--check` say whether the committed one is what the code means."""
    text = json.dumps(document(), indent=1, ensure_ascii=False) + "\n"
    if arguments != ["--check"]:
        DOCUMENT.write_text(text, "utf-8")
        return 0
    if DOCUMENT.exists() and DOCUMENT.read_text("utf-8") == text:
        return 0
    print("functions/site/openapi.json is not what the code says: run `make openapi`.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
