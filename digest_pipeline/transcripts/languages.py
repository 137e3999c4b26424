"""The languages that Whisper knows (openai/whisper, tokenizer.py), by all the names that feeds and servers call them.

Feeds are to say ISO 639-1 and also say ISO 639-2, codes that were withdrawn long ago, and English words.
"""

import re

# Whisper's code: its English names, ISO 639-2 codes, and other codes for what Whisper hears as that language.
NAMES = {
    "af": "afrikaans afr", "am": "amharic amh", "ar": "arabic ara arb", "as": "assamese asm",
    "az": "azerbaijani aze", "ba": "bashkir bak", "be": "belarusian bel", "bg": "bulgarian bul",
    "bn": "bengali ben", "bo": "tibetan bod tib", "br": "breton bre", "bs": "bosnian bos",
    "ca": "catalan valencian cat", "cs": "czech ces cze", "cy": "welsh cym wel", "da": "danish dan",
    "de": "german deu ger", "el": "greek ell gre", "en": "english eng", "es": "spanish castilian spa",
    "et": "estonian est", "eu": "basque eus baq", "fa": "persian fas per", "fi": "finnish fin",
    "fo": "faroese fao", "fr": "french fra fre", "gl": "galician glg", "gu": "gujarati guj",
    "ha": "hausa hau", "haw": "hawaiian", "he": "hebrew heb iw", "hi": "hindi hin",
    "hr": "croatian hrv", "ht": "haitian hat", "hu": "hungarian hun", "hy": "armenian hye arm",
    "id": "indonesian ind in", "is": "icelandic isl ice", "it": "italian ita", "ja": "japanese jpn",
    "jw": "javanese jav jv", "ka": "georgian kat geo", "kk": "kazakh kaz", "km": "khmer khm",
    "kn": "kannada kan", "ko": "korean kor", "la": "latin lat", "lb": "luxembourgish letzeburgesch ltz",
    "ln": "lingala lin", "lo": "lao", "lt": "lithuanian lit", "lv": "latvian lav",
    "mg": "malagasy mlg", "mi": "maori mri mao", "mk": "macedonian mkd mac", "ml": "malayalam mal",
    "mn": "mongolian mon", "mr": "marathi mar", "ms": "malay msa may", "mt": "maltese mlt",
    "my": "myanmar burmese mya bur", "ne": "nepali nep", "nl": "dutch flemish nld dut", "nn": "nynorsk nno",
    "no": "norwegian nor nob nb", "oc": "occitan oci", "pa": "punjabi panjabi pan", "pl": "polish pol",
    "ps": "pashto pushto pus", "pt": "portuguese por", "ro": "romanian moldavian moldovan ron rum mo",
    "ru": "russian rus", "sa": "sanskrit san", "sd": "sindhi snd", "si": "sinhala sinhalese sin",
    "sk": "slovak slk slo", "sl": "slovenian slv", "sn": "shona sna", "so": "somali som",
    "sq": "albanian sqi alb", "sr": "serbian srp", "su": "sundanese sun", "sv": "swedish swe",
    "sw": "swahili swa", "ta": "tamil tam", "te": "telugu tel", "tg": "tajik tgk",
    "th": "thai tha", "tk": "turkmen tuk", "tl": "tagalog filipino tgl fil", "tr": "turkish tur",
    "tt": "tatar tat", "uk": "ukrainian ukr", "ur": "urdu urd", "uz": "uzbek uzb",
    "vi": "vietnamese vie", "yi": "yiddish yid ji", "yo": "yoruba yor", "yue": "cantonese",
    "zh": "chinese mandarin zho chi cmn",
}  # fmt: skip
KEPT_LETTERS = 8  # of a feed's language: its reader cuts longer words
CODES = {name[:KEPT_LETTERS]: code for code, names in NAMES.items() for name in (code, *names.split())}


def whisper_code(language: str | None) -> str | None:
    """Whisper's code for a language that is called so, in any of these ways; ``None`` for one that it does not know."""
    first = re.match("[a-z]*", (language or "").strip().lower())
    return CODES.get(first[0][:KEPT_LETTERS]) if first else None
