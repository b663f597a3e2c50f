"""What the sweeps interrupt: each case does some work below a folder, or finds it done.

`act` is run again after it was interrupted. `look` reads all that can be seen, through
the code that a run reads it with, which refuses what is damaged or half written.
"""

from tests.survival.case import Case
from tests.survival.photograph_cases import PHOTOGRAPH_CASES
from tests.survival.store_cases import STORE_CASES

CASES: dict[str, Case] = {**PHOTOGRAPH_CASES, **STORE_CASES}
