"""Tables of any origin: a path or an object in, numbers and labels out.

Its business is where the rows come from and which columns are what. Not its business: what is done with them. Optional
libraries are imported inside functions; CSV, ``.npz`` and ``.npy`` need none.
"""

from .read import read_table as read_table
from .table import MISSING as MISSING
from .table import Table as Table
from .table import Wanted as Wanted
