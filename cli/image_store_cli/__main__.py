"""`python -m image_store_cli`: the same as `image-store`."""

import sys

from image_store_cli.main import main

if __name__ == "__main__":
    sys.exit(main())
