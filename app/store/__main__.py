"""`python -m app.store` (`make db-init`): make the database, or bring it up to date."""

import os
import sys

from app.settings import database_path
from app.store.sqlite import Unusable, check


def main() -> None:
    path = database_path(os.environ)
    is_new = not path.exists()
    try:
        check(path)
    except Unusable as error:
        print(f"DATABASE_PATH: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    print(f"{path} was made" if is_new else f"{path} is up to date")


if __name__ == "__main__":
    main()
