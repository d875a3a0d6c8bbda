"""Pages from templates."""

import pytest
from jinja2 import UndefinedError

from amela.report.template import render


@pytest.fixture
def template(tmp_path):
    path = tmp_path / "page.html.j2"
    path.write_text("{% include 'style.css' %}<p>{{ value | loud }}</p>", encoding="utf-8")
    (tmp_path / "style.css").write_text("p {}", encoding="utf-8")
    return path


def test_filters_includes_and_escapes(template):
    assert render(template, {"loud": str.upper}, {"value": "<a>"}) == "p {}<p>&lt;A&gt;</p>"


def test_what_is_not_there_is_an_error(template):
    with pytest.raises(UndefinedError, match="value"):
        render(template, {"loud": lambda value: f"{value}"}, {})


def test_bytes_that_are_no_text_can_be_read(template):
    page = render(template, {"loud": str}, {"value": "caf\udce9"})
    assert "caf\\udce9" in page and page.encode("utf-8")
