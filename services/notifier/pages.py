"""The pages that people open: the cases, and the page behind a message's link."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, FastAPI, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.notifier.acknowledger import Acknowledger, Visitor
from services.notifier.brake import Brake
from services.notifier.desk import Desk, Search
from services.notifier.domain.directory import Directory
from services.notifier.domain.kinds import KINDS
from services.notifier.domain.ladder import Calendar
from services.notifier.domain.links import BadLinkError, ExpiredLinkError, Link, LinkMaker
from services.notifier.domain.messages import plain
from services.notifier.domain.policy import Policy
from services.notifier.domain.wording import ROLES, person, zh_end, zh_moment
from shared.clock import Clock, business_day
from shared.database import UNREACHABLE
from shared.web import unreachable

_SHOWN: Final = 100
_SEARCHED: Final = ("district", "unit", "official", "told", "rule", "state")
_WHO_CHARACTERS: Final = 40
_HEADERS: Final = {
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
}
_LOOKING_AGAIN: Final = ("请稍候，本页会自动重试。", {"refresh": 15})
_PERHAPS_LOST: Final = ("刚才的操作可能没有记录。请过一两分钟，从通知中重新打开查看。", dict[str, int]())
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "role": ROLES,
    "delivery": {
        "waiting": "待发送",
        "sending": "发送中",
        "sent": "已发送",
        "uncertain": "结果不明",
        "dead": "未送达",
        "superseded": "已取消",
    },
    "channel": {
        "webhook": "业务系统",
        "wecom-app": "企业微信",
        "wecom-bot": "企业微信群",
        "dingtalk-bot": "钉钉群",
        "feishu-bot": "飞书群",
        "email": "电子邮件",
        "none": "无法通知",
    },
    "state": {"open": "待签收", "acknowledged": "已签收，待办结", "exhausted": "已到末级", "paused": "暂停计时"},
    "searched": {
        "district": "区县",
        "unit": "牵头单位",
        "official": "挂包领导",
        "told": "通知过",
        "rule": "事项",
        "state": "状态",
        "project": "项目",
    },
    "notice": {"overdue": "催办", "resolved": "办结告知", "digest": "晨报"},
    "rule": {rule: kind.name for rule, kind in KINDS.items()},
    # What a provider's code means to whoever can do something about it.
    "code": {
        "45009": "发送过于频繁，稍后自动重发",
        "130101": "发送过于频繁，钉钉暂停该机器人10分钟",
        "11232": "发送过于频繁，稍后自动重发",
        "93000": "机器人地址无效，请核对密钥",
        "300001": "机器人地址无效，请核对密钥",
        "60020": "服务器地址不在企业微信的可信IP之内",
        "81013": "企业微信查无此人，或不在应用可见范围内",
        "invaliduser": "企业微信查无此人，或不在应用可见范围内",
        "40001": "应用密钥不正确",
        "40013": "企业编号不正确",
        "310000": "钉钉机器人的加签或关键词设置不符",
        "19021": "飞书机器人的签名校验不符，或服务器时钟不准",
        "19022": "服务器地址不在飞书机器人的IP白名单之内",
        "9499": "飞书认为消息格式不对",
        "40058": "消息超过企业微信允许的长度",
        "19024": "飞书机器人的关键词设置不符",
        "535": "邮箱登录失败，请核对账号和密码",
        "550": "邮箱地址不存在",
        "no-address": "通讯录中已没有这一联系方式",
        "no-server": "没有设置邮件服务器",
        "private-network": "地址在未获允许的内网",
        "unknown-name": "域名无法解析",
        "bad-address": "地址写得不对",
        "no-key": "没有设置这个机器人的密钥",
        "no-bot": "没有设置这个机器人的密钥",
        "no-app": "没有设置这个应用的密钥",
        "no-secret": "没有设置这个地址的密钥",
        "no-connection": "连接不上",
        "no-answer": "对方没有回应，是否送达不明",
        "not-made": "程序出错，没有发出",
        "no-token": "企业微信没有给出访问凭证，稍后自动重发",
        "fault": "程序出错，是否送达不明",
        "abandoned": "发送时程序中断，是否送达不明",
        "discarded": "恢复发送时由值班人员放弃",
    },
}


class Pages:
    """Renders pages; nothing on them needs a script or another server."""

    def __init__(self, clock: Clock, calendar: Calendar) -> None:
        self._clock = clock
        loader = FileSystemLoader(Path(__file__).with_name("templates"))
        self._templates = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
        self._templates.filters["moment"] = self._moment
        self._templates.filters["end"] = lambda at: zh_end(at, business_day(self._clock()))
        self._templates.globals["WORDS"] = WORDS
        self._templates.filters["person"] = person
        self._templates.filters["word"] = lambda value, kind: WORDS[kind].get(value, value)
        self._templates.tests["provisional"] = lambda at: not calendar.knows(business_day(at))

    def render(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """A page from a template; `now` is there for all of them."""
        text = self._templates.get_template(template).render(now=self._clock(), **values)
        return HTMLResponse(text, status_code=status, headers=_HEADERS)

    def now(self) -> datetime:
        """The present instant, for what a page shows."""
        return self._clock()

    def _moment(self, at: datetime) -> str:
        return zh_moment(at, business_day(self._clock()))


class Doors:
    """Opens links: a token becomes a link, or a page that says why not."""

    def __init__(self, pages: Pages, links: LinkMaker, clock: Clock) -> None:
        self._pages = pages
        self._links = links
        self._clock = clock

    def own_token(self, link: Link) -> str:
        """The token under which a link's person sees everything of theirs, as long as the link is good."""
        return self._links.own_token(link.recipient, self._clock(), link.expires)

    def open(self, token: str) -> Link | HTMLResponse:
        """The link of a token, or the page to answer with."""
        try:
            return self._links.read(token, self._clock())
        except ExpiredLinkError:
            return self._pages.render("sorry.html", 410, title="链接已过期", text="请使用最近一次通知中的链接。")
        except BadLinkError:
            return self._pages.render(
                "sorry.html", 404, title="链接无效", text="请从通知中重新打开，或复制完整的链接。"
            )


def excuse(app: FastAPI, pages: Pages) -> None:
    """Answer whoever looks at a page while a server is away with one that says so, and that looks again by itself."""

    async def excused(request: Request, error: Exception) -> Response:
        answer = await unreachable(request, error)
        if "text/html" not in request.headers.get("accept", ""):
            return answer
        text, again = _LOOKING_AGAIN if request.method == "GET" else _PERHAPS_LOST
        return pages.render("sorry.html", answer.status_code, title="系统正在恢复", text=text, **again)

    for kind in UNREACHABLE:
        app.add_exception_handler(kind, excused)


def case_routes(desk: Desk, directory: Directory, policy: Policy, brake: Brake, pages: Pages) -> APIRouter:
    """The desk: the page of all cases, and what can be done there."""
    router = APIRouter(include_in_schema=False)
    units = sorted({person.unit for person in directory.people if person.unit})
    officials = sorted({person.name for person in directory.people if person.post == "official"})

    @router.get("/")
    async def home() -> RedirectResponse:
        return RedirectResponse("cases")

    @router.get("/cases")
    async def cases(request: Request, after: UUID | None = None) -> HTMLResponse:
        # A form sends what is left empty as well, and Postgres knows no character zero.
        given = {name: request.query_params.get(name, "").replace("\0", "").strip() for name in _SEARCHED}
        search = Search(**{name: value or None for name, value in given.items()}, after=after)
        return pages.render(
            "cases.html",
            overview=await desk.overview(pages.now(), _SHOWN, search),
            search=search,
            given={name: value for name, value in given.items() if value},
            districts=await desk.districts(),
            units=units,
            officials=officials,
            silences=await desk.silences(pages.now()),
            nobody_known=not directory.people,
            paused=await brake.paused(),
            unpublished=policy.unpublished(business_day(pages.now())),
        )

    @router.post("/messages/{message}/requeue")
    async def requeue(message: UUID, case: Annotated[UUID, Form()]) -> RedirectResponse:
        await desk.requeue(message, pages.now())
        return RedirectResponse(f"../../cases#{case}", status_code=303)

    return router


def answer_routes(doors: Doors, acknowledger: Acknowledger, pages: Pages, clock: Clock) -> APIRouter:
    """The page behind a link: GET shows, POST answers. Whatever follows links by itself sends GET.

    `/ack/` leads to what one message told of, `/mine/` to everything that one person was told of.
    """
    router = APIRouter(include_in_schema=False)

    async def shown(link: Link, status: int = 200, **values: Any) -> HTMLResponse:
        told = await acknowledger.told(link, clock())
        if not told and link.message:
            return pages.render("sorry.html", 404, title="没有找到这条通知", text="它可能早已结束。")
        # Whoever follows a link in a group need not be the one it is for.
        own = doors.own_token(link) if link.action == "acknowledge" else None
        usual = {"link": link, "told": told, "own": own, "counted": 0, "fault": ""}
        return pages.render("answer.html", status, **{**usual, **values})

    @router.get("/ack/{token}")
    @router.get("/mine/{token}")
    async def show(token: str) -> HTMLResponse:
        link = doors.open(token)
        return await shown(link) if isinstance(link, Link) else link

    @router.post("/ack/{token}")
    @router.post("/mine/{token}")
    async def answer(
        request: Request,
        token: str,
        who: Annotated[str, Form()] = "",
        chosen: Annotated[list[UUID] | None, Form(alias="case")] = None,
        choosing: Annotated[bool, Form()] = False,
    ) -> HTMLResponse:
        link = doors.open(token)
        if not isinstance(link, Link):
            return link
        name = plain(_as_meant(who))[:_WHO_CHARACTERS] if link.action == "acknowledge-by-name" else link.recipient
        if not name:
            return await shown(link, 422, fault="请先填写您的姓名和职务。")
        if choosing and not chosen:
            return await shown(link, 422, fault="请至少选择一项。")
        visitor = Visitor(
            name, request.client.host if request.client else None, request.headers.get("user-agent", "")[:300]
        )
        counted = await acknowledger.answer(link, chosen, visitor, clock())
        return await shown(link, counted=len(counted))

    return router


def _as_meant(text: str) -> str:
    # A form whose sender left UTF-8 unescaped, as command lines do, is read as Latin-1.
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text
