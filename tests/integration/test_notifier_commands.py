"""What an operator types: a test message to one person, and go after a pause."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.notifier.cli import app
from tests.providers.loopback import Reply
from tests.providers.webhook import FakeWebhook, fake_webhook
from tests.providers.wecom import FakeWecom, fake_wecom

PERSON = "王建国 副区长"


@pytest.fixture
def wecom() -> Iterator[FakeWecom]:
    with fake_wecom() as wecom:
        yield wecom


@pytest.fixture
def webhook() -> Iterator[FakeWebhook]:
    with fake_webhook() as webhook:
        yield webhook


@pytest.fixture
def directory(tmp_path: Path, wecom: FakeWecom, webhook: FakeWebhook, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "directory.csv"
    file.write_text(
        "name,role,wecom_userid,wecom_bot,webhook,webhook_secret\n"
        f"{PERSON},official,WangJianGuo,leaders,{webhook.url},office\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("LUODI_DIRECTORY", str(file))
    monkeypatch.setenv("LUODI_WECOM_BASE_URL", wecom.url)
    monkeypatch.setenv("LUODI_WECOM_BOTS", f'{{"leaders": "{wecom.key}"}}')
    monkeypatch.setenv("LUODI_WEBHOOK_SECRETS", f'{{"office": "{webhook.secret}"}}')
    return file


@pytest.mark.usefixtures("directory")
def test_a_test_message_is_marked_and_goes_over_every_way_to_the_person(wecom: FakeWecom, webhook: FakeWebhook) -> None:
    done = CliRunner().invoke(app, ["test-send", PERSON])
    assert (done.exit_code, done.output.splitlines()) == (0, ["webhook: Sent 200", "wecom-bot: Sent 0 ok"])
    assert "【落地测试】王建国副区长：通知渠道测试" in wecom.texts()[0]
    assert webhook.posts[0]["notice"] == "test"


@pytest.mark.usefixtures("directory")
def test_only_one_way_is_tried_when_one_is_named(wecom: FakeWecom, webhook: FakeWebhook) -> None:
    assert CliRunner().invoke(app, ["test-send", PERSON, "--channel", "wecom-bot"]).exit_code == 0
    assert (len(wecom.messages), webhook.posts) == (1, [])


@pytest.mark.usefixtures("directory")
def test_what_a_provider_refused_is_printed_without_the_key_and_the_command_fails(wecom: FakeWecom) -> None:
    wecom.next_replies.append(Reply(200, f'{{"errcode": 93000, "errmsg": "invalid webhook url {wecom.key}"}}'.encode()))
    done = CliRunner().invoke(app, ["test-send", PERSON, "--channel", "wecom-bot"])
    assert (done.exit_code, done.output) == (1, "wecom-bot: Refused 93000 invalid webhook url ***\n")


@pytest.mark.usefixtures("directory")
@pytest.mark.parametrize(
    ("arguments", "said"), [(["别人"], "nobody is called '别人'"), ([PERSON, "--channel", "email"], "has no email")]
)
def test_who_cannot_be_reached_is_told(arguments: list[str], said: str) -> None:
    done = CliRunner().invoke(app, ["test-send", *arguments])
    assert done.exit_code == 1
    assert said in done.output


def test_sending_goes_on_after_a_pause(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUODI_DATABASE_URL", database_url)
    assert CliRunner().invoke(app, ["resume"]).output == "sending goes on\n"
    dropped = CliRunner().invoke(app, ["resume", "--discard"])
    assert dropped.output == "sending goes on; 0 waiting messages were dropped\n"
