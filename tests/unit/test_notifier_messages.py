"""What people read."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain.cases import closing
from services.notifier.domain.letters import Heard, Item, Letter, Others
from services.notifier.domain.messages import (
    WECOM_MARKDOWN_BYTES,
    WECOM_TEXT_BYTES,
    as_card,
    as_markdown,
    as_text,
    cut,
    plain,
    reticent,
)

TODAY = date(2026, 9, 23)
LINK = "https://luodi.example.gov.cn/ack/" + "x" * 260


def item(**changes: Any) -> Item:
    whole = Item(
        case="0190",
        rule="milestone-overdue",
        rung=1,
        district="500101",
        project="P-2026-017",
        name="智能装备产业园",
        matter="started",
        due=date(2026, 8, 31),
        text="原定8月31日前开工，已逾期23天，尚未收到开工信息。",
        brief="原定8月31日前开工，已逾期23天",
        unit="区经济信息委",
        official="王建国 副区长",
    )
    return replace(whole, **changes)


def letter(*items: Item, **changes: Any) -> Letter:
    whole = Letter("overdue", "LD-000042", "王建国 副区长", items or (item(),), LINK, TODAY, discreet=True)
    return replace(whole, **changes)


def lines(*items: Item, **changes: Any) -> list[str]:
    """A message as its reader sees it, without the number."""
    return as_text(letter(*items, **{"link": "https://l.example/ack/t", **changes})).splitlines()[:-1]


def ended(outcome: Any = "met", brief: str = "已于9月20日开工", **changes: Any) -> Item:
    return item(outcome=outcome, brief=brief, text=closing(brief), **changes)


def test_one_late_milestone_reads_as_a_person_would_write_it() -> None:
    assert as_text(letter(link="https://l.example/ack/t", recipient="钱进 主任")).splitlines() == [
        "【落地催办】智能装备产业园（P-2026-017）",
        "钱进主任：原定8月31日前开工，已逾期23天，尚未收到开工信息。",
        "牵头单位：区经济信息委　挂包领导：王建国副区长",
        "请推动办理。",
        "查看并签收：https://l.example/ack/t",
        "编号 LD-000042",
    ]


def test_the_lead_official_is_not_told_who_the_lead_official_is() -> None:
    assert lines()[1:3] == [
        "王建国副区长：原定8月31日前开工，已逾期23天，尚未收到开工信息。",
        "牵头单位：区经济信息委",
    ]
    card = as_card(letter())
    assert card is not None
    assert [name for name, _ in card.rows] == ["牵头单位", "编号"]


def test_a_sentence_that_asks_for_something_is_not_followed_by_another_request() -> None:
    assert "请推动办理。" not in lines(item(text="已超期1天。请尽快解决并报送办结情况。"))


def test_a_higher_rung_reads_who_was_told_before_and_who_of_them_answered() -> None:
    told = {"马超": Heard(date(2026, 9, 21), answered=True), "王建国 副区长": Heard(date(2026, 9, 22))}
    assert "此前已通知：马超（9月21日，已签收）、王建国副区长（9月22日），仍未办结。" in lines(item(rung=2, told=told))
    listed = lines(item(rung=2, told=told), item())
    assert listed[1].endswith("已逾期23天，此前已通知马超（已签收）、王建国副区长")


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("王建国 副区长", "王建国副区长"),
        ("孙立新 区长", "孙立新区长"),
        ("周文斌 区委副书记", "区委副书记周文斌"),
        ("郑国强 经开区管委会主任", "经开区管委会主任郑国强"),
        ("马超", "马超"),
        ("John Smith", "John Smith"),
    ],
)
def test_a_name_and_a_title_stand_without_a_space(name: str, read: str) -> None:
    assert lines(recipient=name)[1].startswith(f"{read}：")


def test_several_late_milestones_become_one_list() -> None:
    second = item(
        project="P-2026-018", name="食品精深加工园", due=date(2026, 9, 1), brief="原定9月1日前竣工，已逾期22天"
    )
    assert as_text(letter(item(), second, link="https://l.example/ack/t")).splitlines() == [
        "【落地催办】王建国副区长：有2项需您推动",
        "1. 智能装备产业园（P-2026-017）：原定8月31日前开工，已逾期23天",
        "2. 食品精深加工园（P-2026-018）：原定9月1日前竣工，已逾期22天",
        "查看并签收：https://l.example/ack/t",
        "编号 LD-000042",
    ]


def test_a_digest_says_what_is_new_what_ended_and_how_the_rest_stands() -> None:
    assert lines(item(), ended(), notice="digest", others=Others(10, answered=3, exhausted=2)) == [
        "【落地晨报】王建国副区长：9月23日，有1项需您推动",
        "1. 智能装备产业园（P-2026-017）：原定8月31日前开工，已逾期23天",
        "另有1项催办已办结：",
        "· 智能装备产业园（P-2026-017）：已于9月20日开工",
        "此前已通知您的还有10项未办结，其中3项已签收、2项已到末级。",
        "查看并签收：https://l.example/ack/t",
    ]


def test_where_everything_is_over_there_is_nothing_to_acknowledge() -> None:
    assert lines(ended(), notice="digest") == [
        "【落地晨报】王建国副区长：9月23日，有1项催办已办结",
        "1. 智能装备产业园（P-2026-017）：已于9月20日开工",
        "查看详情：https://l.example/ack/t",
    ]
    assert "[查看详情]" in as_markdown(letter(ended(), ended(project="P-2"), notice="digest"), None)


def test_what_ended_with_its_project_is_one_line_that_names_what_was_pressed_and_is_not_called_met() -> None:
    over = [ended("ended", "项目已终止", subject=what) for what in ("签订正式协议", "行业审查")]
    assert lines(*over, notice="digest")[:2] == [
        "【落地晨报】王建国副区长：9月23日，有1项催办已结束",
        "1. 智能装备产业园（P-2026-017）：项目已终止，不再催办签订正式协议、行业审查",
    ]
    assert lines(*over, notice="resolved")[:2] == [
        "【落地告知】智能装备产业园（P-2026-017）",
        "王建国副区长：项目已终止，不再催办签订正式协议、行业审查。",
    ]


def test_a_timetable_that_was_moved_is_not_called_met() -> None:
    moved = ended("withdrawn", "时间表已调整，开工的新期限为10月31日")
    assert lines(moved, ended(), item(), notice="digest")[2] == "另有2项催办已结束："


def test_a_list_of_any_kind_is_capped_and_says_how_much_more_there_is_behind_the_link() -> None:
    for notice in ("overdue", "digest"):
        rows = lines(*[item(project=f"P-{each}") for each in range(5)], notice=notice, most=3)
        assert rows[3:5] == ["3. 智能装备产业园（P-2）：原定8月31日前开工，已逾期23天", "……另有2项，见链接。"]
    over = [ended(project=f"P-{each}") for each in range(5)]
    assert "……另有2项，见链接。" in lines(*over, notice="resolved", most=3)


def test_the_markdown_list_calls_its_addressee() -> None:
    lines = as_markdown(letter(item(), item(), link="https://l.example/ack/t"), "WangJianGuo").splitlines()
    assert lines[:2] == ["**【落地催办】王建国副区长：有2项需您推动**", "<@WangJianGuo>"]
    assert lines[-2:] == ["[查看并签收](https://l.example/ack/t)", '<font color="comment">编号 LD-000042</font>']


def test_a_list_too_long_for_the_channel_says_how_many_there_are() -> None:
    text = as_markdown(letter(*[item() for _ in range(80)]), "WangJianGuo")
    assert len(text.encode()) <= WECOM_MARKDOWN_BYTES
    assert "……等80项，全部见链接。" in text
    assert f"({LINK})" in text


def test_what_is_sent_once_more_says_so_under_the_same_number() -> None:
    assert as_text(letter(again=True)).endswith("编号 LD-000042（第2次发送，如已收到请忽略）")


def test_those_who_were_told_read_how_it_ended() -> None:
    text = as_text(letter(ended(), notice="resolved", link=None))
    assert text.splitlines() == [
        "【落地办结】智能装备产业园（P-2026-017）",
        "王建国副区长：已于9月20日开工，此前的催办到此结束。",
        "编号 LD-000042",
    ]


@pytest.mark.parametrize(
    ("title", "read"),
    [
        ("云计算中心（投资5亿元）", "云计算中心"),
        ("总投资约 12.5 亿元的装备园", "的装备园"),
        ("年产10万吨食品加工项目", "年产10万吨食品加工项目"),
        ("华创智能科技有限公司总部", "某企业总部"),
        ("联系 13812345678 的产业园", "联系 ＊＊＊ 的产业园"),
        ("电话023-68886666产业园", "电话＊＊＊产业园"),
        ("2026年第3批项目", "2026年第3批项目"),
        ("企业要求兑现五千万元补助", "企业要求兑现补助"),
        ("500多万元、数千万元、近亿元", "、、"),
        ("外资5亿港元、500万欧元到位", "外资、到位"),
        ("投资5亿建设智能工厂", "投资建设智能工厂"),
        ("缺口2000万左右，投资三个亿", "缺口左右，投资"),
        ("到账￥5000000.00，另有USD 500万", "到账，另有"),
        ("新签约5亿元", "新签约"),
        ("三元锂电池、多元化、百亿级产业集群", "三元锂电池、多元化、百亿级产业集群"),
        ("投资10万吨级粮库，10万平方米厂房", "投资10万吨级粮库，10万平方米厂房"),
        ("找张工１３８１２３４５６７８", "找张工＊＊＊"),
        ("138－1234－5678或400-800-1234", "＊＊＊或＊＊＊"),
        ("总机(023) 6888 6666，电话：67123456", "总机＊＊＊，电话＊＊＊"),
        ("华创智能\n科技有限公司用地", "某企业用地"),
        # What a quotation cut in its middle.
        ("因华创智能科技有…", "因某企业…"),
        ("请联系1381234…", "请联系＊＊＊…"),
    ],
)
def test_a_group_does_not_read_amounts_investors_or_telephones(title: str, read: str) -> None:
    assert reticent(title, "华创智能科技有限公司") == read


@pytest.mark.parametrize("written", ["华创（深圳）有限公司", "华创(深圳)有限公司"])
def test_an_investor_is_known_by_brackets_of_any_width(written: str) -> None:
    assert reticent(f"{written}总部", "华创(深圳)有限公司") == "某企业总部"


def test_the_title_of_an_indicator_is_nobodys_secret() -> None:
    behind = item(project="target-2026-signed-major", name="2026年新签约投资5亿元及以上项目")
    assert lines(behind)[0] == "【落地催办】2026年新签约投资5亿元及以上项目"


def test_only_in_a_group_are_they_left_out() -> None:
    told = item(name="华创产业园（投资5亿元）", investor="华创")
    assert "华创" not in as_text(letter(told))
    assert "华创产业园（投资5亿元）" in as_text(letter(told, discreet=False))


@pytest.mark.parametrize("hostile", ["@all", "<@all>", "<@WangJianGuo>", "[点此领奖](http://evil.example)", "**急**"])
def test_a_title_can_neither_call_anybody_nor_bring_a_link(hostile: str) -> None:
    for text in (as_text(letter(item(name=hostile))), as_markdown(letter(item(name=hostile), item()), None)):
        body = text.replace(LINK, "")
        assert "@" not in body
        assert "http" not in body.replace("http：//evil", "")
        assert "evil.example" not in body


def test_line_breaks_and_invisible_characters_become_spaces() -> None:
    assert plain("产业园\r\n编号 LD-1\u202e\u200b 完\x00") == "产业园 编号 LD-1 完"


ANY_TEXT = st.text(max_size=300)
ITEMS = st.lists(
    st.builds(
        item,
        name=ANY_TEXT | st.none(),
        unit=ANY_TEXT | st.none(),
        official=ANY_TEXT | st.none(),
        investor=ANY_TEXT | st.none(),
        told=st.dictionaries(ANY_TEXT, st.builds(Heard, st.just(date(2026, 9, 21)), st.booleans()), max_size=8),
        outcome=st.sampled_from([None, "met", "ended"]),
    ),
    min_size=1,
    max_size=40,
)


@given(items=ITEMS, recipient=ANY_TEXT, notice=st.sampled_from(["overdue", "resolved", "digest"]))
def test_whatever_the_titles_a_message_fits_and_keeps_its_link_and_number(
    items: list[Item], recipient: str, notice: Any
) -> None:
    whole = letter(*items, recipient=recipient, notice=notice)
    text, markdown = as_text(whole, WECOM_TEXT_BYTES), as_markdown(whole, "WangJianGuo")
    assert len(text.encode()) <= WECOM_TEXT_BYTES
    assert len(markdown.encode()) <= WECOM_MARKDOWN_BYTES
    for written in (text, markdown):
        assert LINK in written
        assert "LD-000042" in written
        assert written.replace("<@WangJianGuo>", "").count("@") == 0


@given(text=ANY_TEXT)
def test_nothing_foreign_survives_in_a_plain_text(text: str) -> None:
    read = plain(text)
    assert not set(read) & set("@<>[]()*_#`~|\\\n\r\t\u2028")
    assert "://" not in read
    assert plain(read) == read


@given(text=ANY_TEXT, limit=st.integers(0, 200))
def test_a_text_is_cut_between_characters(text: str, limit: int) -> None:
    short = cut(text, limit)
    assert text.startswith(short)
    assert len(short.encode()) <= limit
    assert short == text or len(text[: len(short) + 1].encode()) > limit
