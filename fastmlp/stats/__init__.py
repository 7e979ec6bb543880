"""What a handful of seeds allows us to say.

Pure functions on arrays, frozen results. The seed is the unit: the held-out examples of one split are not replicates,
so nothing here ever counts examples, and what an interval covers is another split of the same data. Strategies are
compared on the seeds they share, difference by difference: the trials of one cell see the same examples, the same
initial weights, the same held-out set, and what is common cancels.

NaN is a missing trial, whatever it is missing for. It is dropped, the result counts it in `dropped`, and infinity is
refused. What cannot be estimated is `None`, and `reason` says why. No result holds NaN and no function warns.

What is drawn at random is drawn from `fastmlp.seeds.rng_for`, by the number of values and not by the values: the same
data gives the same result, and so does the same data shifted, or with its seeds in another order.

==============  ====================================================================================================
intervals       of a mean, of an interquartile mean
comparisons     of two strategies on the seeds they share, ending in a verdict
multiplicity    Holm's correction, for what is looked at together
flips           the test by flipping signs, which assumes no normal law
==============  ====================================================================================================
"""

from .comparisons import Difference as Difference
from .comparisons import paired_difference as paired_difference
from .comparisons import paired_family as paired_family
from .flips import SignFlip as SignFlip
from .flips import sign_flip_test as sign_flip_test
from .intervals import Interquartile as Interquartile
from .intervals import Mean as Mean
from .intervals import interquartile_mean as interquartile_mean
from .intervals import mean_interval as mean_interval
from .multiplicity import holm as holm
from .values import Reason as Reason
from .values import Verdict as Verdict
