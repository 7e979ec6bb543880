"""Estimators: scikit-learn's contract on top of `fastmlp.training` and `fastmlp.strategies`.

Here are `fit`, `predict` and the attributes that end in an underscore; names, classes and frames of any kind come in
and go out. The mathematics is the business of `fastmlp.backends`, and what a strategy is that of `fastmlp.strategies`.
Each estimator is imported from its own module, so that the workers of a search do not wait for the others.
"""
