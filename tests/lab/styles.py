"""Right solutions in other styles than ours: what replaces functions of the solution."""

from __future__ import annotations

from types import MappingProxyType

CLASSES = """
class Network:
    def __init__(self, sizes, rng):
        self.n_in, self.n_hidden, self.n_out = sizes
        self.W1 = rng.standard_normal((self.n_in, self.n_hidden)) * (2 / self.n_in) ** 0.5
        self.b1 = np.zeros(self.n_hidden)
        self.draw_head(self.n_out, rng)

    def draw_head(self, n_out, rng):
        self.n_out = n_out
        self.W2 = rng.standard_normal((self.n_hidden, n_out)) * (2 / (self.n_hidden + n_out)) ** 0.5
        self.b2 = np.zeros(n_out)

    def __call__(self, X):
        self.hidden = (X @ self.W1 + self.b1).clip(min=0)
        return self.hidden @ self.W2 + self.b2


class Gradient:
    pass


def init_mlp(n_inputs, n_hidden, n_classes, rng):
    return Network((n_inputs, n_hidden, n_classes), rng)


def forward(net, X):
    return net(X)


def loss_and_gradient(net, X, y):
    z = net(X)
    e = np.exp(z - z.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    g = Gradient()
    d = (p - np.eye(net.n_out)[y]) / len(y)
    g.W2, g.b2 = net.hidden.T @ d, d.sum(0)
    d = d @ net.W2.T
    d[net.hidden == 0] = 0
    g.W1, g.b1 = X.T @ d, d.sum(0)
    return -np.log(np.maximum(p[range(len(y)), y], 1e-300)).mean(), g


def train_mlp(net, X, y, epochs, batch_size, lr, momentum, rng, only_head=False):
    import copy

    net = copy.deepcopy(net)
    names = ("W2", "b2") if only_head else ("W1", "b1", "W2", "b2")
    v = {name: 0 for name in names}
    for epoch in range(epochs):
        order = rng.permutation(len(X))
        for rows in np.split(order, range(batch_size, len(X), batch_size)):
            _, g = loss_and_gradient(net, X[rows], y[rows])
            for name in names:
                v[name] = momentum * v[name] - lr * getattr(g, name)
                setattr(net, name, getattr(net, name) + v[name])
    return net


def new_head(net, n_classes, rng):
    import copy

    net = copy.deepcopy(net)
    net.draw_head(n_classes, rng)
    return net
"""

LISTS = """
def init_mlp(n_inputs, n_hidden, n_classes, rng):
    layers = []
    for n_in, n_out, scale in ((n_inputs, n_hidden, 2 / n_inputs), (n_hidden, n_classes, 2 / (n_hidden + n_classes))):
        layers.append([scale**0.5 * rng.normal(size=(n_in, n_out)), np.zeros(n_out)])
    return layers


def activations(net, X):
    outputs = [X]
    for k, (W, b) in enumerate(net):
        X = X @ W + b
        if k < len(net) - 1:
            X = np.where(X > 0, X, 0)
        outputs.append(X)
    return outputs


def forward(net, X):
    return activations(net, X)[-1]


def loss_and_gradient(net, X, y):
    from scipy.special import logsumexp

    *inputs, z = activations(net, X)
    log_p = z - logsumexp(z, axis=1, keepdims=True)
    d = (np.exp(log_p) - (y[:, None] == np.arange(z.shape[1]))) / len(y)
    gradients = []
    for (W, _), a in zip(reversed(net), reversed(inputs)):
        gradients.insert(0, [a.T @ d, d.sum(axis=0)])
        d = d @ W.T * (a > 0)
    return -np.take_along_axis(log_p, y[:, None], 1).mean(), gradients


def train_mlp(net, X, y, epochs, batch_size, lr, momentum, rng, only_head=False):
    net = [[p.copy() for p in layer] for layer in net]
    velocity = [[np.zeros_like(p) for p in layer] for layer in net]
    for _ in range(epochs):
        order = rng.permutation(len(y))
        for i in range(0, len(y), batch_size):
            _, gradient = loss_and_gradient(net, X[order[i : i + batch_size]], y[order[i : i + batch_size]])
            for k in range(len(net)):
                if only_head and k == 0:
                    continue
                for p, v, g in zip(net[k], velocity[k], gradient[k]):
                    v *= momentum
                    v -= lr * g
                    p += v
    return net


def new_head(net, n_classes, rng):
    W, b = net[0]
    return [[W.copy(), b.copy()], init_mlp(*W.shape, n_classes, rng)[1]]
"""

FUNCTIONAL = """
from functools import reduce
from typing import NamedTuple


class Net(NamedTuple):
    W1: object
    b1: object
    W2: object
    b2: object


def init_mlp(n_inputs, n_hidden, n_classes, rng):
    he, glorot = np.sqrt(2 / n_inputs), np.sqrt(2 / (n_hidden + n_classes))
    W1, W2 = rng.normal(0, he, (n_inputs, n_hidden)), rng.normal(0, glorot, (n_hidden, n_classes))
    return Net(W1, np.zeros(n_hidden), W2, np.zeros(n_classes))


relu = lambda z: (z + abs(z)) / 2
forward = lambda net, X: relu(X @ net.W1 + net.b1) @ net.W2 + net.b2


def loss_and_gradient(net, X, y):
    A = relu(X @ net.W1 + net.b1)
    Z = A @ net.W2 + net.b2
    log_p = Z - np.logaddexp.reduce(Z, axis=1, keepdims=True)
    onehot = np.eye(Z.shape[1])[y]
    d2 = (np.exp(log_p) - onehot) / len(y)
    d1 = np.where(A > 0, d2 @ net.W2.T, 0)
    return -(onehot * log_p).sum() / len(y), Net(X.T @ d1, d1.sum(0), A.T @ d2, d2.sum(0))


def train_mlp(net, X, y, epochs, batch_size, lr, momentum, rng, only_head=False):
    mask = Net(not only_head, not only_head, True, True)

    def step(state, rows):
        net, velocity = state
        _, g = loss_and_gradient(net, X[rows], y[rows])
        velocity = Net(*(momentum * v - lr * d * moves for v, d, moves in zip(velocity, g, mask)))
        return Net(*(p + v for p, v in zip(net, velocity))), velocity

    orders = (rng.permutation(len(y)) for _ in range(epochs))
    batches = (order[k : k + batch_size] for order in orders for k in range(0, len(y), batch_size))
    return reduce(step, batches, (net, Net(0, 0, 0, 0)))[0]


def new_head(net, n_classes, rng):
    return net._replace(W2=init_mlp(*net.W1.shape, n_classes, rng).W2, b2=np.zeros(n_classes))
"""

IN_PLACE = """
def train_mlp(net, X, y, epochs, batch_size, lr, momentum, rng, only_head=False):
    velocity = {name: np.zeros_like(values) for name, values in net.items()}
    for _ in range(epochs):
        order = rng.permutation(len(y))
        start = 0
        while start < len(y):
            rows = order[start : start + batch_size]
            g = loss_and_gradient(net, X[rows], y[rows])[1]
            for name in net:
                if only_head and name.endswith("1"):
                    continue
                velocity[name] *= momentum
                velocity[name] += g[name]
                net[name] -= lr * velocity[name]
            start += batch_size
    return net
"""

FLOAT32 = """
def init_mlp(n_inputs, n_hidden, n_classes, rng):
    W1 = rng.standard_normal((n_inputs, n_hidden), dtype=np.float32) * np.float32(np.sqrt(2 / n_inputs))
    W2 = rng.standard_normal((n_hidden, n_classes), dtype=np.float32) * np.float32(np.sqrt(2 / (n_hidden + n_classes)))
    return {"W1": W1, "b1": np.zeros(n_hidden, np.float32), "W2": W2, "b2": np.zeros(n_classes, np.float32)}


def apply_scaler(scaler, X):
    return ((X - scaler["mean"]) / scaler["scale"]).astype(np.float32)


_right = loss_and_gradient


def loss_and_gradient(net, X, y):
    loss, gradient = _right(net, X.astype(np.float32), y)
    return np.float32(loss), {name: value.astype(np.float32) for name, value in gradient.items()}
"""

ROW_VECTORS = """
def init_mlp(n_inputs, n_hidden, n_classes, rng):
    return {
        "weights_1": rng.normal(0, np.sqrt(2 / n_inputs), (n_inputs, n_hidden)),
        "bias_1": np.zeros((1, n_hidden)),
        "weights_2": rng.normal(0, np.sqrt(2 / (n_hidden + n_classes)), (n_hidden, n_classes)),
        "bias_2": np.zeros((1, n_classes)),
    }


def forward(net, X):
    return np.maximum(0, X.dot(net["weights_1"]) + net["bias_1"]).dot(net["weights_2"]) + net["bias_2"]


def loss_and_gradient(net, X, y):
    m = X.shape[0]
    A1 = np.maximum(0, np.dot(X, net["weights_1"]) + net["bias_1"])
    Z2 = np.dot(A1, net["weights_2"]) + net["bias_2"]
    A2 = np.exp(Z2 - np.max(Z2, axis=1, keepdims=True))
    A2 /= np.sum(A2, axis=1, keepdims=True)
    Y = np.zeros_like(A2)
    Y[np.arange(m), y] = 1
    dZ2 = A2 - Y
    dW2 = (1 / m) * np.dot(A1.T, dZ2)
    db2 = (1 / m) * np.sum(dZ2, axis=0, keepdims=True)
    dZ1 = np.multiply(np.dot(dZ2, net["weights_2"].T), np.int64(A1 > 0))
    dW1 = (1 / m) * np.dot(X.T, dZ1)
    db1 = (1 / m) * np.sum(dZ1, axis=0, keepdims=True)
    cost = -np.sum(Y * np.log(A2 + 1e-300)) / m
    return cost, {"weights_1": dW1, "bias_1": db1, "weights_2": dW2, "bias_2": db2}


def train_mlp(net, X, y, epochs, batch_size, lr, momentum, rng, only_head=False):
    net = dict(net)
    v = {key: np.zeros(net[key].shape) for key in net}
    for _ in range(epochs):
        shuffled = rng.permutation(X.shape[0])
        for k in range(int(np.ceil(X.shape[0] / batch_size))):
            batch = shuffled[k * batch_size : (k + 1) * batch_size]
            grads = loss_and_gradient(net, X[batch, :], y[batch])[1]
            for key in ("weights_2", "bias_2") if only_head else net:
                v[key] = momentum * v[key] - lr * grads[key]
                net[key] = net[key] + v[key]
    return net


def new_head(net, n_classes, rng):
    fresh = init_mlp(*net["weights_1"].shape, n_classes, rng)
    return {**net, "weights_2": fresh["weights_2"], "bias_2": fresh["bias_2"]}
"""

TRANSPOSED = """
def init_mlp(n_inputs, n_hidden, n_classes, rng):
    W1 = rng.normal(0, np.sqrt(2 / n_inputs), (n_hidden, n_inputs))
    W2 = rng.normal(0, np.sqrt(2 / (n_hidden + n_classes)), (n_classes, n_hidden))
    return [W1, np.zeros((n_hidden, 1)), W2, np.zeros((n_classes, 1))]


def forward(net, X):
    W1, b1, W2, b2 = net
    return (W2 @ np.maximum(W1 @ X.T + b1, 0) + b2).T


def loss_and_gradient(net, X, y):
    W1, b1, W2, b2 = net
    H = np.maximum(W1 @ X.T + b1, 0)
    Z = W2 @ H + b2
    Z = Z - Z.max(axis=0)
    P = np.exp(Z) / np.exp(Z).sum(axis=0)
    n = X.shape[0]
    loss = np.mean(np.log(np.exp(Z).sum(axis=0)) - Z[y, np.arange(n)])
    P[y, np.arange(n)] -= 1
    D = (W2.T @ P) * (H > 0)
    return loss, [D @ X / n, D.mean(axis=1, keepdims=True), P @ H.T / n, P.mean(axis=1, keepdims=True)]


def train_mlp(net, X, y, epochs, batch_size, lr, momentum, rng, only_head=False):
    net = [p.copy() for p in net]
    v = [np.zeros_like(p) for p in net]
    for _ in range(epochs):
        order = rng.permutation(len(y))
        for i in range(0, len(y), batch_size):
            g = loss_and_gradient(net, X[order[i : i + batch_size]], y[order[i : i + batch_size]])[1]
            for k in (2, 3) if only_head else range(4):
                v[k] = momentum * v[k] - lr * g[k]
                net[k] += v[k]
    return net


def new_head(net, n_classes, rng):
    n_hidden, n_inputs = net[0].shape
    return [net[0].copy(), net[1].copy(), *init_mlp(n_inputs, n_hidden, n_classes, rng)[2:]]
"""

FLAT_VECTOR = """
class Flat:
    def __init__(self, theta, sizes):
        self.theta, self.sizes = theta, sizes

    def parts(self):
        i, h, c = self.sizes
        W1, b1, W2, b2 = np.split(self.theta, np.cumsum([i * h, h, h * c]))
        return W1.reshape(i, h), b1, W2.reshape(h, c), b2


def init_mlp(n_inputs, n_hidden, n_classes, rng):
    net = Flat(np.zeros((n_inputs + 1) * n_hidden + (n_hidden + 1) * n_classes), (n_inputs, n_hidden, n_classes))
    W1, _, W2, _ = net.parts()
    W1[:] = rng.normal(0, np.sqrt(2 / n_inputs), W1.shape)
    W2[:] = rng.normal(0, np.sqrt(2 / (n_hidden + n_classes)), W2.shape)
    return net


def forward(net, X):
    W1, b1, W2, b2 = net.parts()
    return np.maximum(X @ W1 + b1, 0) @ W2 + b2


def loss_and_gradient(net, X, y):
    W1, b1, W2, b2 = net.parts()
    H = np.maximum(X @ W1 + b1, 0)
    z = H @ W2 + b2
    z -= z.max(axis=1, keepdims=True)
    e = np.exp(z)
    p = e / e.sum(axis=1, keepdims=True)
    loss = np.mean(np.log(e.sum(axis=1)) - z[np.arange(len(y)), y])
    p[np.arange(len(y)), y] -= 1
    d2 = p / len(y)
    d1 = d2 @ W2.T * (H > 0)
    return loss, np.concatenate([(X.T @ d1).ravel(), d1.sum(0), (H.T @ d2).ravel(), d2.sum(0)])


def train_mlp(net, X, y, epochs, batch_size, lr, momentum, rng, only_head=False):
    theta = net.theta.copy()
    head = (net.sizes[0] + 1) * net.sizes[1]
    v = np.zeros_like(theta)
    for _ in range(epochs):
        order = rng.permutation(len(y))
        for i in range(0, len(y), batch_size):
            rows = order[i : i + batch_size]
            g = loss_and_gradient(Flat(theta, net.sizes), X[rows], y[rows])[1]
            v = momentum * v - lr * g
            if only_head:
                v[:head] = 0
            theta = theta + v
    return Flat(theta, net.sizes)


def new_head(net, n_classes, rng):
    fresh = init_mlp(*net.sizes[:2], n_classes, rng)
    head = (net.sizes[0] + 1) * net.sizes[1]
    fresh.theta[:head] = net.theta[:head]
    return fresh
"""

LIBRARY = """
import fastmlp


def init_mlp(n_inputs, n_hidden, n_classes, rng):
    return fastmlp.init_mlp((n_inputs, n_hidden, n_classes), rng=rng, dtype="float64")


def forward(net, X):
    return fastmlp.forward(net, X)


def loss_and_gradient(net, X, y):
    return fastmlp.backward(net, X, y)


def accuracy(net, X, y):
    return fastmlp.accuracy(net, X, y)


def train_mlp(net, X, y, epochs, batch_size, lr, momentum, rng, only_head=False):
    net = net.copy()
    body = [net.weights[0], net.biases[0]]
    moving = [net.weights[1], net.biases[1]] if only_head else [*net.weights, *net.biases]
    v = [np.zeros_like(p) for p in moving]
    for _ in range(epochs):
        order = rng.permutation(len(y))
        for i in range(0, len(y), batch_size):
            rows = order[i : i + batch_size]
            _, g = loss_and_gradient(net, X[rows], y[rows])
            steps = [g.weights[1], g.biases[1]] if only_head else [*g.weights, *g.biases]
            for k, p in enumerate(moving):
                v[k] = momentum * v[k] - lr * steps[k]
                p += v[k]
    return net


def new_head(net, n_classes, rng):
    fresh = init_mlp(*net.sizes[:2], n_classes, rng)
    fresh.weights[0][:], fresh.biases[0][:] = net.weights[0], net.biases[0]
    return fresh
"""

SCIKIT_LEARN = """
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def split(y, sizes, rng):
    rest, parts = np.arange(len(y)), []
    for size in sizes:
        rest, part = train_test_split(rest, test_size=size, stratify=y[rest], random_state=int(rng.integers(2**31)))
        parts.append(stratified(part, y, rng))
    return [*parts, rest]


def stratified(part, y, rng):
    place = np.empty(len(part))
    for label in np.unique(y[part]):
        of_class = y[part] == label
        place[of_class] = (rng.permutation(of_class.sum()) + 0.5) / of_class.sum()
    return part[np.argsort(place)]


def fit_scaler(X):
    return StandardScaler().fit(X)


def apply_scaler(scaler, X):
    return scaler.transform(X)


def baseline(X_train, y_train, X_test, y_test):
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)).fit(X_train, y_train)
    return model.score(X_test, y_test)


def compare(X, y, sizes, seeds):
    rows = []
    for seed in seeds:
        parts = split(y, (500, 500, 100), np.random.default_rng(seed))
        pretrained, scaler = pretrain(X[parts[3]], y[parts[3]], np.random.default_rng(seed + 1))
        for n in sizes:
            few = parts[1][:n]
            arguments = X[few], y[few], X[parts[0]], y[parts[0]]
            for name in ("baseline", "scratch", "frozen", "finetune"):
                if name == "baseline":
                    share = baseline(*arguments)
                elif name == "scratch":
                    _, share = scratch(*arguments, np.random.default_rng(seed))
                else:
                    _, share = globals()[name](pretrained, scaler, *arguments, np.random.default_rng(seed))
                rows.append({"strategy": name, "n": n, "seed": seed, "accuracy": share})
    return rows
"""

LOOPS = """
import math


def split(y, sizes, rng):
    parts = [[] for _ in range(len(sizes) + 1)]
    wanted = [*sizes, len(y) - sum(sizes)]
    queues = {label: list(rng.permutation([i for i in range(len(y)) if y[i] == label])) for label in sorted(set(y))}
    totals = {label: len(rows) for label, rows in queues.items()}
    for part, size in zip(parts, wanted):
        shares = {label: size * totals[label] / len(y) for label in queues}
        taken = {label: 0 for label in queues}
        while len(part) < size:
            open_classes = [label for label in queues if queues[label]]
            label = max(open_classes, key=lambda k: (len(part) + 1) / size * shares[k] - taken[k])
            part.append(queues[label].pop())
            taken[label] += 1
    return parts


def fit_scaler(X):
    means, spreads = [], []
    for column in X.T:
        mean = sum(column) / len(column)
        spread = math.sqrt(sum((value - mean) ** 2 for value in column) / (len(column) - 1))
        means.append(mean)
        spreads.append(spread if spread > 1e-12 else 1.0)
    return means, spreads


def apply_scaler(scaler, X):
    means, spreads = scaler
    return np.array([[(value - m) / s for value, m, s in zip(row, means, spreads)] for row in X])


def accuracy(net, X, y):
    right = 0
    for row, label in zip(forward(net, X), y):
        if int(np.argmax(row)) == label:
            right += 1
    return right / len(y)
"""

SHARES = """
from types import SimpleNamespace


def init_mlp(n_inputs, n_hidden, n_classes, rng):
    r1, r2 = np.sqrt(6 / n_inputs), np.sqrt(6 / (n_hidden + n_classes))
    return SimpleNamespace(
        body=SimpleNamespace(W=rng.uniform(-r1, r1, (n_inputs, n_hidden)), b=np.zeros(n_hidden)),
        head=SimpleNamespace(W=rng.uniform(-r2, r2, (n_hidden, n_classes)), b=np.zeros(n_classes)),
    )


def forward(net, X):
    hidden = np.einsum("ni,ih->nh", X, net.body.W) + net.body.b
    hidden *= hidden > 0
    return np.einsum("nh,hc->nc", hidden, net.head.W) + net.head.b


def loss_and_gradient(net, X, y):
    pre = X @ net.body.W + net.body.b
    hidden = pre * (pre > 0)
    z = hidden @ net.head.W + net.head.b
    z = z - np.max(z, axis=1)[:, None]
    log_p = z - np.log(np.sum(np.exp(z), axis=1))[:, None]
    error = np.exp(log_p)
    for row, label in enumerate(y):
        error[row, label] -= 1
    back = np.einsum("nc,hc->nh", error, net.head.W) * (pre > 0)
    average = lambda values: values / len(y)
    head = SimpleNamespace(W=average(hidden.T @ error), b=error.mean(axis=0))
    body = SimpleNamespace(W=average(X.T @ back), b=back.mean(axis=0))
    return float(-np.mean([log_p[row, label] for row, label in enumerate(y)])), SimpleNamespace(body=body, head=head)


def train_mlp(net, X, y, epochs, batch_size, lr, momentum, rng, only_head=False):
    from copy import deepcopy

    net = deepcopy(net)
    layers = ("head",) if only_head else ("body", "head")
    velocity = {(layer, name): 0.0 for layer in layers for name in "Wb"}
    for _ in range(epochs):
        order = rng.permutation(len(y))
        for start in range(0, len(y), batch_size):
            rows = order[start : start + batch_size]
            share = len(rows) / min(batch_size, len(y))  # a short batch counts for its share
            gradient = loss_and_gradient(net, X[rows], y[rows])[1]
            for layer, name in velocity:
                slope = getattr(getattr(gradient, layer), name)
                velocity[layer, name] = momentum * velocity[layer, name] - lr * share * slope
                part = getattr(net, layer)
                setattr(part, name, getattr(part, name) + velocity[layer, name])
    return net


def new_head(net, n_classes, rng):
    head = init_mlp(*net.body.W.shape, n_classes, rng).head
    return SimpleNamespace(body=SimpleNamespace(W=net.body.W.copy(), b=net.body.b.copy()), head=head)
"""

SLOTS = """
from dataclasses import dataclass


@dataclass(slots=True)
class Layer:
    W: np.ndarray
    b: np.ndarray


@dataclass(slots=True)
class Net:
    first: Layer
    second: Layer


def init_mlp(n_inputs, n_hidden, n_classes, rng):
    def layer(n_in, n_out, variance):
        return Layer(rng.normal(scale=np.sqrt(variance), size=(n_in, n_out)), np.zeros(n_out))

    return Net(layer(n_inputs, n_hidden, 2 / n_inputs), layer(n_hidden, n_classes, 2 / (n_hidden + n_classes)))


def forward(net, X):
    return np.maximum(X @ net.first.W + net.first.b, 0) @ net.second.W + net.second.b


def loss_and_gradient(net, X, y):
    A = np.maximum(X @ net.first.W + net.first.b, 0)
    Z = A @ net.second.W + net.second.b
    Z -= Z.max(axis=1, keepdims=True)
    P = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
    picked = P[np.arange(len(y)), y]
    D = P.copy()
    D[np.arange(len(y)), y] -= 1
    D /= len(y)
    E = D @ net.second.W.T * np.sign(A)
    loss = -np.mean(np.log(picked, out=np.full(len(y), -1e4), where=picked > 0))
    return loss, (Layer(X.T @ E, E.sum(0)), Layer(A.T @ D, D.sum(0)))


def train_mlp(net, X, y, epochs, batch_size, lr, momentum, rng, only_head=False):
    net = Net(Layer(net.first.W.copy(), net.first.b.copy()), Layer(net.second.W.copy(), net.second.b.copy()))
    velocities = [[0, 0], [0, 0]]
    for _ in range(epochs):
        order = rng.permutation(len(y))
        for rows in (order[i : i + batch_size] for i in range(0, len(y), batch_size)):
            _, slopes = loss_and_gradient(net, X[rows], y[rows])
            for layer, slope, v in list(zip((net.first, net.second), slopes, velocities))[only_head:]:
                v[0] = momentum * v[0] - lr * slope.W
                v[1] = momentum * v[1] - lr * slope.b
                layer.W += v[0]
                layer.b += v[1]
    return net


def new_head(net, n_classes, rng):
    return Net(Layer(net.first.W.copy(), net.first.b.copy()), init_mlp(*net.first.W.shape, n_classes, rng).second)
"""

STYLES = MappingProxyType(
    {
        "ours": "",
        "classes": CLASSES,
        "lists": LISTS,
        "functional": FUNCTIONAL,
        "in-place": IN_PLACE,
        "float32": FLOAT32,
        "row-vectors": ROW_VECTORS,
        "transposed": TRANSPOSED,
        "flat-vector": FLAT_VECTOR,
        "fastmlp-itself": LIBRARY,
        "scikit-learn": SCIKIT_LEARN,
        "loops": LOOPS,
        "shares-and-uniform": SHARES,
        "slots": SLOTS,
    }
)
