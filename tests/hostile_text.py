"""Headlines that try to be more than text, or that break a layout."""

from datetime import date

from digest_pipeline.models import Digest, DigestItem

HOSTILE = (
    '<script>document.title = "taken"</script><img src=x onerror=alert(1)> & "quotes" \' </script> <!-- ]]>',
    "\u202eright to left override\u202c, \u2067isolate left open, and \u200fmarks \u200e of both \u061c kinds",
    "😀👩‍👩‍👧‍👦🏳️‍🌈 " * 20 + "é̸̡̢̛͕̗ and {{ templates }} {% raw %}",
    "A" * 250 + " " + "unbroken/" * 27 + "end",
    "ارتفعت الأسعار بنسبة 40 في المئة, said the host (in English), בעברית גם כן?",
)


def hostile_digest(day: date) -> Digest:
    """A digest whose every text is hostile."""
    items = tuple(
        DigestItem(
            rank, f"cl_hostile{rank}", text, text, text, text, text, text, 61.0, 70.0, "javascript:alert(1)",
            "data:text/html,<script>alert(1)</script>", text, 0.5, {"worthiness": 0.5}, text, f"th_hostile{rank}", text,
            text,
        )
        for rank, text in enumerate(HOSTILE, start=1)
    )  # fmt: skip
    return Digest(day, items, episodes=3, shows=2, candidates=40)
