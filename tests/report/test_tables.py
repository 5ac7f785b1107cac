"""Numbers and tables as people, Markdown and LaTeX read them."""

import pytest

from batteryopt.report.tables import Table, amount, number

TABLE = Table(caption="Profit & loss", columns=["", "A_1", "B"], rows=[["x|y 10%", 1234.5, None], ["z", -0.001, "n/a"]])


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(1234567.891, 2, "1,234,567.89"), (-2.5, 1, "−2.5"), (-0.001, 2, "0.00"), (0.0, 0, "0"), (-10.0, 0, "−10")],
)
def test_number(value, digits, text):
    assert number(value, digits) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.012345, "0.0123"),
        (12.345, "12.3"),
        (98765.0, "98,765"),
        (-2.5e6, "−2.50 million"),
        (3.14159e9, "3.14 billion"),
        (float("nan"), "–"),
        (float("inf"), "–"),
    ],
)
def test_amount(value, text):
    assert amount(value) == text


def test_markdown_escapes_its_own_signs():
    assert TABLE.to_markdown() == (
        "Profit &amp; loss\n\n|  | A_1 | B |\n| --- | ---: | --- |\n| x\\|y 10% | 1,234.50 | – |\n| z | 0.00 | n/a |\n"
    )


def test_latex_escapes_its_own_signs():
    text = TABLE.to_latex()
    assert "\\caption{Profit \\& loss}" in text
    assert "\\begin{tabular}{lrl}" in text
    assert r"     & A\_1 & B \\" in text
    assert r"    x\textbar{}y 10\% & 1,234.50 & -- \\" in text


def test_latex_minus_is_a_minus():
    assert r"a & $-$2.00 \\" in Table(caption="", columns=["", "v"], rows=[["a", -2.0]]).to_latex()


def test_html_escapes_and_aligns_numbers_under_their_heading():
    text = Table(caption="<c>", columns=["<a>", "n"], rows=[["<b>", 1.0]]).to_html()
    assert "<caption>&lt;c&gt;</caption>" in text
    assert '<th scope="col" class="number">n</th>' in text
    assert '<th scope="row">&lt;b&gt;</th><td class="number">1.00</td>' in text


def test_a_table_without_rows_has_its_headings():
    assert "<tbody></tbody>" in Table(caption="none", columns=["a", "b"], rows=[]).to_html()


def test_latex_has_no_sign_that_its_oldest_engine_cannot_set():
    text = Table(caption="t CO₂e", columns=["", "wₜ × θ"], rows=[["β ≥ 0", -1.0]]).to_latex()
    assert text.isascii()
    assert "t CO$_2$e" in text
    assert r"$\beta$ $\ge$ 0 & $-$1.00 \\" in text


def test_columns_of_words_stand_left_and_figures_right():
    table = Table(caption="", columns=["", "who", "share"], rows=[["a", "retailer", "12%"], ["b", "–", "–"]])
    assert "| --- | --- | ---: |" in table.to_markdown()
    assert "{llr}" in table.to_latex()
    sites = "3: Bazhong, Guangyuan, Liangshan Yi Autonomous Prefecture"
    assert "{ll}" in Table(caption="", columns=["", "lost"], rows=[["a", sites]]).to_latex()
