"""The desk and the pages of one's own cases: who may see what, and what can be done there."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from html import unescape
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from fastapi import Depends, FastAPI
from pydantic import SecretStr

from services.notifier import api, pages
from services.notifier.acknowledger import Visitor
from services.notifier.brake import Brake
from services.notifier.channels.http import make_client
from services.notifier.domain.directory import read_directory
from services.notifier.doorkeeper import Doorkeeper
from services.notifier.silencer import Silencer, Wish
from shared import database
from tests.integration.notifier_office import OFFICIAL, POLICY, Office, record, token_of
from tests.providers.loopback import Reply
from tests.providers.webhook import fake_webhook
from tests.providers.wecom import fake_wecom

TOKEN = "a-token-for-the-desk"


async def nothing_on_the_bus() -> str | None:
    """As on a new installation."""
    return None


@pytest_asyncio.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    with fake_wecom() as wecom, fake_webhook() as webhook:
        async with database.make_pool(database_url, "test") as pool, make_client() as client:
            yield Office(pool, wecom, webhook, client)


def served(office: Office, token: str | None = None, *, on_loopback: bool = True) -> httpx.AsyncClient:
    """The office's pages, behind a doorkeeper."""
    app = FastAPI()
    sheets = pages.Pages(lambda: office.now, POLICY.days)
    guarded = [Depends(Doorkeeper(SecretStr(token) if token else None, on_loopback=on_loopback))]
    brake = Brake(office.pool, nothing_on_the_bus, timedelta(days=3), office.metrics)
    app.include_router(api.routes(office.desk, lambda: office.now), dependencies=guarded)
    app.include_router(
        pages.case_routes(office.desk, office.directory, office.policy, brake, sheets), dependencies=guarded
    )
    doors = pages.Doors(sheets, office.links, lambda: office.now)
    app.include_router(pages.answer_routes(doors, office.acknowledger, sheets, lambda: office.now))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk")


@pytest.mark.parametrize("path", ["/", "/cases", "/v1/cases"])
async def test_the_desk_wants_its_token(office: Office, path: str) -> None:
    async with served(office, TOKEN) as http:
        refused = await http.get(path)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith("Basic ")
        assert (await http.get(path, auth=("anybody", "another"))).status_code == 401
        assert (await http.get(path, headers={"authorization": "Basic nonsense"})).status_code == 401
        assert (await http.get(path, auth=("anybody", TOKEN))).status_code in (200, 307)
        assert (await http.get(path, headers={"authorization": f"Bearer {TOKEN}"})).status_code in (200, 307)


async def test_without_a_token_the_desk_is_open_on_this_machine_only(office: Office) -> None:
    async with served(office) as http:
        assert (await http.get("/v1/cases")).status_code == 200
    async with served(office, on_loopback=False) as http:
        refused = await http.get("/v1/cases")
        assert refused.status_code == 403
        assert "LUODI_DESK_TOKEN" in refused.text


async def test_links_open_without_the_desks_token(office: Office) -> None:
    await office.hear(record())
    await office.work()
    async with served(office, TOKEN, on_loopback=False) as http:
        path = f"/ack/{token_of(office.webhook.posts[0]['acknowledge'])}"
        assert (await http.get(path)).status_code == 200


async def test_another_site_cannot_make_a_browser_requeue(office: Office) -> None:
    async with served(office) as http:
        answer = await http.post(f"/v1/messages/{uuid4()}/requeue", headers={"sec-fetch-site": "cross-site"})
        assert answer.status_code == 403


async def test_a_dead_message_is_shown_with_its_reason_and_sent_again_at_the_press_of_a_button(office: Office) -> None:
    office.wecom.next_replies.extend([93000, 93000])
    await office.hear(record())
    await office.work()
    async with served(office) as http:
        page = (await http.get("/cases")).text
        assert page.count("未送达") >= 2
        assert "机器人地址无效，请核对密钥" in page
        actions = re.findall(r'action="(messages/[0-9a-f-]+/requeue)"', page)
        [case] = set(re.findall(r'name="case" value="([0-9a-f-]+)"', page))
        assert len(actions) == 2
        for action in actions:
            answer = await http.post(f"/{action}", data={"case": case})
            assert (answer.status_code, answer.headers["location"]) == (303, f"../../cases#{case}")
        await office.work()
        assert len(office.wecom.messages) == 2
        assert "未送达" not in (await http.get("/cases")).text


async def test_a_message_of_which_nobody_knows_whether_it_arrived_can_be_sent_again(office: Office) -> None:
    office.wecom.take_all_but_answer = Reply(hang_up=True)
    await office.hear(record(lead_official=None))
    await office.work()
    await office.pass_days(2 / 24)
    assert len(office.wecom.messages) == 2
    office.wecom.take_all_but_answer = None
    async with served(office) as http:
        page = (await http.get("/cases")).text
        assert "结果不明" in page
        [action] = re.findall(r'action="(messages/[0-9a-f-]+/requeue)"', page)
        [case] = re.findall(r'name="case" value="([0-9a-f-]+)"', page)
        await http.post(f"/{action}", data={"case": case})
        await office.work()
        assert len(office.wecom.messages) == 3
        assert "结果不明" not in (await http.get("/cases")).text


async def test_what_was_tried_sixty_times_is_tried_again_as_patiently_as_a_new_message(office: Office) -> None:
    await office.hear(record())
    await office.sweeper.run_once(office.now)
    await office.bundler.run_once(office.now)
    await office.pool.execute("update notifier.message set state = 'dead', attempts = 60 where channel = 'wecom-bot'")
    await office.pool.execute("update notifier.delivery set state = 'dead' where channel = 'wecom-bot'")
    office.wecom.next_replies.extend([45009, 45009])
    for row in await office.pool.fetch("select id from notifier.message where state = 'dead'"):
        assert await office.desk.requeue(row["id"], office.now)
    await office.work()
    assert office.wecom.messages == []
    await office.pass_days(1 / 24)
    assert len(office.wecom.messages) == 2


async def test_only_what_was_given_up_can_be_sent_again(office: Office) -> None:
    await office.hear(record())
    await office.work()
    async with served(office) as http:
        case = (await http.get("/v1/cases")).json()["unresolved"][0]
        sent = case["deliveries"][0]["message"]
        assert (await http.post(f"/v1/messages/{sent}/requeue")).status_code == 409
        assert (await http.post(f"/v1/messages/{uuid4()}/requeue")).status_code == 409
    await office.work()
    assert len(office.webhook.posts) == 1


async def test_a_dead_message_whose_case_was_answered_meanwhile_is_not_sent_again(office: Office) -> None:
    office.wecom.next_replies.extend([93000, 93000])
    await office.hear(record())
    await office.work()
    dead = await office.pool.fetchval("select id from notifier.message where state = 'dead' limit 1")
    await office.answer(office.webhook.posts[0]["acknowledge"])
    assert await office.desk.requeue(dead, office.now)
    await office.work()
    assert office.wecom.messages == []


async def test_an_official_sees_everything_of_theirs_and_answers_some_of_it(office: Office) -> None:
    await office.hear(
        record(), record("P-2", name="食品精深加工园"), record("P-3", name="认证中心", lead_official="别人")
    )
    await office.work()
    await office.hear(record("P-2", name="食品精深加工园", revision=2, on="2026-09-02"))
    await office.work()
    async with served(office) as http:
        message = f"/ack/{token_of(office.webhook.posts[0]['acknowledge'])}"
        shown = (await http.get(message)).text
        found = re.search(r'href="\.\./(mine/[^"]+)"', shown)
        assert found is not None
        page = (await http.get(f"/{found[1]}")).text
        assert "王建国副区长，您好" in page
        assert "您名下有1项未办结，其中1项待签收。" in page
        assert "近30日结束" in page
        assert "食品精深加工园" in page
        assert "认证中心" not in page
        answered = await http.post(f"/{found[1]}")
        assert "已签收1项。" in answered.text
        assert "您名下有1项未办结。" in answered.text
        assert "已签收1项。" not in (await http.post(f"/{found[1]}")).text
    assert (await office.states())["P-2026-017"] == "acknowledged"


async def test_a_link_from_a_group_leads_to_nobodys_own_page(office: Office) -> None:
    await office.hear(record())
    await office.work()
    [text] = [each for each in office.wecom.texts() if "王建国副区长：" in each]
    found = re.search(r"/(ack/\S+)", text)
    assert found is not None
    async with served(office) as http:
        assert "/mine/" not in (await http.get(f"/{found[1]}")).text


async def test_the_page_behind_a_groups_link_says_no_more_than_the_message_to_the_group(office: Office) -> None:
    await office.hear(record(name="华创智能科技有限公司总部（投资5亿元）"))
    await office.work()
    [text] = [each for each in office.wecom.texts() if "王建国副区长：" in each]
    group, own = re.search(r"/(ack/\S+)", text), f"ack/{token_of(office.webhook.posts[0]['acknowledge'])}"
    assert group is not None
    async with served(office) as http:
        assert "华创智能科技有限公司总部（投资5亿元）" in (await http.get(f"/{own}")).text
        read = (await http.get(f"/{group[1]}")).text
    assert "某企业总部" in read
    assert "华创" not in read
    assert "5亿" not in read


async def test_what_came_back_is_answered_only_once_it_was_told_again(office: Office) -> None:
    await office.hear(record())
    await office.work()
    path = f"/ack/{token_of(office.webhook.posts[0]['acknowledge'])}"
    await office.hear(record(revision=2, on="2026-09-01"))
    await office.work()
    await office.hear(record(revision=3))
    async with served(office) as http:
        answered = await http.post(path)
        assert answered.status_code == 200
        assert "结束后再次出现，将重新通知" in answered.text
        assert "None" not in answered.text
        assert (await office.states())["P-2026-017"] == "open"
        await office.work()
        path = f"/ack/{token_of(office.webhook.posts[-1]['acknowledge'])}"
        assert "已签收1项" in (await http.post(path)).text
    assert office.events()[-2:] == ["escalation-resolved 1", "escalation-opened 1"]


async def test_a_project_that_was_given_up_is_nowhere_called_met(office: Office) -> None:
    await office.hear(record("P-1"), record("P-2"))
    await office.work()
    await office.hear(record("P-1", revision=2, stage="terminated"), record("P-2", revision=2, on="2026-09-02"))
    token = office.links.own_token(OFFICIAL, office.now)
    async with served(office) as http:
        for page in (await http.get("/cases")).text, (await http.get(f"/mine/{token}")).text:
            assert re.findall(r'<span class="chip green">(\S+)</span>', page) == ["已办结"]
            assert re.findall(r'<span class="chip grey">(\S+)</span>', page) == ["已结束"]
            assert page.count("✓") <= 1


async def test_own_pages_of_a_month_ago_are_over_and_an_empty_one_says_so(office: Office) -> None:
    token = office.links.own_token(OFFICIAL, office.now)
    async with served(office) as http:
        assert "您名下没有未办结的催办事项。" in (await http.get(f"/mine/{token}")).text
        office.now += timedelta(days=16)
        assert (await http.get(f"/mine/{token}")).status_code == 410


async def test_what_one_channel_cannot_deliver_goes_over_the_persons_next(office: Office) -> None:
    office.take_directory(
        read_directory(
            (
                "name,role,unit,wecom_userid,wecom_app,wecom_bot,webhook,webhook_secret\n"
                f"{OFFICIAL},official,,WangJianGuo,gone,leaders,{office.webhook.url},office\n"
                "马超,unit-contact,区经济信息委,MaChao,,leaders,,\n"
            ).encode()
        )
    )
    await office.hear(record())
    await office.work()
    await office.work()
    case = (await office.overview()).unresolved[0]
    mine = [(each.channel, each.state) for each in case.deliveries if each.recipient == OFFICIAL]
    # There is no such app, so the group is next; the system's copy went out as well.
    assert sorted(mine) == [("webhook", "sent"), ("wecom-app", "dead"), ("wecom-bot", "sent")]
    assert len(office.wecom.messages) == 2
    assert case.case.rung == 1


def listed(page: str) -> list[str]:
    """The projects of a page's unresolved cases, in its order."""
    return re.findall(r'<h3>.*?<span class="soft small">(P-[0-9A-Za-z-]+)</span>', page.partition("最近结束")[0])


async def test_every_case_is_on_some_page_once_however_many_there_are(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "_SHOWN", 2)
    await office.hear(*(record(f"P-{n}", due=f"2026-08-{30 - n % 3}") for n in range(5)))
    async with served(office) as http:
        seen, path = [], "/cases?unit=区经济信息委"
        while path:
            page = (await http.get(path)).text
            seen.append(listed(page))
            found = re.search(r'href="(cases\?[^"]+)">下一页', page)
            path = f"/{unescape(found[1])}" if found else ""
        # Late for longest first, then by name.
        assert seen == [["P-2", "P-1"], ["P-4", "P-0"], ["P-3"]]
        assert "回到第一页" in page

        first = (await http.get("/v1/cases?limit=3")).json()
        rest = (await http.get(f"/v1/cases?limit=3&after={first['next']}")).json()
        found_ids = [each["project"] for each in (*first["unresolved"], *rest["unresolved"])]
        assert (found_ids, rest["next"]) == (["P-2", "P-1", "P-4", "P-0", "P-3"], None)


@pytest.mark.parametrize(
    ("asked", "projects"),
    [
        ({"district": "500102"}, ["P-4"]),
        ({"unit": "区商务委"}, ["P-2"]),
        ({"official": "别人"}, ["P-3"]),
        ({"told": OFFICIAL}, ["P-1", "P-2"]),
        ({"told": OFFICIAL, "unit": "区商务委"}, ["P-2"]),
        ({"rule": "milestone-overdue"}, ["P-1", "P-2", "P-3", "P-4"]),
        ({"rule": "unclaimed"}, []),
        ({"state": "acknowledged"}, ["P-1"]),
        ({"state": "paused"}, ["P-2"]),
    ],
    ids=str,
)
async def test_cases_are_found_by_what_people_ask_for(
    office: Office, asked: dict[str, str], projects: list[str]
) -> None:
    await office.hear(record("P-1"), record("P-2", lead_unit="区商务委"))
    await office.work()
    await office.hear(record("P-3", lead_official="别人"), record("P-4", district="500102", lead_official="他人"))
    async with served(office) as http:
        cases = (await http.get("/v1/cases?limit=1")).json()["unresolved"]
        link = office.links.read(token_of(office.webhook.posts[0]["acknowledge"]), office.now)
        visitor = Visitor(OFFICIAL, None, None)
        await office.acknowledger.answer(link, [UUID(each["id"]) for each in cases], visitor, office.now)
        await office.hear(record("P-2", lead_unit="区商务委", revision=2, stage="suspended"))
        answer = (await http.get("/v1/cases", params=asked)).json()
        assert sorted(each["project"] for each in answer["unresolved"]) == projects
        assert sorted(listed((await http.get("/cases", params=asked)).text)) == projects
        if "state" not in asked:
            assert sum(answer["counts"].values()) == len(projects)


async def test_what_cannot_be_asked_for_is_refused_or_finds_nothing(office: Office) -> None:
    await office.hear(record())
    async with served(office) as http:
        for refused in ("?state=late", "?rule=none", "?after=x", "?unit=%00", "?limit=0"):
            assert (await http.get(f"/v1/cases{refused}")).status_code == 422
        assert listed((await http.get("/cases?unit=&official=&state=&told=%00")).text) == ["P-2026-017"]
        nothing = (await http.get("/cases?unit=<b>")).text
        assert "没有符合条件的事项" in nothing
        assert "<b>没" not in nothing
        assert 'value="&lt;b&gt;"' in nothing


async def test_a_silenced_case_says_why_by_whom_and_until_when(office: Office) -> None:
    await office.hear(record())
    await office.work()
    wish = Wish({"project": "P-2026-017"}, "等上级批复用地", "周文斌 区委副书记", office.now + timedelta(days=20))
    async with office.pool.acquire() as connection:
        await Silencer(connection).add(wish, office.now)
    await office.work()
    async with served(office) as http:
        page = (await http.get("/cases")).text
        assert "免打扰至9月22日 10:00：等上级批复用地（周文斌 区委副书记）。" in page
        assert "免打扰（1项）" in page
        assert "项目：P-2026-017" in page
        [case] = (await http.get("/v1/cases")).json()["unresolved"]
        assert (case["paused"], case["silence"]["reason"]) == (True, "等上级批复用地")
        [silence] = (await http.get("/v1/silences")).json()
        assert (silence["project"], silence["who"]) == ("P-2026-017", "周文斌 区委副书记")
        mine = (await http.get(f"/mine/{office.links.own_token(OFFICIAL, office.now)}")).text
        assert "免打扰至9月22日 10:00：等上级批复用地（周文斌 区委副书记）" in mine


async def test_the_desk_holds_no_link_with_which_to_answer_for_an_official(office: Office) -> None:
    await office.hear(record())
    await office.work()
    async with served(office) as http:
        page = (await http.get("/cases")).text
        assert "mine/" not in page
        assert "ack/" not in page
        [told] = set(re.findall(r'href="(cases\?told=[^"]+)"[^>]*>王建国 副区长<', page))
        assert listed((await http.get(f"/{told}")).text) == ["P-2026-017"]


async def test_a_record_that_does_not_read_is_shown_among_the_others(office: Office) -> None:
    await office.hear(record("P-1"), record("P-2"))
    await office.work()
    await office.pool.execute("update notifier.project set record = record - 'stage' where project = 'P-1'")
    async with served(office) as http:
        page = (await http.get("/cases")).text
        assert listed(page) == ["P-1", "P-2"]
        assert page.count("已单列") == 1
        assert "stage: Field required" in page
        assert [each["fault"] for each in (await http.get("/v1/cases")).json()["unresolved"]] == [
            "stage: Field required",
            None,
        ]
        mine = f"/mine/{office.links.own_token(OFFICIAL, office.now)}"
        assert "P-2" in (await http.get(mine)).text
        assert "已签收2项" in (await http.post(mine)).text
