"""Similarity of tasks, of features and of networks.

Transferability scores need labelled target examples and the pretrained network, but no training, so they are known
before a strategy is chosen. Higher means more similar, except for the domain distance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .layout import Floats, Ints

    Matrix = NDArray[np.float64]

LOGME_STEPS = 100  # about ten reach the fixed point
PENALTIES = np.logspace(-4, 4, 17)  # of a ridge regression, as parts of the features' variance
FAINT = 1e-12  # precisions stay between this and its inverse, because features may explain all of the labels or none


def h_score(features: Floats, y: Ints) -> float:
    """Return the H-score, the part of the features' variance that the classes explain: trace(cov(f)^-1 cov(E[f | y])).

    Bao et al. (2019), *An information-theoretic approach to transferability in task transfer learning*, definition 2.
    The probe set has hardly more examples than features, so cov(f) is shrunk by Ledoit and Wolf's rule, and the second
    factor by the same amount: Ibrahim et al. (2021, arXiv 2110.06893).

    Parameters
    ----------
    features : (n, units)
    y : (n,)
        Labels.
    """
    from sklearn import config_context
    from sklearn.covariance import ledoit_wolf_shrinkage

    f = centred(features)  # (n, U)
    n, units = f.shape
    if not f.any():
        return 0.0  # all units are dead: there is no variance to explain
    with config_context(assume_finite=True, skip_parameter_validation=True):  # checks take longer than the rule
        shrinkage = max(ledoit_wolf_shrinkage(f, assume_centered=True), FAINT)  # so that no covariance is singular
    covariance = f.T @ f / n
    shrunk = (1 - shrinkage) * covariance + shrinkage * covariance.trace() / units * np.eye(units)
    members = y == np.unique(y)[:, np.newaxis]  # (C, n)
    between = members @ f / np.sqrt(n * members.sum(axis=1))[:, np.newaxis]  # between.T @ between = cov(E[f | y])
    explained = np.einsum("cu,uc->", between, np.linalg.solve(shrunk, between.T))
    return float((1 - shrinkage) * explained)


def left_out_h_score(features: Floats, y: Ints) -> float:
    """Return the H-score that features show on examples that were left out, from 0 to `perfect_h_score`.

    Features that are more than the examples explain any labels of theirs, so that `h_score` says of a wide random
    network what it says of a good one. But the H-score is a squared error too, and that can be taken of examples that
    the linear map has not seen. With p_c the share of class c, let z_c = ([y = c] - p_c) / sqrt(p_c). Then
    cov(f, z_c) = sqrt(p_c) (E[f | c] - E[f]), so that cov(f, z) cov(z, f) = cov(E[f | y]); and E|z|^2 = sum(1 - p_c) =
    C - 1. The best linear map W from centred features leaves the error E|z|^2 - tr(cov(z, f) cov(f)^-1 cov(f, z)), so

        trace(cov(f)^-1 cov(E[f | y])) = C - 1 - min_W E|z - W f|^2.

    No error is below zero: that is why no H-score is above C - 1, and why features that reach it tell the classes of
    all examples apart by a linear map. Bao et al. (2019), definition 3, divide by the H-score of the best features that
    the target has; where inputs determine the labels, it is this one.

    Here the error of each example is that of the map, with an intercept, which ridge regression fits to all others; the
    penalty is the one that is best for the examples left out. Features that show less than nothing are worth nothing.

    Parameters
    ----------
    features : (n, units)
    y : (n,)
        Labels.
    """
    from sklearn.linear_model import RidgeCV

    f = centred(features)
    scale = float((f**2).sum() / len(f))
    if not scale:
        return 0.0  # as `h_score`
    members = (y[:, np.newaxis] == np.unique(y)).astype(np.float64)  # (n, C)
    z = centred(members) / np.sqrt(members.mean(axis=0))
    fit = RidgeCV(alphas=scale * PENALTIES).fit(f, z)
    error = float(-fit.best_score_ * z.shape[1])  # its score is minus the mean over classes
    return max(0.0, perfect_h_score(y) - error)


def perfect_h_score(y: Ints) -> float:
    """Return the highest H-score that features can have for some labels: C - 1, as `left_out_h_score` proves.

    Parameters
    ----------
    y : (n,)
        Labels; C is the number of those that occur.
    """
    return float(len(np.unique(y)) - 1)


def log_me(features: Floats, y: Ints, n_classes: int) -> float:
    """Return the logarithm of the maximum evidence of a linear model from features to labels, per example.

    You et al. (2021, arXiv 2102.11005), section 4.2 and algorithm 1: for each class t ~ N(F w, 1 / b), w ~ N(0, 1 / a),
    and the evidence p(t | F, a, b) is maximised over a and b by MacKay's fixed-point rule.

    Parameters
    ----------
    features : (n, units)
    y : (n,)
        Labels from 0 to n_classes - 1.
    """
    f = features.astype(np.float64)
    n, units = f.shape
    u, s, _ = np.linalg.svd(f, full_matrices=False)
    squares = s**2  # (k,)
    targets = np.eye(n_classes)[y]  # (n, C)
    along = (u.T @ targets) ** 2  # (k, C), squared component of each target along each direction
    outside = (targets**2).sum(axis=0) - along.sum(axis=0)  # (C,), squared component outside all directions
    a, b = np.ones(n_classes), np.ones(n_classes)
    for _ in range(LOGME_STEPS):
        shrunk = b * squares[:, None] / (a + b * squares[:, None])  # (k, C)
        gamma = shrunk.sum(axis=0)  # effective number of parameters
        weights = (shrunk**2 * along / np.maximum(squares[:, None], np.finfo(float).tiny)).sum(axis=0)  # |w|^2
        residue = ((1 - shrunk) ** 2 * along).sum(axis=0) + np.maximum(outside, 0)
        before = a / b
        a = np.clip(gamma / np.maximum(weights, FAINT), FAINT, 1 / FAINT)
        b = np.clip((n - gamma) / np.maximum(residue, FAINT), FAINT, 1 / FAINT)
        if (np.abs(a / b - before) <= 1e-6 * before).all():
            break
    evidence = (
        units * np.log(a) + n * np.log(b) - b * residue - a * weights - n * np.log(2 * np.pi)
        - np.log(a + b * squares[:, None]).sum(axis=0) - (units - len(s)) * np.log(a)
    ) / 2  # fmt: skip
    return float(evidence.mean() / n)


def leep(source_probabilities: Matrix, y: Ints, n_classes: int) -> float:
    """Return the mean log-likelihood of the labels, given only the source classes of an example.

    Nguyen et al. (2020, arXiv 2002.12462), section 3: with z the source network's classes, log sum_z p(y | z) p(z | x).

    Parameters
    ----------
    source_probabilities : (n, source classes)
        Of target examples, from the pretrained network with its own head.
    y : (n,)
        Target labels from 0 to n_classes - 1.
    """
    p = source_probabilities
    joint = np.eye(n_classes)[y].T @ p / len(p)  # (C, Z)
    conditional = joint / np.maximum(joint.sum(axis=0), np.finfo(float).tiny)  # p(y | z)
    likelihood = (p @ conditional.T)[np.arange(len(p)), y]
    return float(np.log(np.maximum(likelihood, np.finfo(float).tiny)).mean())


def linear_cka(one: Floats, other: Floats) -> float | None:
    """Return linear centred kernel alignment of two sets of features of the same examples, in [0, 1].

    Kornblith et al. (2019, arXiv 1905.00414), eq. 5 and section 3: |F^T G|^2 / (|F^T F| |G^T G|), Frobenius norms of
    centred features. None if one of them is constant.

    Parameters
    ----------
    one : (n, units)
    other : (n, other units)
    """
    f, g = centred(one), centred(other)
    if len(f) < f.shape[1] + g.shape[1]:  # then products over examples give the same and are smaller
        k, m = f @ f.T, g @ g.T
        both, first, second = (k * m).sum(), np.linalg.norm(k), np.linalg.norm(m)
    else:
        both, first, second = np.linalg.norm(f.T @ g) ** 2, np.linalg.norm(f.T @ f), np.linalg.norm(g.T @ g)
    return float(both / (first * second)) if first > 0 and second > 0 else None


def domain_distance(source: Floats, target: Floats) -> float:
    """Return the maximum mean discrepancy of two sets of inputs: 0 if they have the same distribution.

    Gretton et al. (2012), *A kernel two-sample test*, eq. 3, unbiased (so it may be negative), with a Gaussian kernel
    whose width is the median distance.

    Parameters
    ----------
    source : (n, features)
    target : (m, features)
    """
    n, m = len(source), len(target)
    everything = centred(np.vstack([source, target]))
    lengths = (everything**2).sum(axis=1)
    distances = np.maximum(lengths[:, np.newaxis] + lengths - 2 * everything @ everything.T, 0)
    width = np.median(distances[np.triu_indices(n + m, 1)])
    kernel = np.exp(-distances / width) if width > 0 else np.ones_like(distances)
    within = (kernel[:n, :n].sum() - n) / (n * (n - 1)) + (kernel[n:, n:].sum() - m) / (m * (m - 1))
    return float(within - 2 * kernel[:n, n:].mean())


def drift(parameters: Floats, start: Floats, layers: Sequence[int]) -> list[float | None]:
    """Return the distance of each layer from its start, relative to the norm of the start; None if that is zero.

    Parameters
    ----------
    parameters, start : (P,)
    layers
        Offset of each layer.
    """
    then = start.astype(np.float64)
    paths, lengths = (np.sqrt(np.add.reduceat(one * one, layers)).tolist() for one in (parameters - then, then))
    return [path / length if length > 0 else None for path, length in zip(paths, lengths, strict=True)]


def centred(features: Floats) -> Matrix:
    """Return centred features in double precision."""
    wide: Matrix = features.astype(np.float64)
    wide -= wide.mean(axis=0)
    return wide
