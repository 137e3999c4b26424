"""A real Postgres on a Unix socket in a temporary folder, from the programs of the machine."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2
import pytest
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

PASSWORD = "pass:word/with@signs"  # an address has to encode it
START_SECONDS = 120


def program(name: str) -> str:
    """The path of one of Postgres's programs; skips the test where there is none."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *map(str, debian)]))
    if found is None:
        pytest.skip(f"PostgreSQL is not installed here: there is no {name}")
    return found


def server_user() -> pwd.struct_passwd:
    """Whom the server runs as: the user of the tests, but never root, which Postgres refuses."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    users = {user.pw_name: user for user in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in users:
            return users[name]
    pytest.skip("PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody` here")


@contextmanager
def postgres() -> Iterator[str]:
    """Run a server with password login while the block lasts; yields the folder of its socket."""
    initdb, server, user = program("initdb"), program("postgres"), server_user()
    as_user: dict[str, Any] = (
        {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    )
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder = Path(name)
        (folder / "password").write_text(PASSWORD)
        for path in (folder, folder / "password"):
            os.chown(path, user.pw_uid, user.pw_gid)
        data = folder / "data"
        make = [initdb, "-D", str(data), "-U", "digest", "--auth=scram-sha-256", f"--pwfile={folder / 'password'}"]
        make += ["--no-sync", "--encoding=UTF8", "--locale=C"]
        subprocess.run(make, check=True, cwd=folder, capture_output=True, **as_user)
        options = {"listen_addresses": "", "unix_socket_directories": name, "fsync": "off"}
        run = [server, "-D", str(data), *(f"--{key}={value}" for key, value in options.items())]
        with (
            (folder / "log").open("wb") as log,
            subprocess.Popen(run, cwd=folder, stdout=log, stderr=log, **as_user) as process,
        ):
            try:
                _wait_for(server_address(name))
                yield name
            finally:
                process.send_signal(signal.SIGINT)  # closes connections and stops
                process.wait(timeout=START_SECONDS)


def server_address(folder: str, *, driver: str = "", password: str = PASSWORD) -> str:
    """The address of the server's database ``postgres``, for SQLAlchemy with the name of a driver."""
    return f"postgresql{driver}://digest:{quote(password, safe='')}@/postgres?host={folder}"


@retry(
    retry=retry_if_exception_type(psycopg2.OperationalError),
    stop=stop_after_delay(START_SECONDS),
    wait=wait_fixed(0.1),
    reraise=True,
)
def _wait_for(url: str) -> None:
    psycopg2.connect(url).close()
