#!/usr/bin/env python3
"""Reference embeddings of all-MiniLM-L6-v2, written with NumPy alone.

The oracle that every backend of this repository is compared with. It shares no code with them: it
reads the safetensors file by hand, tokenizes with its own WordPiece, and computes in float64.

    python3 tests/reference/minilm_numpy.py MODEL_DIR > tests/reference/minilm.json

MODEL_DIR holds config.json, sentence_bert_config.json, vocab.txt and model.safetensors. The
sentences are the lines of sentences.txt beside this file.
"""

import json
import math
import struct
import sys
import unicodedata
from pathlib import Path

import numpy as np

# --- tokenizer -------------------------------------------------------------------------------


def is_punctuation(char):
    """Every ASCII symbol counts as punctuation for BERT, also those Unicode calls otherwise."""
    ascii_symbol = char.isascii() and char.isprintable() and not char.isalnum() and char != " "
    return ascii_symbol or unicodedata.category(char).startswith("P")


def split_words(text):
    """Lowercases, strips accents, and splits at spaces and around punctuation."""
    text = unicodedata.normalize("NFD", text.lower())
    words = [""]
    for char in text:
        if unicodedata.category(char) == "Mn":
            continue
        if char.isspace():
            words.append("")
        elif is_punctuation(char):
            words += [char, ""]
        else:
            words[-1] += char
    return [word for word in words if word]


def word_pieces(word, vocab):
    """Greedy longest match first; pieces after the first carry the prefix '##'."""
    pieces, start = [], 0
    while start < len(word):
        for end in range(len(word), start, -1):
            piece = ("##" if start else "") + word[start:end]
            if piece in vocab:
                pieces.append(vocab[piece])
                start = end
                break
        else:
            return [vocab["[UNK]"]]
    return pieces


def tokenize(text, vocab, max_length):
    pieces = [piece for word in split_words(text) for piece in word_pieces(word, vocab)]
    return [vocab["[CLS]"], *pieces[: max_length - 2], vocab["[SEP]"]]


# --- model -----------------------------------------------------------------------------------


def read_safetensors(path):
    """All f32 tensors of the file, widened to float64."""
    data = path.read_bytes()
    (header_length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + header_length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        begin, end = (8 + header_length + offset for offset in entry["data_offsets"])
        values = np.frombuffer(data[begin:end], dtype="<f4")
        tensors[name] = values.reshape(entry["shape"]).astype(np.float64)
    return tensors


class Encoder:
    """The BERT encoder with mean pooling and L2 norm, as sentence-transformers runs it."""

    def __init__(self, model_dir):
        self.config = json.loads((model_dir / "config.json").read_text())
        self.weights = read_safetensors(model_dir / "model.safetensors")

    def linear(self, x, name):
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def layer_norm(self, x, name):
        centred = x - x.mean(axis=-1, keepdims=True)
        variance = (centred**2).mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt(variance + self.config["layer_norm_eps"])
        return scaled * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def heads(self, x):
        """[B, S, H*D] -> [B, H, S, D]"""
        batch, length, _ = x.shape
        return x.reshape(batch, length, self.config["num_attention_heads"], -1).transpose(0, 2, 1, 3)

    def attention(self, x, mask, prefix):
        q, k, v = (self.heads(self.linear(x, f"{prefix}.self.{part}")) for part in ("query", "key", "value"))
        scores = q @ k.transpose(0, 1, 3, 2) / math.sqrt(q.shape[-1])
        scores = np.where(mask[:, None, None, :], scores, -np.inf)
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        probabilities = scores / scores.sum(axis=-1, keepdims=True)
        return (probabilities @ v).transpose(0, 2, 1, 3).reshape(x.shape)

    def __call__(self, ids, mask):
        """ids and mask: [B, S]; returns unit vectors [B, hidden_size]."""
        table = self.weights
        x = table["embeddings.word_embeddings.weight"][ids]
        x = x + table["embeddings.position_embeddings.weight"][: ids.shape[1]]
        x = x + table["embeddings.token_type_embeddings.weight"][0]
        x = self.layer_norm(x, "embeddings.LayerNorm")
        for index in range(self.config["num_hidden_layers"]):
            layer = f"encoder.layer.{index}"
            attended = self.linear(self.attention(x, mask, f"{layer}.attention"), f"{layer}.attention.output.dense")
            x = self.layer_norm(x + attended, f"{layer}.attention.output.LayerNorm")
            wide = gelu(self.linear(x, f"{layer}.intermediate.dense"))
            x = self.layer_norm(x + self.linear(wide, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
        pooled = (x * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        return pooled / np.linalg.norm(pooled, axis=1, keepdims=True)


def gelu(x):
    """The exact form, through erf."""
    return 0.5 * x * (1.0 + np.vectorize(math.erf)(x / math.sqrt(2.0)))


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: minilm_numpy.py MODEL_DIR")
    model_dir = Path(sys.argv[1])
    sentences = Path(__file__).with_name("sentences.txt").read_text(encoding="utf-8").splitlines()
    max_length = json.loads((model_dir / "sentence_bert_config.json").read_text())["max_seq_length"]
    words = (model_dir / "vocab.txt").read_text(encoding="utf-8").splitlines()
    vocab = {word: index for index, word in enumerate(words)}

    token_ids = [tokenize(sentence, vocab, max_length) for sentence in sentences]
    longest = max(map(len, token_ids))
    padded = np.array([ids + [vocab["[PAD]"]] * (longest - len(ids)) for ids in token_ids])
    mask = np.array([[position < len(ids) for position in range(longest)] for ids in token_ids])
    embeddings = Encoder(model_dir)(padded, mask)

    rows = [",\n".join("  " + json.dumps(row) for row in block) for block in (
        token_ids, [[float(f"{value:.9g}") for value in vector] for vector in embeddings])]
    print(f'{{\n"sentences": {json.dumps(sentences, indent=2)},')
    print(f'"token_ids": [\n{rows[0]}\n],\n"embeddings": [\n{rows[1]}\n]\n}}')


if __name__ == "__main__":
    main()
