"""The address of a DuckLake: where its catalog is, a Postgres database, and where its data lie."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

FORM = "ducklake:postgresql://user:password@host:5432/catalog?data=/folder or ?data=s3://bucket/prefix"


@dataclass(frozen=True, slots=True)
class LakeAddress:
    """A DuckLake.

    Attributes:
        login: parameters of the connection to Postgres that DuckDB keeps as a secret; never printed.
        options: further ones, such as ``sslmode``.
        data: folder or ``s3://`` address, ending in ``/``.
    """

    login: tuple[tuple[str, str], ...] = field(repr=False)
    options: tuple[tuple[str, str], ...]
    data: str

    @classmethod
    def parse(cls, address: str) -> "LakeAddress":
        """Take an address apart.

        Args:
            address: ``ducklake:`` and a libpq URI whose parameter ``data`` says where the data lie; what is special in
                its password is percent-encoded, as in any URI.

        Raises:
            ValueError: it is no such address. The message does not repeat it.
        """
        try:
            uri = urlsplit(address.removeprefix("ducklake:"))
            port = uri.port
            options = dict(parse_qsl(uri.query, strict_parsing=True))
        except ValueError:  # of its port or its parameters; the message would hold parts of the address
            raise ValueError(f"takes an address like {FORM}") from None
        if not address.startswith("ducklake:") or uri.scheme not in {"postgresql", "postgres"}:
            raise ValueError(f"takes an address like {FORM}")
        data = options.pop("data", "")
        if not data.startswith(("/", "s3://")):
            raise ValueError("data in the address is an absolute folder or an s3:// address")
        login = {
            "host": options.pop("host", "") or uri.hostname,
            "port": port and str(port),
            "user": unquote(uri.username or ""),
            "password": unquote(uri.password or ""),
            "database": unquote(uri.path.lstrip("/")),
        }
        return cls(
            tuple((name, value) for name, value in login.items() if value),
            tuple(options.items()),
            data if data.endswith("/") else f"{data}/",
        )

    @property
    def is_in_s3(self) -> bool:
        """Whether the data lie in object storage."""
        return self.data.startswith("s3://")

    def __str__(self) -> str:
        login: dict[str, Any] = dict(self.login)
        return f"DuckLake {login.get('host', 'localhost')}/{login.get('database', '')}, data in {self.data}"
