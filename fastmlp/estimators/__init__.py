"""Estimators: scikit-learn's contract on top of `fastmlp.training` and `fastmlp.strategies`.

Here are `fit`, `predict` and the attributes that end in an underscore; names, classes and frames of any kind come in
and go out. The mathematics is the business of `fastmlp.backends`, and what a strategy is that of `fastmlp.strategies`.
"""

from __future__ import annotations

from .advice import Advice as Advice
from .advice import advise as advise
from .classifier import MLPClassifier as MLPClassifier
from .regressor import MLPRegressor as MLPRegressor
from .selector import TransferSelectorCV as TransferSelectorCV
from .transfer_classifier import TransferClassifier as TransferClassifier
