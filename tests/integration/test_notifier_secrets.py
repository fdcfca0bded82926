"""No secret is in a log, an outcome or a traceback, and nobody's words become markup or a call to others."""

import logging
import traceback
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
import structlog
from pydantic import SecretStr, ValidationError

from deploy.local.ports import any_free
from services.notifier.channels import http
from services.notifier.channels.credentials import App, SignedBot
from services.notifier.channels.dingtalk_bot import DingtalkBot
from services.notifier.channels.email import Email, Server
from services.notifier.channels.feishu_bot import FeishuBot
from services.notifier.channels.parcel import Channel
from services.notifier.channels.routes import Routes
from services.notifier.channels.wecom_app import WecomApp
from services.notifier.channels.wecom_bot import WecomBot
from services.notifier.domain.directory import Address, read_directory
from services.notifier.domain.outcomes import Refused, Sent
from services.notifier.settings import NotifierSettings
from tests.integration.test_notifier_channels import ITEM, MESSAGE, NOW, parcel
from tests.providers import dingtalk, feishu, wecom, wecom_app
from tests.providers.dingtalk import fake_dingtalk
from tests.providers.feishu import fake_feishu
from tests.providers.loopback import Reply, serving
from tests.providers.wecom import fake_wecom
from tests.providers.wecom_app import fake_wecom_app

SECRETS = (wecom.KEY, wecom_app.SECRET, dingtalk.TOKEN, dingtalk.SECRET, feishu.TOKEN, feishu.SECRET, "mail-secret-77")
ADDRESSES = {
    "wecom-bot": Address("wecom-bot", "leaders", "leaders", "WangJianGuo"),
    "wecom-app": Address("wecom-app", "WangJianGuo", "leaders"),
    "dingtalk-bot": Address("dingtalk-bot", "leaders", "leaders", "wang01"),
    "feishu-bot": Address("feishu-bot", "leaders", "leaders", "ou_1"),
    "email": Address("email", "wang@example.gov.cn", ""),
}


@pytest_asyncio.fixture
async def client() -> AsyncIterator[http.Client]:
    async with http.make_client(1.0) as client:
        yield client


def every_channel(client: http.Client, url: str, mail_port: int) -> dict[str, Channel]:
    """All channels with secrets, at one address."""
    ding = SignedBot(token=SecretStr(dingtalk.TOKEN), secret=SecretStr(dingtalk.SECRET))
    lark = SignedBot(token=SecretStr(feishu.TOKEN), secret=SecretStr(feishu.SECRET))
    app = App(corpid=wecom_app.CORPID, agentid=wecom_app.AGENT, secret=SecretStr(wecom_app.SECRET))
    server = Server("127.0.0.1", mail_port, "luodi@example.gov.cn", "none", "luodi", SecretStr("mail-secret-77"))
    return {
        "wecom-bot": WecomBot(client, url, {"leaders": SecretStr(wecom.KEY)}),
        "wecom-app": WecomApp(client, url, {"leaders": app}),
        "dingtalk-bot": DingtalkBot(client, url, {"leaders": ding}),
        "feishu-bot": FeishuBot(client, url, {"leaders": lark}),
        "email": Email(server),
    }


def said_everything(request: Any) -> Reply:
    """A provider that repeats whatever it was sent, as error messages do."""
    words = f"{request.path} {request.query}".replace('"', "'")
    body = f'{{"errcode": 40099, "errmsg": "{words}", "code": 40099, "msg": "{words}"}}'
    return Reply(200, body.encode())


@pytest.mark.parametrize("provider", ["repeats everything", "is away", "hangs up", "answers nonsense"])
async def test_no_secret_is_in_a_log_or_an_outcome_whatever_the_provider_does(
    client: http.Client, provider: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    answers = {"hangs up": Reply(hang_up=True), "answers nonsense": Reply(500, " ".join(SECRETS).encode())}
    answer = (lambda _: answers[provider]) if provider in answers else said_everything
    with serving(answer) as here:
        url = f"http://127.0.0.1:{any_free()}" if provider == "is away" else here
        for name, channel in every_channel(client, url, any_free()).items():
            outcome = await channel.send(parcel(ADDRESSES[name]))
            assert not isinstance(outcome, Sent)
            structlog.get_logger().info("outcome", channel=name, outcome=outcome)
    written = "".join(capsys.readouterr()) + caplog.text
    assert written.count("outcome") >= len(ADDRESSES)
    for secret in SECRETS:
        assert secret not in written


async def test_a_channel_that_fails_tells_where_and_never_what(
    client: http.Client, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken(WecomBot):
        async def send(self, parcel: Any) -> Any:
            raise RuntimeError(f"cannot call https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={wecom.KEY}")

    directory = read_directory("name,role,wecom_bot\n王建国 副区长,official,leaders\n".encode())
    routes = Routes({"wecom-bot": Broken(client, "", {"leaders": SecretStr(wecom.KEY)})}, directory)
    outcome = await routes.send("wecom-bot", MESSAGE, parcel(ADDRESSES["wecom-bot"]).letter, NOW)
    assert isinstance(outcome, Refused)
    written = "".join(capsys.readouterr()) + caplog.text + str(outcome)
    assert "a channel failed" in written
    assert "test_notifier_secrets.py" in outcome.said
    assert wecom.KEY not in written


def test_settings_that_are_wrong_are_told_without_their_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUODI_DINGTALK_BOTS", '{"leaders": {"token": "SECtoken-1", "sekret": "SECsecret-1"}}')
    monkeypatch.setenv(
        "LUODI_WECOM_APPS", '{"office": {"corpid": "ww1", "agentid": "SECagent-1", "secret": "SECsecret-2"}}'
    )
    with pytest.raises(ValidationError) as raised:
        NotifierSettings()
    told = "".join(traceback.format_exception(raised.value))
    for secret in ("SECtoken-1", "SECsecret-1", "SECsecret-2"):
        assert secret not in told


def test_settings_are_shown_without_their_secrets() -> None:
    settings = NotifierSettings(
        desk_token=SecretStr("desk-token-000001"),
        heartbeat_url=SecretStr("https://hc.example/secret-uuid"),
        smtp_password=SecretStr("mail-secret-77"),
        wecom_apps={"office": App(corpid="ww1", agentid=1, secret=SecretStr("app-secret-1"))},
    )
    for secret in ("desk-token-000001", "secret-uuid", "mail-secret-77", "app-secret-1"):
        assert secret not in repr(settings)


HOSTILE = replace(
    ITEM,
    name="<@all> **免费** [点此](http://evil.example) <at id=all></at> @13800138000 投资12.5亿元",
    text='问题“<font color="warning">请速联系13912345678</font> www.evil.example &lt;@all&gt;”应于8月31日前解决',
    brief="问题“@所有人 [x](http://evil.example)”已超期2天",
)


async def test_nobodys_words_become_markup_a_call_a_link_an_amount_or_a_number(client: http.Client) -> None:
    with fake_wecom() as group, fake_dingtalk() as ding, fake_feishu() as lark, fake_wecom_app() as enterprise:
        ding.now = lark.now = NOW.timestamp
        urls = {"wecom-bot": group.url, "wecom-app": enterprise.url, "dingtalk-bot": ding.url, "feishu-bot": lark.url}
        for name, url in urls.items():
            channel = every_channel(client, url, any_free())[name]
            for items in ([HOSTILE], [HOSTILE, HOSTILE]):
                assert isinstance(await channel.send(parcel(ADDRESSES[name], items)), Sent), name
        written = str([group.messages, ding.messages, lark.messages, enterprise.messages])
    for mark in (
        "<@all>",
        "**免费",
        "](http://evil",
        "id=all",
        "http://evil",
        "www.evil.example",
        "<font color=\\'warning",
    ):
        assert mark not in written
    for private in ("13800138000", "13912345678", "12.5亿元", "@所有人", "&lt;"):
        assert private not in written
    assert "@all" not in written.replace("＠all", "")
