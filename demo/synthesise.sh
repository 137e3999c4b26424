#!/usr/bin/env bash
# Rebuild demo/audio from demo/scripts with flite and ffmpeg (see synthesise.py).
set -euo pipefail

for tool in flite ffmpeg python3; do
    command -v "$tool" >/dev/null || { echo "synthesise.sh: $tool is missing" >&2; exit 1; }
done

exec python3 "$(dirname "${BASH_SOURCE[0]}")/synthesise.py" "$@"
