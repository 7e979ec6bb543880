"""Problems: a source task to pretrain on and a target task that is wanted, from near to far.

`tasks` says what a task, a problem and a split are; `axis` holds the problems, in order of how little the source knows;
`own` reads the data of those who bring some.
"""

from .axis import FAMILIES as FAMILIES
from .axis import PROBLEMS as PROBLEMS
from .axis import digits as digits
from .axis import load_problem as load_problem
from .axis import teacher as teacher
from .own import check_own as check_own
from .own import in_both as in_both
from .own import read_task as read_task
from .own import repeated as repeated
from .own import sizes_for as sizes_for
from .tasks import Problem as Problem
from .tasks import Scaler as Scaler
from .tasks import Sizes as Sizes
from .tasks import Split as Split
from .tasks import Task as Task
from .tasks import interleave as interleave
