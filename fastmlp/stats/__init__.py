"""Statistics of a few seeds: intervals, paired comparisons and verdicts.

Pure functions on arrays, frozen results. The seed is the unit: the held-out examples of one split are not replicates,
so nothing here counts examples, and an interval is about another split of the same data. Strategies are
compared on the seeds they share, difference by difference: the trials of one cell see the same examples, the same
initial weights and the same held-out set, and what they have in common cancels.

NaN is a missing trial, whatever the reason. It is dropped and counted in `dropped`; infinity is refused. A value that
cannot be estimated is `None`, and `reason` says why. No result holds NaN, and no function warns.

Random draws come from `fastmlp.seeds.rng_for` and depend on the number of values, not on the values: the same data
gives the same result, and so does the same data shifted, or with its seeds in another order.

=====================  ===========================================================================================
`intervals`            of a mean, of an interquartile mean
`comparisons`          of two strategies on the seeds they share, ending in a verdict
`error_ratios`         of two strategies, for accuracies near the ceiling
`multiplicity`         Holm's correction for multiple comparisons
`winners`              the strategies of a cell that cannot be told apart from the best
`safety`               the strategies of which it is shown that they are hardly behind any other
`sign_flip`            the random signs that winners are tested with
`advice`               CS231n's advice, and whether the winners agree with it
`regrets`              the accuracy that an advice costs
`profiles`             all cells together: probability of improvement, performance profiles, ranks
`curves`               accuracy as a function of the number of labels
`equivalence`          what pretraining is worth in labels; where two strategies cross
`variance_components`  what an accuracy varies with
`stability`            whether a training ended where its losses had led
`normalisation`        a score on a scale from 0 to 1 between two others
`power`                what a study could have seen
=====================  ===========================================================================================
"""

from ._arrays import LEVEL as LEVEL
from ._arrays import Reason as Reason
from ._arrays import Verdict as Verdict
from .advice import ADVICE as ADVICE
from .advice import Advice as Advice
from .advice import AdviceMatrix as AdviceMatrix
from .advice import Contest as Contest
from .advice import Mark as Mark
from .advice import advice_matrix as advice_matrix
from .advice import advised_choice as advised_choice
from .advice import chance_of_agreement as chance_of_agreement
from .advice import cs231n_advice as cs231n_advice
from .advice import mark_advice as mark_advice
from .comparisons import Difference as Difference
from .comparisons import paired_difference as paired_difference
from .comparisons import paired_family as paired_family
from .curves import Curve as Curve
from .curves import fit_curve as fit_curve
from .equivalence import Crossover as Crossover
from .equivalence import Equivalence as Equivalence
from .equivalence import crossover as crossover
from .equivalence import label_equivalence as label_equivalence
from .error_ratios import ErrorRatio as ErrorRatio
from .error_ratios import error_ratio as error_ratio
from .intervals import Interquartile as Interquartile
from .intervals import Mean as Mean
from .intervals import interquartile_mean as interquartile_mean
from .intervals import mean_interval as mean_interval
from .multiplicity import holm as holm
from .normalisation import normalised_score as normalised_score
from .power import Detectable as Detectable
from .power import smallest_difference as smallest_difference
from .profiles import Proportion as Proportion
from .profiles import Ranks as Ranks
from .profiles import average_ranks as average_ranks
from .profiles import performance_profile as performance_profile
from .profiles import probability_of_improvement as probability_of_improvement
from .regrets import Regret as Regret
from .regrets import always as always
from .regrets import highest_score as highest_score
from .regrets import learned_choice as learned_choice
from .regrets import regret as regret
from .safety import Safety as Safety
from .safety import safe_choices as safe_choices
from .stability import FAR as FAR
from .stability import is_unstable as is_unstable
from .stability import rise as rise
from .variance_components import Component as Component
from .variance_components import VarianceComponents as VarianceComponents
from .variance_components import variance_components as variance_components
from .winners import Winners as Winners
from .winners import winner_sets as winner_sets
