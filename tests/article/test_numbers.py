import pytest

from reportgen.article.numbers import number


@pytest.mark.parametrize(
    ("value", "spec", "text"),
    [
        (4000, "", "4,000"),
        (7_200_000, "", "7,200,000"),
        (0.0, ".1e", "0"),
        (-4000.4, "", "−4,000"),
        (0.012345, "", "0.0123"),
        (1e-7, "", "10⁻⁷"),
        (-2.5e-7, "", "−2.5·10⁻⁷"),
        (3.2e9, "", "3.2·10⁹"),
        (2e-12, ".0e", "2·10⁻¹²"),
        (-0.001, ".2f", "0.00"),
        (-0.001, "+.2f", "0.00"),
        (0.9734, ".1%", "97.3%"),
        (-3.5, "+.1f", "−3.5"),
        (None, ".2f", "–"),
        (float("nan"), ".2f", "–"),
        (float("inf"), ".2f", "∞"),
    ],
)
def test_numbers_are_written_as_a_reader_wants_them(value: float | None, spec: str, text: str) -> None:
    assert number(value, spec) == text
