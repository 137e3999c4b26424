"""Audio of any length for measurements: recorded speech, said over and over."""

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np

from digest_pipeline.transcripts.recognition.audio import SAMPLE_RATE, read_pieces


def write_speech(target: Path, recordings: Sequence[Path], seconds: float) -> Path:
    """The speech of ``recordings`` on end, ``seconds`` long, as MP3."""
    talk = np.concatenate([samples for path in recordings for _, samples in read_pieces(path, 600)])
    pcm = (talk * 32767).astype(np.int16)
    left = int(seconds * SAMPLE_RATE)
    with av.open(str(target), "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=SAMPLE_RATE, layout="mono")
        while left > 0:
            frame = av.AudioFrame.from_ndarray(pcm[None, : min(left, len(pcm))], format="s16p", layout="mono")
            frame.sample_rate = SAMPLE_RATE
            container.mux(stream.encode(frame))
            left -= len(pcm)
        container.mux(stream.encode(None))
    return target
