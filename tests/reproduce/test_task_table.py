"""The table of docs/tasks.md: what renews it leaves the rest of the page."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import tasks  # noqa: E402

import neuroai as na  # noqa: E402

PAGE = tasks.PAGE.read_text(encoding="utf-8")
GO = tasks.Line("go-nogo", {})


def test_the_rest_of_the_page_stays():
    old = next(text for text in PAGE.splitlines() if text.startswith(tasks.written(GO)))
    new = tasks.row(GO, 0.123, 7)
    assert tasks.renewed(PAGE, GO, old) == PAGE and "## " in PAGE.split(tasks.BEGIN)[1]
    assert tasks.renewed(PAGE, GO, new) == PAGE.replace(old, new)


@pytest.mark.parametrize("after", ["", "\n## More\n"])
def test_a_line_is_put_where_it_belongs(after):
    page, lines = f"# Tasks\n\n{tasks.BEGIN}\n{'|---' * 6}|\n{after}", [tasks.LINES[5], tasks.LINES[0], tasks.LINES[3]]
    for line in lines:
        page = tasks.renewed(page, line, tasks.row(line, 1, 1))
    rows = [tasks.row(tasks.LINES[k], 1, 1) for k in (0, 3, 5)]
    assert page == "\n".join(["# Tasks\n", tasks.BEGIN, "|---" * 6 + "|", *rows, after])


def test_networks_have_the_sizes_of_their_tasks():
    for name in tasks.CHANCE:
        net = tasks.build(name)
        assert na.tasks.named(name)().trials(net, 1).steps > 0
