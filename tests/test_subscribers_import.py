"""Lists of subscribers in and out: what is no CSV, a mail server that fails, a file that others could read."""

from pathlib import Path

import pytest

from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.delivery.exchange import import_csv
from digest_pipeline.delivery.subscribers import SubscriberBook
from digest_pipeline.errors import SubscriberError


@pytest.mark.parametrize("text", ['"address" ,hour\na@example.org,7\n', '"address\na@example.org\n'])
def test_a_first_line_that_is_no_csv_is_named(tmp_path: Path, text: str) -> None:
    with open_delivery(tmp_path / "subscribers.sqlite") as con, pytest.raises(SubscriberError, match="is not CSV"):
        list(import_csv(text, SubscriberBook(con), are_confirmed=True))
