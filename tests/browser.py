"""The Chromium of the machine, fetched where it is missing and can be had: what the tests of pages run in.

    python -m tests.browser

finds it, or installs it with apt as root, and says which; ``make test`` runs this before pytest.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip


def find_chromium() -> str | None:
    """Its path; ``CHROMIUM`` in the environment names another."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium with a profile of its own, closed at the end of the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=QUIET)
        try:
            yield browser
        finally:
            browser.close()


def main() -> None:
    """Make sure that there is a Chromium, as far as this machine lets us."""
    if found := find_chromium():
        print(f"Chromium: {found}")
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        print("Chromium is missing: install it (Debian: apt install chromium), else the tests of pages are skipped")
        return
    print("Chromium is missing: installing it with apt-get")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-q"],
        ["apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium"],
    ):
        if subprocess.run(command, env=quiet, stdout=subprocess.DEVNULL, check=False).returncode:
            print(f"`{' '.join(command)}` failed: the tests of pages are skipped", file=sys.stderr)
            return
    print(f"Chromium: {find_chromium()}")


if __name__ == "__main__":
    main()
