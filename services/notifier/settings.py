"""What the notifier reads from the environment."""

from ipaddress import ip_network
from pathlib import Path

from pydantic import Field, IPvAnyNetwork, SecretStr

from services.notifier.channels.credentials import App, SignedBot
from services.notifier.channels.email import Security, Server
from shared.settings import Settings

_HOME = Path(__file__).parent


class NotifierSettings(Settings):
    """Settings of the notifier, from variables named LUODI_<FIELD>."""

    port: int = Field(8082, ge=0, le=65535, description="The port on which the service answers HTTP.")
    policy: Path = Field(_HOME / "policy.toml", description="Rules, ladders, hours and calendar.")
    directory: Path = Field(_HOME / "directory.csv", description="Officials, units and contacts.")
    public_url: str | None = Field(
        None, max_length=200, description="Where people reach this service: the beginning of every link in a message."
    )
    link_secret: SecretStr | None = Field(
        None, min_length=32, description="Signs the links in messages; the same on every replica, and kept."
    )
    link_days: int = Field(14, ge=1, le=90, description="How many days a link is good for.")
    wecom_base_url: str = Field("https://qyapi.weixin.qq.com", description="WeCom, or a private installation of it.")
    wecom_bots: dict[str, SecretStr] = Field(
        default_factory=dict, description='Keys of the bots that the directory names, as JSON: {"leaders": "…"}.'
    )
    wecom_apps: dict[str, App] = Field(
        default_factory=dict,
        description='Apps that the directory names: {"office": {"corpid": "…", "agentid": 1000002, "secret": "…"}}.',
    )
    dingtalk_base_url: str = Field(
        "https://oapi.dingtalk.com", description="DingTalk, or a private installation of it."
    )
    dingtalk_bots: dict[str, SignedBot] = Field(
        default_factory=dict,
        description='Bots that the directory names: {"leaders": {"token": "…", "secret": "SEC…"}}.',
    )
    feishu_base_url: str = Field("https://open.feishu.cn", description="Feishu, or https://open.larksuite.com.")
    feishu_bots: dict[str, SignedBot] = Field(
        default_factory=dict, description='Bots that the directory names: {"leaders": {"token": "…", "secret": "…"}}.'
    )
    smtp_host: str | None = Field(None, description="The server through which e-mail leaves; without it, none does.")
    smtp_port: int = Field(587, ge=1, le=65535, description="The server's port.")
    smtp_security: Security = Field("starttls", description="`starttls`, `tls` (from the first byte on) or `none`.")
    smtp_username: str | None = Field(None, description="The account to log in with, where the server wants one.")
    smtp_password: SecretStr | None = Field(None, description="The account's password.")
    smtp_from: str = Field(
        "luodi@localhost", pattern=r"^[^@\s<>]+@[^@\s<>]+$", description="The address from which e-mail comes."
    )
    webhook_secrets: dict[str, SecretStr] = Field(
        default_factory=dict, description='Secrets that the directory names, as JSON: {"office": "…"}.'
    )
    webhook_networks: list[IPvAnyNetwork] | None = Field(
        None, description='Private networks into which webhooks may lead, as JSON: ["10.20.0.0/16"].'
    )
    catch_up_days: int = Field(
        7, ge=0, description="What was late for longer than this when first seen is told in one digest a person."
    )
    settle_seconds: float = Field(
        60.0, ge=0, description="Nothing is sent about a case younger than this: the next message may settle it."
    )
    group_wait_seconds: float = Field(5.0, ge=0, description="How long a message waits for others to the same person.")
    pause_after_hours: int = Field(
        72, ge=1, description="After so long without running, nothing is sent before `luodi notifier resume`."
    )
    heartbeat_url: SecretStr | None = Field(
        None,
        description="An address to call while nothing is late or stuck, and only then: it alarms when it is silent.",
    )
    heartbeat_seconds: float = Field(60.0, gt=0, description="How often to look, and to call it.")
    desk_token: SecretStr | None = Field(
        None,
        min_length=16,
        description="Opens the desk (`/cases`); without it, that is open on a loopback address only.",
    )
    tick_seconds: float = Field(1.0, gt=0, description="How often to look for what is due.")

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine reaches the service, as in a demo."""
        return self.host in ("127.0.0.1", "::1", "localhost")

    @property
    def callable_networks(self) -> list[IPvAnyNetwork]:
        """The private networks into which webhooks may lead; this machine is one as long as nobody else calls us."""
        loopback = ["127.0.0.0/8", "::1/128"] if self.on_loopback else []
        return [*(self.webhook_networks or []), *map(ip_network, loopback)]

    @property
    def mail_server(self) -> Server | None:
        """The server for e-mail, if there is one."""
        if self.smtp_host is None:
            return None
        account = self.smtp_username, self.smtp_password
        return Server(self.smtp_host, self.smtp_port, self.smtp_from, self.smtp_security, *account)

    @property
    def reached_at(self) -> str:
        """The beginning of every link."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")
