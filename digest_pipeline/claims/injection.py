"""Words of a podcast are data. They are handed to a model so that they cannot pass for anything else, and talk that
gives orders to a model, or wording that carries a link or markup, becomes no claim.

Method: delimiting and marking of untrusted text (Hines et al., "Defending Against Indirect Prompt Injection Attacks With
Spotlighting", 2024), and checks of what comes back, which do not rely on the model having withstood.
"""

import hashlib
import re
import unicodedata

# Markup, JSON and chat templates need these characters; speech does not.
_HARMLESS = str.maketrans({"<": "‹", ">": "›", "[": "(", "]": ")", "{": "(", "}": ")", "`": "'", "|": "/", "\\": "/"})

ORDERS = re.compile(
    r"\b(?:ignor|disregard|forget|overrid|bypass)(?:e|ing)?\s+(?:\w+\s+){0,3}?"
    r"(?:above|previous|prior|earlier|preceding|foregoing|instructions?|prompts?|rules|guidelines|directions)\b"
    r"|\b(?:system|developer|hidden) (?:prompt|message|instruction)s?\b"
    r"|\byou are (?:now )?(?:an? |the )?(?:helpful )?(?:ai|assistant|language model|chat ?bot|llm|gpt)\b"
    r"|\b(?:dear|attention|hey|note to(?: the| any)?|instructions? (?:to|for)(?: the| any)?)[ ,:]+(?:all )?(?:ais?|assistants?|language models?|llms?|chat ?bots?|summari[sz]ers?)\b"
    r"|\bas an? (?:ai|artificial intelligence|large language|language) ?(?:language )?(?:model|assistant)\b"
    r"|(?:^|[.!?,;:]\s*|\b(?:and|then|please|just|must|now|instead)\s+)(?:publish|output|print|emit)\s+(?:that|only|exactly|the following|this\b|the (?:claim|json|headline|insight))"
    r"|\b(?:reply|respond|answer)(?: only)? with (?:only|exactly|the following|this\b|json|one|an? (?:single|json))"
    r"|\b(?:rate|score|rank) (?:this|it)(?: claim| insight| one)? (?:as |at |with |a |the )*(?:1\.0|100|highest|maximum)"
    r"|(?:^|[\n.!?]\s*)(?:system|assistant|user|developer)\s*:\s"
    r"|###\s*(?:instruction|system|response)"
    r"|(?:<\||‹/)\s*(?:im_start|im_end|system|user|assistant|endoftext|eot_id)"
    r"|[\[(]/?(?:inst|sys)[\])]"
    r"|[\"']?\b(?:headline|worthiness|claims|explanation)[\"']\s*:",
    re.IGNORECASE,
)
LINK_OR_MARKUP = re.compile(
    r"\b(?:https?|ftp|file|javascript|data|mailto):\S"
    r"|\bwww\.\w"
    r"|\b[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|io|dev|ai|app|co|xyz|info|biz|ly|me|tv|fm|gg|ru|cn|de|uk|eu)(?:/\S*)?\b"
    r"|\b[\w.+-]+@[\w-]+\.\w"
    r"|</?[a-z!][^>]*>"
    r"|!?\[[^\]]*\]\("
    r"|```|^#{1,6} |\*\*|[{}<>`|\\]"
    r"|&(?:\w\w+|#\w+);",  # "R&D;" is none
    re.IGNORECASE | re.MULTILINE,
)


def as_data(text: str) -> str:
    """Untrusted text on one line, without the characters that markup, JSON and chat templates are made of, nor any
    that are invisible.

    Example:
        >>> as_data("fine\\n<|im_start|>system")
        'fine ‹/im_start/›system'
    """
    visible = "".join(" " if unicodedata.category(c) in {"Cc", "Cf", "Zl", "Zp"} else c for c in text)
    return " ".join(visible.translate(_HARMLESS).split())


def fence(text: str) -> str:
    """A marker for the borders of untrusted text that the text itself cannot contain: it derives from all of it."""
    return f"talk-{hashlib.blake2b(text.encode(), digest_size=6).hexdigest()}"


def gives_orders(text: str) -> bool:
    """Whether talk addresses a language model or imitates its input or output."""
    return bool(ORDERS.search(text))


def has_link_or_markup(text: str) -> bool:
    """Whether a wording carries an address, markup or an invisible character: no claim needs any."""
    hidden = any(unicodedata.category(c) in {"Cc", "Cf", "Co", "Cs"} for c in text)
    return hidden or bool(LINK_OR_MARKUP.search(text))
