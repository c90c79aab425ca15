import sys

import pytest

sys.dont_write_bytecode = True
from kit import server as kit  # noqa: E402


@pytest.fixture(autouse=True)
def no_process_left():
    yield
    kit._kill_all()
