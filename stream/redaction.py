"""Free text of customers without addresses and numbers: what may stand beside a number for people to read.

Rather too much than too little: five digits in a row are a number, whatever stands between them. Names of people are
not known here, and stay.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LENGTH_MAX: Final = 500
#: Of a text no more is looked at: patterns may take time by its square.
_READ_MAX: Final = 4 * LENGTH_MAX

_LINK: Final = re.compile(r"\b[a-z][a-z0-9+.-]*://\S+|\bwww\.\S+|\b(?:mailto|tel|sms):\S+", re.IGNORECASE)
_EMAIL: Final = re.compile(r"[^\s@<>()\[\],;:\"]+\s?@\s?[^\s@<>()\[\],;:\"]+")
#: A name of two parts or more whose last has letters only: shop.example, shop.example/orders?id=1
_DOMAIN: Final = re.compile(r"\b(?:[\w-]+\.)+[^\W\d_]{2,}(?:[/?#]\S*)?(?!\w)")
#: Digits of any script, with up to three signs or spaces (invisible ones too) between each two.
_NUMBER: Final = re.compile(r"\+?\d(?:[\W_]{0,3}\d){4,}")


def redacted(text: str) -> str:
    """The text with e-mail addresses, links and numbers of five digits or more replaced; at most 500 letters.

    Compatibility forms are made plain first, so that a full-width ``@`` hides nothing.
    """
    plain = unicodedata.normalize("NFKC", text[:_READ_MAX])[:_READ_MAX]
    for pattern, name in ((_LINK, "[link]"), (_EMAIL, "[e-mail]"), (_DOMAIN, "[link]"), (_NUMBER, "[number]")):
        plain = pattern.sub(name, plain)
    return plain if len(plain) <= LENGTH_MAX else plain[: LENGTH_MAX - 1] + "…"
