"""`luodi check` at the command line: what it shows, what it prints for programs, and how it ends."""

import json
import re
from pathlib import Path

import pytest
from docx import Document
from typer.testing import CliRunner, Result

from services.cli import app

ROOT = Path(__file__).parents[2]
WRONG = "一、1-8月，招商引资到位资金84.8亿元，完成市上下达全年目标任务（105亿元）的84.2%。\n"
RIGHT = "引进省外到位资金55.4亿元，完成市上下达全年目标任务（68亿元）的81.5%。\n"


def check(*arguments: str, given: str | bytes | None = None) -> Result:
    return CliRunner().invoke(app, ["check", *arguments], input=given)


@pytest.fixture
def report(tmp_path: Path) -> Path:
    file = tmp_path / "汇报.txt"
    file.write_text(WRONG + RIGHT, encoding="gb18030")
    return file


def test_a_wrong_report_is_shown_with_the_figure_marked_and_exits_1(report: Path) -> None:
    ended = check(str(report))
    assert ended.exit_code == 1
    for said in (
        "第 1 行　完成比例　有误",
        "（105亿元）的【84.2%】",
        "应为 80.8%，文中多 3.4个百分点",
        "84.8亿元 是否为 88.4亿元？",
        "共 2 处数据：有误 1 处，相符 1 处，无法核对 0 处。",
    ):
        assert said in ended.stdout, said
    assert "81.5" not in ended.stdout
    assert "【81.5%】" in check(str(report), "--all").stdout


def test_a_word_document_gives_what_the_docs_show(tmp_path: Path) -> None:
    docs = (ROOT / "docs/check.md").read_text(encoding="utf-8")
    text = (ROOT / "tests/prose/right.txt").read_text(encoding="utf-8").partition("\n二、")[0]
    file = tmp_path / "汇报.docx"
    document = Document()
    for line in text.replace("的80.8%，较", "的84.2%，较").split("\n"):
        document.add_paragraph(line)
    document.save(str(file))
    [screen] = re.findall(r"```text\n\$ luodi check 汇报\.docx\n(.*?)```", docs, re.DOTALL)
    [answer] = re.findall(r"```json\n(.*?)```", docs, re.DOTALL)
    ended, programs = check(str(file)), check("--json", str(file))
    assert (ended.exit_code, ended.stdout) == (1, screen)
    assert [one for one in json.loads(programs.stdout)["claims"] if one["slips"]] == json.loads(answer)["claims"]


def test_a_right_report_from_a_pipe_exits_0() -> None:
    ended = check("-", given=RIGHT)
    assert (ended.exit_code, ended.stdout) == (0, "共 1 处数据：有误 0 处，相符 1 处，无法核对 0 处。\n")
    assert check("-", given="今天天气很好。").stdout == "没有找到可以核对的数据。\n"


def test_rows_of_a_table_that_were_not_read_are_told() -> None:
    table = "单位\t得分\t位次\n高新区\t96.5\t1\n江南片区\t94.2\t2\n"
    assert check("-", given=table).stdout == "没有找到可以核对的数据。另有表格 2 行未作核对。\n"
    assert check("-", given=RIGHT + table).stdout.endswith("无法核对 0 处。另有表格 2 行未作核对。\n")
    assert json.loads(check("--json", "-", given=table).stdout) == {"claims": [], "unread_rows": 2}


def test_programs_are_told_in_json(report: Path) -> None:
    ended = check("--json", str(report))
    assert ended.exit_code == 1
    [wrong, right] = json.loads(ended.stdout)["claims"]
    assert wrong == {
        "quote": "招商引资到位资金84.8亿元，完成市上下达全年目标任务（105亿元）的84.2%",
        "at": {"line": 1, "start": 7, "end": 47, "figure": [42, 47]},
        "kind": "completion",
        "claimed": "84.2",
        "computed": "80.8",
        "difference": "3.4",
        "unit": "%",
        "verdict": "inconsistent",
        "slips": [{"code": "digits-swapped", "printed": "84.8亿元", "perhaps": "88.4亿元"}],
        "indicator": None,
        "through": None,
    }
    assert (right["at"]["line"], right["verdict"], right["slips"]) == (2, "consistent", [])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x00\xff\xfe\x00", "文件不是文本"),
        (b"%PDF-1.4", "PDF"),
        (b"PK\x03\x04", "已损坏"),
        (b"\xd0\xcf\x11\xe0", ".doc"),
    ],
)
def test_what_cannot_be_read_exits_2_with_the_remedy(content: bytes, said: str) -> None:
    ended = check("-", given=content)
    assert (ended.exit_code, said in ended.stderr) == (2, True)


def test_a_file_that_is_not_there_and_a_code_that_is_none_exit_2() -> None:
    missing = check("/nowhere.txt")
    assert (missing.exit_code, "/nowhere.txt" in missing.stderr) == (2, True)
    ended = check("-", "--district", "万州", given=RIGHT)
    assert (ended.exit_code, "区划代码应为 6 位数字" in ended.stderr) == (2, True)


def test_a_service_that_does_not_answer_exits_2() -> None:
    ended = check("-", "--district", "500101", "--reporting", "http://127.0.0.1:9", given=RIGHT)
    assert (ended.exit_code, "http://127.0.0.1:9 没有应答" in ended.stderr) == (2, True)


def test_what_a_terminal_would_obey_is_not_printed() -> None:
    shown = check("-", given=f"\x1b[2J{WRONG}").stdout
    assert "\x1b[2J" not in shown
    assert "·[2J" in shown
