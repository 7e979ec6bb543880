"""A BERT and its kin as a backbone: embeddings, then a stage a layer; texts become tokens."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..backends.torch import import_torch
from ..checks import at_least_one, check_name
from ..errors import InvalidInput, MissingLibrary, shown
from .backbone import Backbone, check_finite_weights
from .checkpoints import load_weights
from .configurations import of_texts
from .pool import POOLS
from .preparation import as_list
from .stages import CLOSE, BackboneStage

LENGTH = 128  # tokens of a text, unless the checkpoint says less


def text_backbone(
    folder: str, weights: str | Path | None = None, *, length: int | None = None, pool: str | None = None
) -> Backbone:
    """Return the backbone of a folder as `transformers` saves it.

    Parameters
    ----------
    folder
        Holds the configuration, the weights and the tokenizer.
    weights
        A file of weights in place of the folder's.
    length
        Tokens at which texts are cut; a warning counts those that are. None: the checkpoint's, at most `LENGTH`.
    pool
        ``mean`` over the tokens that are no padding, or ``first``, BERT's [CLS]. None: the checkpoint's, if it says.

    Raises
    ------
    InvalidInput
        If the folder holds none, or a model without embeddings and a list of layers.
    """
    try:
        import transformers

        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        model = transformers.AutoModel.from_pretrained(folder, dtype=import_torch().float32).eval()
    except ImportError as error:  # of a model too, when it is first asked for
        raise _missing(error) from error
    except (OSError, ValueError) as error:
        raise InvalidInput(f"transformers:{folder}: cannot be loaded: {error}") from error
    if weights is not None:
        load_weights(model, weights, "pooler")
    name, own = f"transformers:{folder}", of_texts(Path(folder), tokenizer.model_max_length)
    if length is not None and at_least_one("length", length) > own.length:
        warnings.warn(f"{name}: length is {length}, and the checkpoint's is {own.length}", stacklevel=3)
    if None not in {pool, own.pool} and pool != own.pool:
        warnings.warn(f"{name}: pool is {pool!r}, and the checkpoint's is {own.pool!r}", stacklevel=3)
    tokens = Tokens(tokenizer, min(LENGTH, own.length) if length is None else length)
    return model_backbone(name, model, tokens, pool=pool or own.pool or "mean")


def _missing(error: BaseException) -> MissingLibrary:
    """Return what to say of an import that failed: transformers hides a torchvision that does not fit PyTorch."""
    root = error
    while (cause := root.__cause__ or root.__context__) is not None:
        root = cause
    if "torchvision" in str(root):
        remedy = "pip uninstall torchvision, or pip install the release for your PyTorch"
        return MissingLibrary("torchvision", f"{remedy} ({root})")
    return MissingLibrary("transformers", f"pip install 'fastmlp[text]' ({error})")


def model_backbone(name: str, model: Any, prepare: Tokens, *, pool: str = "mean") -> Backbone:
    """Return the backbone of a model with `embeddings` and `encoder.layer`, which DistilBERT calls `transformer.layer`.

    Raises
    ------
    InvalidInput
        If it has none, weights are not finite, or the layers do not compute what the model does.
    """
    where = "encoder" if hasattr(model, "encoder") else "transformer"
    layers = getattr(getattr(model, where, None), "layer", None)
    if layers is None or not hasattr(model, "embeddings"):
        raise InvalidInput(
            f"{name}: {type(model).__name__} has no embeddings and no list of layers; it is no kin of BERT"
        )
    check_name("pool", pool, ("mean", "first"))
    check_finite_weights(model)
    stages = (
        BackboneStage("embeddings", (model.embeddings,), _embed),
        *(BackboneStage(f"{where}.layer.{k}", (layer,), _layer) for k, layer in enumerate(layers)),
    )
    _check(name, model, stages)
    width = int(model.config.hidden_size)
    return Backbone(name, stages, pool, (width,) * len(stages), prepare, f"{prepare}, pooled by {pool}")


class Tokens:
    """From texts to the tensors of ids and of what is no padding.

    Parameters
    ----------
    tokenizer
        Of transformers.
    length
        Tokens of a text at most.
    """

    def __init__(self, tokenizer: Any, length: int) -> None:
        self.tokenizer, self.length = tokenizer, length

    def __str__(self) -> str:
        return f"{type(self.tokenizer).__name__}, {self.length} tokens"

    def __call__(self, texts: Any) -> Any:
        """Return ids and mask, both (n, tokens); padded to the longest text.

        Raises
        ------
        InvalidInput
            If these are no texts.
        """
        texts = as_list(texts)
        if not isinstance(texts, Sequence) or isinstance(texts, str) or not texts:
            raise InvalidInput(f"X is {shown(texts)}; a list of texts is needed")
        for place, text in enumerate(texts):
            if not isinstance(text, str):
                raise InvalidInput(f"X[{place}] is {shown(text)}; a text is needed")
        whole = self.tokenizer(list(map(str, texts)), verbose=False)["input_ids"]
        if too_long := sum(len(ids) > self.length for ids in whole):
            warnings.warn(f"{too_long} of {len(whole)} texts are cut at {self.length} tokens", stacklevel=2)
        found = self.tokenizer(
            list(map(str, texts)), padding=True, truncation=True, max_length=self.length, return_tensors="pt"
        )
        return found["input_ids"], found["attention_mask"]


def for_texts(backbone: Backbone) -> bool:
    """Whether a backbone's inputs are texts."""
    return isinstance(backbone.prepare, Tokens)


def _embed(modules: Sequence[Any], value: Any) -> Any:
    ids, mask = value
    return modules[0](input_ids=ids), mask


def _layer(modules: Sequence[Any], value: Any) -> Any:
    """Return hidden states and mask; what is padding is masked by the least number, which attention adds."""
    hidden, mask = value
    least = import_torch().finfo(hidden.dtype).min
    after = modules[0](hidden, (1 - mask[:, None, None, :].to(hidden.dtype)) * least)
    return after[0] if isinstance(after, tuple) else after, mask


def _check(name: str, model: Any, stages: Sequence[BackboneStage]) -> None:
    """Refuse stages that do not give the model's own last hidden states."""
    torch = import_torch()
    ids = torch.arange(2, 14).reshape(2, 6) % model.config.vocab_size
    mask = torch.ones_like(ids)
    mask[1, 4:] = 0
    value: Any = (ids, mask)
    with torch.no_grad():
        expected = model(input_ids=ids, attention_mask=mask).last_hidden_state
        for stage in stages:
            try:
                value = stage(value)
            except (RuntimeError, TypeError) as error:
                raise InvalidInput(
                    f"{name}: stage {stage.name!r} cannot be computed from the one before it: {error}"
                ) from error
    one, other = POOLS["mean"](value), POOLS["mean"]((expected, mask))
    if (one - other).abs().max() > CLOSE * max(1.0, float(other.abs().max())):
        raise InvalidInput(f"{name}: its layers, one after the other, do not give its own hidden states")
