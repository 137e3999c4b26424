"""Addresses of the two channels: whether they can be one, in which form they are kept, what may be shown of them."""

from email_validator import EmailNotValidError, validate_email

from digest_pipeline.delivery.channels.notify import notification_address
from digest_pipeline.errors import SubscriberError

MAIL, NOTIFY = "mail", "notify"
CHANNELS = (MAIL, NOTIFY)


def normal_address(channel: str, address: str) -> str:
    """The form in which an address is kept. Its syntax is checked; nobody is asked over the network.

    Raises:
        SubscriberError: it is no address of this channel. The message does not repeat the address.
    """
    if channel == MAIL:
        return _mail_address(address.strip())
    if channel == NOTIFY:
        return notification_address(address.strip())
    raise SubscriberError("there is no such channel", remedy=f"channels: {', '.join(CHANNELS)}")


def masked(channel: str, address: str) -> str:
    """Enough of an address to know it again, too little to use it: ``a…@example.org``, ``slack://…``."""
    if channel == MAIL:
        local, _, domain = address.rpartition("@")
        return f"{local[:1]}…@{domain}"
    return f"{address.split('://')[0]}://…"


def _mail_address(address: str) -> str:
    """In ASCII, as every mail server takes it: a domain in its encoded form, no other letters before the @."""
    try:
        ascii_form = validate_email(address, check_deliverability=False, allow_smtputf8=False).ascii_email
        if ascii_form and "=?" not in ascii_form:  # in a header that would be read as another address (RFC 2047)
            return ascii_form
    except EmailNotValidError:  # its message quotes parts of the address
        pass
    raise SubscriberError(
        "this is no e-mail address that every server takes",
        remedy="it looks like name@example.org, without accents before the @",
    )
