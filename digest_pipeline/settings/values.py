"""Values that a setting takes, each with what it says of another one."""

import ipaddress
import re
import ssl
from email.headerregistry import Address
from email.utils import getaddresses
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx
from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, SecretStr

from digest_pipeline.lake_address import LakeAddress


def _network(text: str) -> str:
    ipaddress.ip_network(text)
    return text


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # a folder of them, such as Europe, is a file error
        raise ValueError(f"{name!r} is no IANA time zone, for example UTC or America/New_York") from error
    return name


def _postgres_url(address: SecretStr) -> SecretStr:
    if address.get_secret_value() and not address.get_secret_value().startswith("postgresql+psycopg2://"):
        raise ValueError("takes an address like postgresql+psycopg2://user:password@host:5432/dagster")
    return address


def _lake_url(address: SecretStr) -> SecretStr:
    if address.get_secret_value():
        LakeAddress.parse(address.get_secret_value())
    return address


def _ray_address(address: str) -> str:
    if address.startswith("ray://"):
        raise ValueError("Ray's client does not stream results: join the cluster, then host:port of its head")
    if address and address != "auto" and not re.fullmatch(r"[^\s:/]+:\d+", address):
        raise ValueError(f"{address!r} is no address like ray-head:6379")
    return address


def _site_url(address: str) -> str:
    if address and not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", address):
        raise ValueError(f"{address!r} is no address like https://digest.example.org/")
    if not address.isascii():  # feeds and the headers of mails take no other letters
        try:
            address = str(httpx.URL(address))
        except httpx.InvalidURL as error:
            raise ValueError(f"{address!r} is no address like https://digest.example.org/") from error
    return address if not address or address.endswith("/") else f"{address}/"


def _mail_address(text: str) -> str:
    """One address in the form of a header, with the domain in ASCII."""
    if not text:
        return ""
    found = getaddresses([text])
    try:
        name, address = found[0] if len(found) == 1 else ("", "")
        ascii_form = validate_email(address, check_deliverability=False, allow_smtputf8=False).ascii_email
    except EmailNotValidError as error:
        raise ValueError(
            f'{text!r} is no sender like digest@example.org, or "Five, daily" <digest@example.org>: a name with a comma'
            " stands in quotation marks"
        ) from error
    return str(Address(name, addr_spec=ascii_form or address)) if name else ascii_form or address


def _ca_file(path: str) -> str:
    try:
        if path:
            ssl.create_default_context(cafile=path)
    except OSError as error:  # ssl's own are of this kind too
        raise ValueError(f"{path!r} holds no certificates that can be read: {error.strerror or error}") from error
    return path


def _host(name: str) -> str:
    try:
        name.encode("idna")
    except UnicodeError as error:
        raise ValueError(f"{name!r} is no name of a server") from error
    return name


Network = Annotated[str, AfterValidator(_network)]
Timezone = Annotated[str, AfterValidator(_timezone)]
PostgresUrl = Annotated[SecretStr, AfterValidator(_postgres_url)]
LakeUrl = Annotated[SecretStr, AfterValidator(_lake_url)]
RayAddress = Annotated[str, AfterValidator(_ray_address)]
CaFile = Annotated[str, AfterValidator(_ca_file)]
Host = Annotated[str, AfterValidator(_host)]
MailAddress = Annotated[str, AfterValidator(_mail_address)]
SiteUrl = Annotated[str, AfterValidator(_site_url)]  # ends with a slash
