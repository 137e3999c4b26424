"""A Whisper of any published size with random weights, for its speed where its weights cannot be had.

    python -m bench.transcribe.shape large-v2 FOLDER --tokens 90
    python -m bench.transcribe.speed --model FOLDER

It computes what the real one computes and says ``--tokens`` random tokens a window, so its time is the real one's for
speech of that density, and its text is nothing. The words and their numbers are those of the packaged base model.
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
from ctranslate2.specs import LayerSpec, WhisperSpec

from digest_pipeline.model_files import whisper_source

# Layers on either side, heads, width: openai/whisper's table of models.
SIZES = {
    "tiny": (4, 6, 384),
    "base": (6, 8, 512),
    "small": (12, 12, 768),
    "medium": (24, 16, 1024),
    "large-v2": (32, 20, 1280),
}
MELS, WINDOW_POSITIONS, TEXT_POSITIONS = 80, 1500, 448
END, FIRST_TIME = "<|endoftext|>", "<|0.00|>"
PROMPT_TOKENS = 3  # what the decoder is given before it says a word
SPREAD = 0.02


def main() -> None:
    """Write the model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("size", choices=SIZES)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tokens", type=int, default=90, help="said in a window of 30 seconds")
    options = parser.parse_args()
    base = Path(whisper_source("base", options.folder / "parts"))
    vocabulary = json.loads((base / "vocabulary.json").read_text())
    spec = _spec(options.size, vocabulary, options.tokens)
    spec.register_vocabulary(vocabulary)
    spec.validate()
    spec.save(str(options.folder))
    heads = [(SIZES[options.size][0] - 1, head) for head in range(6)]
    config = json.loads((base / "config.json").read_text()) | {"alignment_heads": heads}
    (options.folder / "config.json").write_text(json.dumps(config))
    shutil.copyfile(base / "tokenizer.json", options.folder / "tokenizer.json")


def _spec(size: str, vocabulary: list[str], tokens: int) -> WhisperSpec:
    layers, heads, width = SIZES[size]
    chance = np.random.default_rng(1)
    noise = chance.normal(0, SPREAD, 1 << 22).astype(np.float16)

    def weights(*shape: int) -> np.ndarray:
        start = chance.integers(len(noise))
        return np.resize(np.roll(noise, start), shape)

    def linear(spec: LayerSpec, rows: int, columns: int, *kernel: int) -> None:
        spec.weight, spec.bias = weights(rows, columns, *kernel), np.zeros(rows, np.float16)

    def norm(spec: LayerSpec) -> None:
        spec.gamma, spec.beta = np.ones(width, np.float16), np.zeros(width, np.float16)

    def attention(spec: LayerSpec, *rows: int) -> None:
        norm(spec.layer_norm)
        for part, count in zip(spec.linear, rows, strict=True):
            linear(part, count * width, width)

    def layer(spec: LayerSpec) -> None:
        attention(spec.self_attention, 3, 1)
        if hasattr(spec, "attention"):
            attention(spec.attention, 1, 2, 1)
        norm(spec.ffn.layer_norm)
        linear(spec.ffn.linear_0, 4 * width, width)
        linear(spec.ffn.linear_1, width, 4 * width)

    spec = WhisperSpec(layers, heads, layers, heads)
    linear(spec.encoder.conv1, width, MELS, 3)
    linear(spec.encoder.conv2, width, width, 3)
    spec.encoder.position_encodings.encodings = weights(WINDOW_POSITIONS, width)
    for side in (spec.encoder, spec.decoder):
        norm(side.layer_norm)
        for one in side.layer:
            layer(one)
    # One direction says whether to go on: all positions until the last word's point away from the end, then to it.
    ending = np.where(np.arange(width) % 2, 1, -1).astype(np.float16)
    positions, words = weights(TEXT_POSITIONS, width), weights(len(vocabulary), width)
    positions += 100 * np.where(np.arange(TEXT_POSITIONS) < PROMPT_TOKENS + tokens - 1, -1, 1)[:, None] * ending
    words[vocabulary.index(END)] = ending
    words[vocabulary.index(FIRST_TIME) :] += ending / 2  # nor does a time come in between
    spec.decoder.position_encodings.encodings = positions.astype(np.float16)
    spec.decoder.embeddings.weight = spec.decoder.projection.weight = words
    return spec


if __name__ == "__main__":
    main()
