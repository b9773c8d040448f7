"""What every test starts from."""

import os

os.environ.pop("SOURCE_DATE_EPOCH", None)
