"""Claims of the literature, as hypotheses that a study's records test.

Its business is which claims there are, what each compares, and which verdict its comparison gives. Not its business:
words around them, which are in the chapter of the same name, and printing, which is the command line's.
"""

from .catalogue import CLAIMS as CLAIMS
from .check import Beside as Beside
from .check import Change as Change
from .check import beside as beside
from .check import changes as changes
from .check import written as written
from .forest import forest as forest
from .judge import Card as Card
from .judge import Judged as Judged
from .judge import Outcome as Outcome
from .judge import Tally as Tally
from .judge import answerable as answerable
from .judge import judge as judge
from .judge import tally as tally
