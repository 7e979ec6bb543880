"""Data sets that do not come with fastmlp: where this machine keeps them, how they get there, and how they are read.

Not here: what is pretrained on and what is wanted, which `problems` makes of them.
"""

from .idx import read_idx as read_idx
from .kept import Arrays as Arrays
from .kept import data_folder as data_folder
from .kept import hash_of as hash_of
from .kept import is_kept as is_kept
from .kept import read as read
from .kept import write as write
from .obtain import convert_idx as convert_idx
from .obtain import obtain as obtain
from .table import DATASETS as DATASETS
from .table import DataSet as DataSet
