"""Made-up submissions: the solutions, solutions with one fault, and right solutions in other styles."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import fastmlp.lab

SOLUTION = (Path(fastmlp.lab.__file__).parent / "solutions.py").read_text(encoding="utf-8")


class Fault(NamedTuple):
    """One faulty solution: what is wrong with it, and the line that makes it so."""

    key: str
    task: int
    right: str
    wrong: str


def run(code: str) -> dict[str, Any]:
    """Return the names that a submission defines."""
    names: dict[str, Any] = {}
    exec(compile(code, "lab.py", "exec"), names)
    return names


def with_fault(fault: Fault) -> str:
    """Return the solution with a fault."""
    assert SOLUTION.count(fault.right) >= 1, f"not in the solution: {fault.right}"
    return SOLUTION.replace(fault.right, fault.wrong, 1)


SPLIT = "    return np.split(np.argsort(place), np.cumsum(sizes))"
SCALE = '    return (X - scaler["mean"]) / scaler["scale"]'
BASELINE = "    scaler = fit_scaler(X_train)\n    model ="
SCORE = "    return np.mean(model.predict(apply_scaler(scaler, X_test)) == y_test)"
HIDDEN = '    hidden = np.maximum(X @ net["W1"] + net["b1"], 0)\n    return'
LOGITS = 'hidden = np.maximum(X @ net["W1"] + net["b1"], 0)\n    return hidden @ net["W2"] + net["b2"]'
LOG_P = "    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))"
LOSS = "    loss = -log_p[np.arange(n), y].mean()"
LABEL = "    dz[np.arange(n), y] -= 1"
GRADIENT = '    gradient = {"W1": X.T @ dhidden, "b1": dhidden.sum(axis=0), "W2": hidden.T @ dz, "b2": dz.sum(axis=0)}'
MASK = "* (hidden > 0)"
COPY = "    net = {name: values.copy() for name, values in net.items()}\n    velocity"
ORDER = "        order = rng.permutation(len(y))"
STEP = "                velocity[name] = momentum * velocity[name] - lr * gradient[name]"
TRAINED = "                net[name] += velocity[name]\n    return net"
SCRATCH = "    return net, accuracy(net, apply_scaler(scaler, X_test), y_test)"
SCRATCH_SCALER = "    scaler = fit_scaler(X_train)\n    net = init_mlp(X_train"
SCRATCH_TRAIN = "    net = train_mlp(net, apply_scaler(scaler, X_train), y_train, EPOCHS"
PARITY = "digits % 2"
PRETRAIN = "    net = train_mlp(net, apply_scaler(scaler, X), digits"
HEAD = '    return {"W1": net["W1"].copy(), "b1": net["b1"].copy(), "W2": fresh["W2"], "b2": fresh["b2"]}'
FROZEN = "    net = train_mlp(net, Z_train, y_train, EPOCHS, BATCH, LR, MOMENTUM, rng, only_head=True)"
FINETUNE = "    net = train_mlp(net, Z_train, y_train, EPOCHS, BATCH, FINETUNE_LR, MOMENTUM, rng)"
EVALUATE = "only_head=True)\n    return net, accuracy(net, Z_test, y_test)"
TRAIN_ROWS = "            train = X[pool[:n]], y[pool[:n]]"
SOURCE = "pretrain(X[source], y[source], "

FAULTS = [
    Fault("split_parts", 1, SPLIT, SPLIT + "[:3]"),
    Fault("split_not_rows", 1, SPLIT, SPLIT.replace("np.split(", "np.split(0.5 + ")),
    Fault("split_outside", 1, SPLIT, SPLIT.replace("np.split(", "np.split(1 + ")),
    Fault("split_rest_dropped", 1, SPLIT, "    return np.split(np.argsort(place)[:1200], np.cumsum(sizes))"),
    Fault("split_part_is_everything", 1, SPLIT, SPLIT.replace("return ", "return [*") + "[:3], np.arange(len(y))]"),
    Fault("split_labels", 1, SPLIT, "    return [y[part] for part in np.split(np.argsort(place), np.cumsum(sizes))]"),
    Fault("split_sizes", 1, SPLIT, "    return np.array_split(np.argsort(place), 4)"),
    Fault("split_replacement", 1, SPLIT, "    return np.split(rng.choice(len(y), len(y)), np.cumsum(sizes))"),
    Fault(
        "split_overlap",
        1,
        SPLIT,
        "    return [rng.choice(len(y), n, replace=False) for n in (*sizes, len(y) - sum(sizes))]",
    ),
    Fault("split_not_shuffled", 1, SPLIT, "    return np.split(np.arange(len(y)), np.cumsum(sizes))"),
    Fault("split_not_stratified", 1, SPLIT, "    return np.split(rng.permutation(len(y)), np.cumsum(sizes))"),
    Fault(
        "split_not_repeatable",
        1,
        "    place = np.empty(len(y))",
        "    rng = np.random.default_rng()\n    place = np.empty(len(y))",
    ),
    Fault(
        "split_ignores_rng",
        1,
        "    place = np.empty(len(y))",
        "    rng = np.random.default_rng(0)\n    place = np.empty(len(y))",
    ),
    Fault(
        "split_pool_in_order",
        1,
        SPLIT,
        "    return [np.sort(part) for part in np.split(np.argsort(place), np.cumsum(sizes))]",
    ),
    Fault("scaler_variance", 1, "    spread = X.std(axis=0)", "    spread = X.var(axis=0)"),
    Fault("scaler_not_centred", 1, SCALE, '    return X / scaler["scale"]'),
    Fault("scaler_not_divided", 1, SCALE, '    return X - scaler["mean"]'),
    Fault(
        "scaler_one_mean",
        1,
        '{"mean": X.mean(axis=0), "scale": np.where(spread > 0, spread, 1)}',
        '{"mean": X.mean(), "scale": X.std()}',
    ),
    Fault("scaler_by_row", 1, SCALE, "    return (X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True)"),
    Fault(
        "scaler_to_unit_range",
        1,
        '{"mean": X.mean(axis=0), "scale": np.where(spread > 0, spread, 1)}',
        '{"mean": X.min(axis=0), "scale": np.ptp(X, axis=0)}',
    ),
    Fault("scaler_of_what_it_is_applied_to", 1, SCALE, "    return (X - X.mean(axis=0)) / X.std(axis=0)"),
    Fault("scaler_multiplied", 1, SCALE, '    return (X - scaler["mean"]) * scaler["scale"]'),
    Fault("scaler_constant", 1, "np.where(spread > 0, spread, 1)", "spread"),
    Fault("input_changed", 1, SCALE, '    X -= scaler["mean"]\n    X /= scaler["scale"]\n    return X'),
    Fault("returns_nothing", 1, SCALE, SCALE.replace("return ", "")),
    Fault("accuracy_on_training_set", 2, SCORE, SCORE.replace("_test", "_train")),
    Fault(
        "baseline_trained_on_test",
        2,
        "(max_iter=1000).fit(apply_scaler(scaler, X_train), y_train)",
        "(C=1e4).fit(apply_scaler(scaler, np.vstack([X_train, X_test])), np.append(y_train, y_test))",
    ),
    Fault("baseline_scaler_on_everything", 2, BASELINE, BASELINE.replace("X_train", "np.vstack([X_train, X_test])")),
    Fault("baseline_scaler_on_test", 2, SCORE, SCORE.replace("scaler, X_test", "fit_scaler(X_test), X_test")),
    Fault(
        "experiment_unscaled",
        2,
        "(max_iter=1000).fit(apply_scaler(scaler, X_train), y_train)\n"
        "    return np.mean(model.predict(apply_scaler(scaler, X_test))",
        "().fit(X_train, y_train)\n    return np.mean(model.predict(X_test)",
    ),
    Fault("accuracy_percent", 2, SCORE, SCORE.replace("np.mean(", "100 * np.mean(")),
    Fault("accuracy_counted", 2, SCORE, SCORE.replace("np.mean(", "np.sum(")),
    Fault("error_instead_of_accuracy", 2, SCORE, SCORE.replace("==", "!=")),
    Fault("init_all_alike", 3, '"W1": rng.normal(size=(n_inputs, n_hidden))', '"W1": np.ones((n_inputs, n_hidden))'),
    Fault(
        "init_ignores_rng",
        3,
        '    return {\n        "W1"',
        '    rng = np.random.default_rng(42)\n    return {\n        "W1"',
    ),
    Fault("init_not_repeatable", 3, '"W1": rng.normal', '"W1": np.random.normal'),
    Fault("init_positive", 3, '"W1": rng.normal', '"W1": rng.random'),
    Fault("init_variance_as_spread", 3, "np.sqrt(2 / n_inputs)", "(2 / n_inputs)"),
    Fault("init_too_large", 3, " * np.sqrt(2 / n_inputs)", ""),
    Fault("init_too_small", 3, " * np.sqrt(2 / n_inputs)", " * 1e-4"),
    Fault("init_biases", 3, "np.zeros(n_hidden)", "np.ones(n_hidden)"),
    Fault("no_parameter", 3, '        "b2": np.zeros(n_classes),\n', ""),
    Fault(
        "forward_softmax",
        3,
        LOGITS,
        LOGITS.replace("return", "z =") + "\n    e = np.exp(z)\n    return e / e.sum(axis=1, keepdims=True)",
    ),
    Fault(
        "forward_argmax",
        3,
        LOGITS,
        LOGITS.replace(
            'return hidden @ net["W2"] + net["b2"]', 'return (hidden @ net["W2"] + net["b2"]).argmax(axis=1)'
        ),
    ),
    Fault("forward_no_relu", 3, HIDDEN, '    hidden = X @ net["W1"] + net["b1"]\n    return'),
    Fault(
        "forward_relu_on_logits",
        3,
        LOGITS,
        LOGITS.replace('hidden @ net["W2"] + net["b2"]', 'np.maximum(hidden @ net["W2"] + net["b2"], 0)'),
    ),
    Fault("forward_no_b1", 3, HIDDEN, HIDDEN.replace(' + net["b1"]', "")),
    Fault("forward_no_b2", 3, LOGITS, LOGITS.replace(' + net["b2"]', "")),
    Fault("forward_no_bias", 3, LOGITS, LOGITS.replace(' + net["b2"]', "").replace(' + net["b1"]', "")),
    Fault("forward_sigmoid", 3, HIDDEN, '    hidden = 1 / (1 + np.exp(-(X @ net["W1"] + net["b1"])))\n    return'),
    Fault("forward_tanh", 3, HIDDEN, '    hidden = np.tanh(X @ net["W1"] + net["b1"])\n    return'),
    Fault("forward_relu_wrong_side", 3, HIDDEN, HIDDEN.replace("maximum", "minimum")),
    Fault("forward_relu_of_input", 3, HIDDEN, '    hidden = np.maximum(X, 0) @ net["W1"] + net["b1"]\n    return'),
    Fault("forward_batch_scaled", 3, HIDDEN, "    X = (X - X.mean(axis=0)) / (X.std(axis=0) + 1e-12)\n" + HIDDEN),
    Fault("forward_bias_outside_relu", 3, HIDDEN, '    hidden = np.maximum(X @ net["W1"], 0) + net["b1"]\n    return'),
    Fault(
        "forward_log_probabilities",
        3,
        LOGITS,
        LOGITS.replace("return", "z =") + "\n    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))",
    ),
    Fault(
        "forward_leaky",
        3,
        HIDDEN,
        '    hidden = X @ net["W1"] + net["b1"]\n    hidden = np.where(hidden > 0, hidden, 0.01 * hidden)\n    return',
    ),
    Fault("not_an_array", 3, LOGITS, LOGITS.replace("return ", "return hidden, ")),
    Fault("loss_summed", 3, LOSS, LOSS.replace("mean", "sum")),
    Fault("loss_sign", 3, LOSS, LOSS.replace("-log_p", "log_p")),
    Fault("loss_halved_squares", 3, LOSS, "    loss = np.mean((np.exp(log_p) - np.eye(log_p.shape[1])[y]) ** 2)"),
    Fault("loss_label_up", 3, LOSS, LOSS.replace("n), y", "n), (y + 1) % log_p.shape[1]")),
    Fault("loss_label_down", 3, LOSS, LOSS.replace("n), y", "n), y - 1")),
    Fault(
        "loss_softmax_twice",
        3,
        LOSS,
        "    p = np.exp(log_p)\n    loss = -(p - np.log(np.exp(p).sum(axis=1, keepdims=True)))[np.arange(n), y].mean()",
    ),
    Fault("loss_log2", 3, LOSS, LOSS + " / np.log(2)"),
    Fault("loss_over_classes", 3, LOSS, "    loss = -(log_p * np.eye(log_p.shape[1])[y]).mean()"),
    Fault(
        "loss_binary",
        3,
        LOSS,
        "    P, Y = np.exp(log_p), np.eye(log_p.shape[1])[y]\n"
        "    loss = -(Y * np.log(P) + (1 - Y) * np.log(1 - P)).sum(axis=1).mean()",
    ),
    Fault("loss_over_batch", 3, LOG_P, LOG_P.replace("axis=1", "axis=0")),
    Fault("loss_no_logarithm", 3, LOSS, LOSS.replace("-log_p", "-np.exp(log_p)")),
    Fault("pair_swapped", 3, "    return loss, gradient", "    return gradient, loss"),
    Fault("softmax_overflows", 3, "    z = z - z.max(axis=1, keepdims=True)  # the largest exponent is now 0\n", ""),
    Fault("gradient_not_divided", 3, "    dz /= n\n", ""),
    Fault("gradient_divided_twice", 3, "    dz /= n\n", "    dz /= n * n\n"),
    Fault("gradient_sign", 3, "    dz /= n\n", "    dz /= -n\n"),
    Fault("gradient_no_b1", 3, '"b1": dhidden.sum(axis=0)', '"b1": np.zeros_like(net["b1"])'),
    Fault("gradient_no_b2", 3, '"b2": dz.sum(axis=0)', '"b2": np.zeros_like(net["b2"])'),
    Fault(
        "gradient_no_bias",
        3,
        GRADIENT,
        GRADIENT.replace("dhidden.sum(axis=0)", '0 * net["b1"]').replace("dz.sum(axis=0)", '0 * net["b2"]'),
    ),
    Fault("gradient_bias_mean", 3, GRADIENT, GRADIENT.replace("sum", "mean")),
    Fault(
        "gradient_bias_summed",
        3,
        GRADIENT,
        GRADIENT.replace("dhidden.sum(axis=0)", "n * dhidden.sum(axis=0)").replace(
            "dz.sum(axis=0)", "n * dz.sum(axis=0)"
        ),
    ),
    Fault("gradient_hidden_summed", 3, '(dz @ net["W2"].T)', '(n * dz @ net["W2"].T)'),
    Fault("gradient_over_classes", 3, "    dz /= n\n", "    dz /= dz.size\n"),
    Fault("gradient_bias_not_summed", 3, '"b1": dhidden.sum(axis=0)', '"b1": dhidden'),
    Fault("gradient_mask_wrong_side", 3, MASK, "* (hidden <= 0)"),
    Fault("gradient_no_mask", 3, MASK, "* 1"),
    Fault("gradient_mask_of_gradient", 3, '(dz @ net["W2"].T) * (hidden > 0)', 'np.maximum(dz @ net["W2"].T, 0)'),
    Fault("gradient_no_label", 3, LABEL + "\n", ""),
    Fault("gradient_label_up", 3, LABEL, LABEL.replace("y]", "(y + 1) % dz.shape[1]]")),
    Fault("gradient_label_down", 3, LABEL, LABEL.replace("y]", "y - 1]")),
    Fault("gradient_probability_slope", 3, "    dz /= n\n", "    dz *= np.exp(log_p) * (1 - np.exp(log_p)) / n\n"),
    Fault("gradient_of_squares", 3, "    dz /= n\n", "    dz *= 2 / dz.size\n"),
    Fault("gradient_before_relu", 3, '"W2": hidden.T @ dz', '"W2": (X @ net["W1"] + net["b1"]).T @ dz'),
    Fault(
        "gradient_head_only",
        3,
        GRADIENT,
        GRADIENT.replace("X.T @ dhidden", '0 * net["W1"]').replace("dhidden.sum(axis=0)", '0 * net["b1"]'),
    ),
    Fault("gradient_differs", 3, MASK, "* hidden"),
    Fault("gradient_changes_network", 3, GRADIENT, GRADIENT + '\n    net["b2"] -= 0.1 * gradient["b2"]'),
    Fault("accuracy_of_smallest", 3, ".argmax(axis=1) == y", ".argmin(axis=1) == y"),
    Fault("train_no_momentum", 3, STEP, STEP.replace("momentum * velocity[name] ", "")),
    Fault("train_averaged_momentum", 3, STEP, STEP.replace("- lr *", "- (1 - momentum) * lr *")),
    Fault("train_uphill", 3, STEP, STEP.replace("- lr", "+ lr")),
    Fault("train_one_epoch_more", 3, "range(epochs)", "range(epochs + 1)"),
    Fault("train_one_epoch_less", 3, "range(epochs)", "range(1, epochs)"),
    Fault(
        "train_one_epoch",
        3,
        "                net[name] += velocity[name]\n    return",
        "                net[name] += velocity[name]\n        return",
    ),
    Fault("train_untrained", 3, "                net[name] += velocity[name]", "                pass"),
    Fault("train_biases_fixed", 3, "else list(net)", 'else ["W1", "W2"]'),
    Fault("train_weights_fixed", 3, "else list(net)", 'else ["b1", "b2"]'),
    Fault("train_summed", 3, STEP, STEP.replace("lr *", "lr * len(rows) *")),
    Fault(
        "train_labels_apart",
        3,
        "loss_and_gradient(net, X[rows], y[rows])",
        "loss_and_gradient(net, X[rows], rng.permutation(y)[rows])",
    ),
    Fault("train_replacement", 3, ORDER, "        order = rng.integers(0, len(y), len(y))"),
    Fault(
        "train_short_batch_dropped",
        3,
        "range(0, len(y), batch_size)",
        "range(0, max(1, len(y) - batch_size + 1), batch_size)",
    ),
    Fault("train_one_batch", 3, "range(0, len(y), batch_size)", "range(0, len(y), len(y))"),
    Fault(
        "train_batch_size_ignored",
        3,
        "        for start in range(0, len(y), batch_size):\n            rows = order[start : start + batch_size]",
        "        for rows in order[:, None] if len(y) > batch_size else [order]:",
    ),
    Fault("train_not_shuffled", 3, ORDER, "        order = np.arange(len(y))"),
    Fault(
        "train_shuffled_once",
        3,
        "    for _ in range(epochs):\n" + ORDER,
        "    order = rng.permutation(len(y))\n    for _ in range(epochs):",
    ),
    Fault("train_returns_more", 3, TRAINED, TRAINED + ", [0.0] * epochs"),
    Fault(
        "train_nesterov",
        3,
        TRAINED,
        TRAINED.replace("velocity[name]", "momentum * velocity[name] - lr * gradient[name]"),
    ),
    Fault("train_not_repeatable", 3, ORDER, "        order = np.random.permutation(len(y))"),
    Fault(
        "leak_of_test_inputs", 4, SCRATCH_SCALER, SCRATCH_SCALER.replace("X_train", "np.vstack([X_train, X_test])", 1)
    ),
    Fault(
        "leak_of_test_labels",
        4,
        SCRATCH_TRAIN,
        "    X_train, y_train = np.vstack([X_train, X_test]), np.append(y_train, y_test)\n" + SCRATCH_TRAIN,
    ),
    Fault(
        "scaled_by_itself",
        4,
        SCRATCH,
        SCRATCH.replace("apply_scaler(scaler, X_test)", "apply_scaler(fit_scaler(X_test), X_test)"),
    ),
    Fault("accuracy_on_training_set", 4, SCRATCH, SCRATCH.replace("_test", "_train")),
    Fault("experiment_unscaled", 4, SCRATCH_SCALER, "    scaler = {'mean': 0, 'scale': 8}\n    net = init_mlp(X_train"),
    Fault("scratch_learns_little", 4, SCRATCH_TRAIN, SCRATCH_TRAIN.replace("y_train", "y_train * 0")),
    Fault("experiment_ignores_rng", 4, SCRATCH_SCALER, "    rng = np.random.default_rng(0)\n" + SCRATCH_SCALER),
    Fault("not_a_pair", 4, SCRATCH, "    return accuracy(net, apply_scaler(scaler, X_test), y_test)"),
    Fault("pair_swapped", 4, SCRATCH, "    return accuracy(net, apply_scaler(scaler, X_test), y_test), net"),
    Fault("experiment_untrained", 4, SCRATCH_TRAIN, SCRATCH_TRAIN.replace("net = train", "train")),
    Fault("evaluated_unscaled", 4, SCRATCH, SCRATCH.replace("apply_scaler(scaler, X_test)", "X_test")),
    Fault(
        "experiment_settings",
        4,
        "y_train, EPOCHS, BATCH, LR, MOMENTUM, rng)\n" + SCRATCH,
        "y_train, EPOCHS, BATCH, MOMENTUM, LR, rng)\n" + SCRATCH,
    ),
    Fault("pair_swapped", 5, "    return net, scaler", "    return scaler, net"),
    Fault("experiment_settings", 5, "digits % 2, PRETRAIN_EPOCHS", "digits % 2, EPOCHS"),
    Fault("experiment_untrained", 5, PRETRAIN, PRETRAIN.replace("net = ", "")),
    Fault("pretrain_ten_classes", 5, "HIDDEN, 2, rng)", "HIDDEN, 10, rng)"),
    Fault("pretrain_even_is_one", 5, PARITY, "(digits + 1) % 2"),
    Fault("pretrain_small_or_large", 5, PARITY, "(digits > 4).astype(int)"),
    Fault("pretrain_zero_or_not", 5, PARITY, "(digits > 0).astype(int)"),
    Fault("pretrain_unscaled", 5, "train_mlp(net, apply_scaler(scaler, X), digits", "train_mlp(net, X / 16, digits"),
    Fault("pretrain_scaler", 5, "    return net, scaler", "    return net, fit_scaler(X[:1])"),
    Fault("pretrain_learns_nothing", 5, PARITY, "rng.permutation(digits % 2)"),
    Fault("frozen_moves_W1", 6, FROZEN, FROZEN.replace(", only_head=True", "")),
    Fault("frozen_moves_b1", 6, '["W2", "b2"] if', '["b1", "W2", "b2"] if'),
    Fault("head_bias_fixed", 6, '["W2", "b2"] if', '["W2"] if'),
    Fault("experiment_untrained", 6, FROZEN, FROZEN.replace("net = ", "")),
    Fault("experiment_settings", 6, FINETUNE, FINETUNE.replace("FINETUNE_LR", "LR")),
    Fault("trained_unscaled", 6, FROZEN, FROZEN.replace("Z_train", "X_train")),
    Fault("finetune_keeps_W1", 6, FINETUNE, FINETUNE.replace("rng)", "rng, only_head=True)")),
    Fault("finetune_keeps_b1", 6, "else list(net)", 'else ["W1", "W2", "b2"]'),
    Fault(
        "head_of_two_classes",
        6,
        "    net = new_head(pretrained, N_CLASSES, rng)",
        "    net = new_head(pretrained, 2, rng)\n    y_train = y_train % 2",
    ),
    Fault(
        "head_reused",
        6,
        HEAD,
        '    if net["b2"].size == n_classes:\n        return {name: value.copy() for name, value in net.items()}\n'
        + HEAD,
    ),
    Fault("body_drawn_anew", 6, HEAD, "    return fresh"),
    Fault("pretrained_changed", 6, HEAD, '    net["W2"], net["b2"] = fresh["W2"], fresh["b2"]\n    return net'),
    Fault(
        "transfer_scaler_refitted",
        6,
        "    Z_train, Z_test =",
        "    scaler = fit_scaler(X_train)\n    Z_train, Z_test =",
    ),
    Fault("scaled_by_itself", 6, EVALUATE, EVALUATE.replace("Z_test", "apply_scaler(fit_scaler(X_test), X_test)")),
    Fault("accuracy_on_training_set", 6, EVALUATE, EVALUATE.replace("Z_test, y_test", "Z_train, y_train")),
    Fault("evaluated_unscaled", 6, EVALUATE, EVALUATE.replace("Z_test", "X_test")),
    Fault("source_labels", 6, FROZEN, FROZEN.replace("y_train", "y_train % 2")),
    Fault("labels_off_by_one", 6, FROZEN, FROZEN.replace("y_train", "(y_train + 1) % 10")),
    Fault("transfer_learns_little", 6, FROZEN, FROZEN.replace("y_train", "y_train * 0")),
    Fault(
        "leak_of_test_labels",
        6,
        FROZEN,
        FROZEN.replace("Z_train, y_train", "np.vstack([Z_train, Z_test]), np.append(y_train, y_test)"),
    ),
    Fault(
        "accuracy_is_of_another_network",
        6,
        EVALUATE,
        "only_head=True)\n    return net, accuracy(new_head(net, 10, rng), Z_test, y_test)",
    ),
    Fault("compare_rows", 6, "        for n in sizes:", "        for n in sizes[1:]:"),
    Fault("compare_row", 6, "(name, n, seed, result)", "(name, result)"),
    Fault("compare_test_in_training", 6, TRAIN_ROWS, "            train = X[heldout[:n]], y[heldout[:n]]"),
    Fault("compare_pretrained_on_everything", 6, SOURCE, "pretrain(X, y, "),
    Fault("compare_test_in_pretraining", 6, SOURCE, "pretrain(X[heldout], y[heldout], "),
    Fault("compare_target_in_pretraining", 6, SOURCE, "pretrain(X[pool], y[pool], "),
    Fault("compare_split_sizes", 6, "(500, 500, 100)", "(300, 300, 100)"),
    Fault("compare_source_part", 6, "heldout, pool, _, source = split", "heldout, pool, source, _ = split"),
    Fault("compare_labels_apart", 6, TRAIN_ROWS, "            train = X[pool[:n]], y[:n]"),
    Fault(
        "compare_pretrained_mixed", 6, '"frozen": frozen(pretrained, scaler,', '"frozen": frozen(scaler, pretrained,'
    ),
    Fault(
        "compare_one_split",
        6,
        "split(y, (500, 500, 100), np.random.default_rng(seed))",
        "split(y, (500, 500, 100), np.random.default_rng(0))",
    ),
    Fault("compare_not_paired", 6, '"scratch": scratch(*train', '"scratch": scratch(X[pool[-n:]], y[pool[-n:]]'),
    Fault("compare_not_nested", 6, TRAIN_ROWS, "            train = X[pool[n : 2 * n]], y[pool[n : 2 * n]]"),
    Fault("compare_sizes", 6, TRAIN_ROWS, "            train = X[pool[: n + 1]], y[pool[: n + 1]]"),
    Fault("compare_results_mixed", 6, '"frozen": frozen(', '"frozen": finetune('),
]
