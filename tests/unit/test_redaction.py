"""What customers write, without addresses and numbers."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.redaction import LENGTH_MAX, redacted


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("write to sara.m+desk@mail.example.com please", "write to [e-mail] please"),
        ("<sara@mail.example>, or omar@desk", "<[e-mail]>, or [e-mail]"),
        ("sara@mail.example", "[e-mail]"),
        ("see https://shop.example/orders?id=1&t=x now", "see [link] now"),
        ("see www.shop.example.", "see [link]"),
        ("mailto:sara@mail.example", "[link]"),
        ("shop.example/o/1 never opened", "[link] never opened"),
        ("call +98 (21) 8888-7777", "call [number]"),
        ("۰۹۱۲ ۳۴۵ ۶۷۸۹ زنگ بزنید", "[number] زنگ بزنید"),
        ("card 4111 1111 1111 1111, cvc 123", "card [number], cvc 123"),
        ("4.1.1.1-1_1/1", "[number]"),
        ("1\u200b2\u200b3\u200b4\u200b5", "[number]"),
        ("waited 45 minutes, 3 times", "waited 45 minutes, 3 times"),
        ("too slow.Never again", "too [link] again"),  # rather too much than too little
        ("\u0633\u0631\u0648\u06cc\u0633 \u0628\u062f", "سرویس بد"),
        ("", ""),
    ],
)
def test_addresses_and_numbers_are_replaced_and_words_stay(text: str, told: str) -> None:
    assert redacted(text) == told


@pytest.mark.parametrize("text", ["sara\uff20mail.example", "sara \uff20 mail.example", "sara@\uff4dail.example"])
def test_other_forms_of_a_sign_hide_nothing(text: str) -> None:
    assert "mail" not in redacted(text).replace("[e-mail]", "")


@given(st.text(alphabet="0123456789٣۴\uff15 .-+()/@ab\u200c", max_size=60))
def test_no_five_digits_and_no_address_are_left(text: str) -> None:
    found = redacted(text)
    plain = found.replace("[number]", "").replace("[e-mail]", "").replace("[link]", "")
    assert not re.search(r"\d[\W_]{0,3}\d[\W_]{0,3}\d[\W_]{0,3}\d[\W_]{0,3}\d", found)
    assert not re.search(r"\w@\w", plain)


def test_a_long_text_is_cut() -> None:
    found = redacted("many words " * 1_000)
    assert (len(found), found[-1]) == (LENGTH_MAX, "…")


def test_a_hostile_text_ends_in_one_of_bounded_length() -> None:
    for text in ("a." * 5_000, "1 " * 5_000, "@" * 10_000, "a@" * 5_000, "-" * 10_000, "1---" * 2_500):
        assert len(redacted(text)) <= LENGTH_MAX
        assert unicodedata.is_normalized("NFC", redacted(text))
