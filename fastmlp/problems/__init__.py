"""Problems: a source task to pretrain on and a target task that is wanted.

Here are tasks, splits, scalers, the built-in problems, and the reader of users' own data. Networks are trained, and
similarity is measured, elsewhere.
"""

from .digits import digits as digits
from .facts import InputFacts as InputFacts
from .facts import describe_inputs as describe_inputs
from .facts import in_both as in_both
from .facts import repeated as repeated
from .facts import warnings_about as warnings_about
from .pretrained import Pretrained as Pretrained
from .pretrained import keep_pretrained as keep_pretrained
from .pretrained import read_pretrained as read_pretrained
from .registry import FAMILIES as FAMILIES
from .registry import NEEDS as NEEDS
from .registry import PROBLEMS as PROBLEMS
from .registry import get_problem as get_problem
from .registry import lacking as lacking
from .scaler import Scaler as Scaler
from .split import Sizes as Sizes
from .split import Split as Split
from .split import group_folds as group_folds
from .split import interleave as interleave
from .task import Problem as Problem
from .task import Task as Task
from .task import are_numbers as are_numbers
from .teacher import teacher as teacher
from .user import keep_task as keep_task
from .user import read_task as read_task
from .user import task_of as task_of
from .user import write_task as write_task
from .validate import check_own as check_own
from .validate import check_target as check_target
from .validate import folds_for as folds_for
from .validate import sizes_for as sizes_for
from .validate import sizes_of_folds as sizes_of_folds
