"""What an installation holds of its bots and apps: the settings read it, the channels use it."""

from pydantic import BaseModel, ConfigDict, SecretStr


class _Credential(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class App(_Credential):
    """An app of an enterprise on WeCom: its corpid, its agentid, and its secret."""

    corpid: str
    agentid: int
    secret: SecretStr


class SignedBot(_Credential):
    """A bot that signs: the token at the end of its address, and its secret for signing (加签, 签名校验)."""

    token: SecretStr
    secret: SecretStr
