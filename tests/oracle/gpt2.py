"""The GPT-2 decoder stack in double precision, one sequence at a time.

Shapes: T tokens, C channels, H heads, D = C / H, F feed-forward channels, L layers, V vocabulary.
"""

from dataclasses import dataclass

import numpy as np

ERF_STEPS = 200


def gelu_tanh(x: np.ndarray) -> np.ndarray:
    """Hugging Face's "gelu_new"."""
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def erf(x: np.ndarray) -> np.ndarray:
    """The error function, integrated by Simpson's rule: exact to about 1e-12 where it is not 1 anyway."""
    x = np.clip(x, -6, 6)
    nodes = np.linspace(0, 1, ERF_STEPS + 1)
    weights = np.full(ERF_STEPS + 1, 2.0)
    weights[1::2] = 4
    weights[0] = weights[-1] = 1
    values = np.exp(-((x[..., None] * nodes) ** 2))
    return 2 / np.sqrt(np.pi) * x * (values @ weights) / (3 * ERF_STEPS)


def gelu_erf(x: np.ndarray) -> np.ndarray:
    """Hugging Face's "gelu"."""
    return 0.5 * x * (1 + erf(x / np.sqrt(2)))


ACTIVATIONS = {"gelu_new": gelu_tanh, "gelu_pytorch_tanh": gelu_tanh, "gelu": gelu_erf}


def layer_norm(x: np.ndarray, gain: np.ndarray, bias: np.ndarray, epsilon: float) -> np.ndarray:
    """Normalises the last axis with the biased variance."""
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + epsilon) * gain + bias


def softmax(scores: np.ndarray) -> np.ndarray:
    """Over the last axis."""
    numerators = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return numerators / numerators.sum(axis=-1, keepdims=True)


@dataclass
class Output:
    """What a forward pass gives: hidden["embeddings"], hidden["h.0"] ..., hidden["ln_f"], each [T, C]."""

    hidden: dict[str, np.ndarray]
    head: np.ndarray  # [V, C]

    def logits(self) -> np.ndarray:
        """[T, V]."""
        return self.hidden["ln_f"] @ self.head.T

    def embedding(self, pooling: str, normalize: bool = True, dimensions: int | None = None) -> np.ndarray:
        """[dimensions], by default [C], for pooling "last", "mean" or "weighted_mean"."""
        final = self.hidden["ln_f"]
        weights = {"last": np.arange(len(final)) == len(final) - 1,
                   "mean": np.ones(len(final)),
                   "weighted_mean": np.arange(1, len(final) + 1)}[pooling]
        vector = np.average(final, axis=0, weights=weights)[:dimensions]
        return vector / np.linalg.norm(vector) if normalize else vector


class Gpt2:
    """A model: config.json as a dictionary, and its tensors by name without the prefix "transformer."."""

    def __init__(self, config: dict, tensors: dict[str, np.ndarray]):
        self.config = config
        self.tensors = {name: tensor.astype(np.float64) for name, tensor in tensors.items()}

    def forward(self, ids: list[int]) -> Output:
        """Runs token ids through the stack."""
        positions = self.tensors["wpe.weight"][: len(ids)]
        return self.forward_hidden(self.tensors["wte.weight"][ids] + positions)

    def forward_hidden(self, x: np.ndarray) -> Output:
        """Runs [T, C] through the stack in place of the embeddings."""
        hidden = {"embeddings": x}
        for layer in range(self.config["n_layer"]):
            x = x + self._attention(layer, self._norm(x, f"h.{layer}.ln_1"))
            x = x + self._feed_forward(layer, self._norm(x, f"h.{layer}.ln_2"))
            hidden[f"h.{layer}"] = x
        hidden["ln_f"] = self._norm(x, "ln_f")
        tied = self.config.get("tie_word_embeddings", True)
        return Output(hidden, self.tensors["wte.weight" if tied else "lm_head.weight"])

    def _linear(self, x: np.ndarray, name: str) -> np.ndarray:
        return x @ self.tensors[name + ".weight"] + self.tensors[name + ".bias"]

    def _norm(self, x: np.ndarray, name: str) -> np.ndarray:
        epsilon = self.config.get("layer_norm_epsilon", 1e-5)
        return layer_norm(x, self.tensors[name + ".weight"], self.tensors[name + ".bias"], epsilon)

    def _attention(self, layer: int, x: np.ndarray) -> np.ndarray:
        tokens, channels = x.shape
        heads = self.config["n_head"]
        qkv = self._linear(x, f"h.{layer}.attn.c_attn").reshape(tokens, 3, heads, channels // heads)
        q, k, v = qkv.transpose(1, 2, 0, 3)  # each [H, T, D]
        scores = q @ k.transpose(0, 2, 1) * self._attention_scale(layer)
        scores[:, np.triu(np.ones((tokens, tokens), dtype=bool), k=1)] = -np.inf
        attended = (softmax(scores) @ v).transpose(1, 0, 2).reshape(tokens, channels)
        return self._linear(attended, f"h.{layer}.attn.c_proj")

    def _attention_scale(self, layer: int) -> float:
        scale = 1.0
        if self.config.get("scale_attn_weights", True):
            scale /= np.sqrt(self.config["n_embd"] // self.config["n_head"])
        if self.config.get("scale_attn_by_inverse_layer_idx", False):
            scale /= layer + 1
        return scale

    def _feed_forward(self, layer: int, x: np.ndarray) -> np.ndarray:
        activation = ACTIVATIONS[self.config.get("activation_function", "gelu_new")]
        return self._linear(activation(self._linear(x, f"h.{layer}.mlp.c_fc")), f"h.{layer}.mlp.c_proj")


def relative_error(actual: np.ndarray, expected: np.ndarray) -> float:
    """|actual - expected| / |expected|, Euclidean over all elements."""
    assert actual.shape == expected.shape, f"shape {actual.shape}, expected {expected.shape}"
    return float(np.linalg.norm(actual.astype(np.float64) - expected) / np.linalg.norm(expected))
