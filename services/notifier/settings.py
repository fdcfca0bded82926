"""What the notifier reads from the environment."""

from pathlib import Path

from pydantic import Field, SecretStr

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
    webhook_secrets: dict[str, SecretStr] = Field(
        default_factory=dict, description='Secrets that the directory names, as JSON: {"office": "…"}.'
    )
    catch_up_days: int = Field(
        7, ge=0, description="What was late for longer than this when first seen is told in one digest a person."
    )
    settle_seconds: float = Field(
        60.0, ge=0, description="Nothing is sent about a case younger than this: the next message may settle it."
    )
    group_wait_seconds: float = Field(5.0, ge=0, description="How long a message waits for others to the same person.")
    tick_seconds: float = Field(1.0, gt=0, description="How often to look for what is due.")

    @property
    def reached_at(self) -> str:
        """The beginning of every link."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")
