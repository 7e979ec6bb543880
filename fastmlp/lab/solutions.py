"""The six tasks solved, as a student reads them: plain functions without annotations; their docstrings are in `texts`.

The package reads this file as text, and the tests run it. It is never imported.
"""

import numpy as np
from sklearn.linear_model import LogisticRegression

HIDDEN, N_CLASSES = 64, 10
BATCH, MOMENTUM = 32, 0.9
PRETRAIN_EPOCHS, EPOCHS = 30, 60
LR, FINETUNE_LR = 0.05, 0.02


# Task 1
def split(y, sizes, rng):
    place = np.empty(len(y))
    for label in np.unique(y):
        rows = np.flatnonzero(y == label)
        # Spread the examples of each class evenly over [0, 1): any stretch holds its share of every class.
        place[rows] = (rng.permutation(len(rows)) + rng.random()) / len(rows)
    return np.split(np.argsort(place), np.cumsum(sizes))


def fit_scaler(X):
    spread = X.std(axis=0)
    return {"mean": X.mean(axis=0), "scale": np.where(spread > 0, spread, 1)}


def apply_scaler(scaler, X):
    return (X - scaler["mean"]) / scaler["scale"]


# Task 2
def baseline(X_train, y_train, X_test, y_test):
    scaler = fit_scaler(X_train)
    model = LogisticRegression(max_iter=1000).fit(apply_scaler(scaler, X_train), y_train)
    return np.mean(model.predict(apply_scaler(scaler, X_test)) == y_test)


# Task 3
def init_mlp(n_inputs, n_hidden, n_classes, rng):
    return {
        "W1": rng.normal(size=(n_inputs, n_hidden)) * np.sqrt(2 / n_inputs),
        "b1": np.zeros(n_hidden),
        "W2": rng.normal(size=(n_hidden, n_classes)) * np.sqrt(2 / (n_hidden + n_classes)),
        "b2": np.zeros(n_classes),
    }


def forward(net, X):
    hidden = np.maximum(X @ net["W1"] + net["b1"], 0)
    return hidden @ net["W2"] + net["b2"]


def loss_and_gradient(net, X, y):
    n = len(y)
    hidden = np.maximum(X @ net["W1"] + net["b1"], 0)
    z = hidden @ net["W2"] + net["b2"]
    z = z - z.max(axis=1, keepdims=True)  # the largest exponent is now 0
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    loss = -log_p[np.arange(n), y].mean()
    dz = np.exp(log_p)
    dz[np.arange(n), y] -= 1
    dz /= n
    dhidden = (dz @ net["W2"].T) * (hidden > 0)
    gradient = {"W1": X.T @ dhidden, "b1": dhidden.sum(axis=0), "W2": hidden.T @ dz, "b2": dz.sum(axis=0)}
    return loss, gradient


def accuracy(net, X, y):
    return np.mean(forward(net, X).argmax(axis=1) == y)


def train_mlp(net, X, y, epochs, batch_size, lr, momentum, rng, only_head=False):
    net = {name: values.copy() for name, values in net.items()}
    velocity = {name: np.zeros_like(values) for name, values in net.items()}
    moving = ["W2", "b2"] if only_head else list(net)
    for _ in range(epochs):
        order = rng.permutation(len(y))
        for start in range(0, len(y), batch_size):
            rows = order[start : start + batch_size]
            _, gradient = loss_and_gradient(net, X[rows], y[rows])
            for name in moving:
                velocity[name] = momentum * velocity[name] - lr * gradient[name]
                net[name] += velocity[name]
    return net


# Task 4
def scratch(X_train, y_train, X_test, y_test, rng):
    scaler = fit_scaler(X_train)
    net = init_mlp(X_train.shape[1], HIDDEN, N_CLASSES, rng)
    net = train_mlp(net, apply_scaler(scaler, X_train), y_train, EPOCHS, BATCH, LR, MOMENTUM, rng)
    return net, accuracy(net, apply_scaler(scaler, X_test), y_test)


# Task 5
def pretrain(X, digits, rng):
    scaler = fit_scaler(X)
    net = init_mlp(X.shape[1], HIDDEN, 2, rng)
    net = train_mlp(net, apply_scaler(scaler, X), digits % 2, PRETRAIN_EPOCHS, BATCH, LR, MOMENTUM, rng)
    return net, scaler


# Task 6
def new_head(net, n_classes, rng):
    fresh = init_mlp(*net["W1"].shape, n_classes, rng)
    return {"W1": net["W1"].copy(), "b1": net["b1"].copy(), "W2": fresh["W2"], "b2": fresh["b2"]}


def frozen(pretrained, scaler, X_train, y_train, X_test, y_test, rng):
    net = new_head(pretrained, N_CLASSES, rng)
    Z_train, Z_test = apply_scaler(scaler, X_train), apply_scaler(scaler, X_test)
    net = train_mlp(net, Z_train, y_train, EPOCHS, BATCH, LR, MOMENTUM, rng, only_head=True)
    return net, accuracy(net, Z_test, y_test)


def finetune(pretrained, scaler, X_train, y_train, X_test, y_test, rng):
    net = new_head(pretrained, N_CLASSES, rng)
    Z_train, Z_test = apply_scaler(scaler, X_train), apply_scaler(scaler, X_test)
    net = train_mlp(net, Z_train, y_train, EPOCHS, BATCH, FINETUNE_LR, MOMENTUM, rng)
    return net, accuracy(net, Z_test, y_test)


def compare(X, y, sizes, seeds):
    rows = []
    for seed in seeds:
        heldout, pool, _, source = split(y, (500, 500, 100), np.random.default_rng(seed))
        pretrained, scaler = pretrain(X[source], y[source], np.random.default_rng(seed))
        test = X[heldout], y[heldout]
        for n in sizes:
            train = X[pool[:n]], y[pool[:n]]  # the first n: each subset contains the smaller ones
            results = {
                "baseline": baseline(*train, *test),
                "scratch": scratch(*train, *test, np.random.default_rng(seed))[1],
                "frozen": frozen(pretrained, scaler, *train, *test, np.random.default_rng(seed))[1],
                "finetune": finetune(pretrained, scaler, *train, *test, np.random.default_rng(seed))[1],
            }
            rows += [(name, n, seed, result) for name, result in results.items()]
    return rows
