"""The mesh in a scenario: its modes and proxies, the settings each has, and the words that say one whole."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, model_validator

from mesh.spec import DEFAULTS, MeshSpec, Mode, Proxy, settings
from scenarios.schema.duration import PositiveDuration
from scenarios.schema.section import MisfitError, Section

#: Words that say a whole mesh by its mode; any other word names the proxy of a gateway.
MODE_WORDS = ("direct", "sidecar", "mtls")


def mesh_of_word(word: str) -> dict[str, Any]:
    return {"mode": word} if word in MODE_WORDS else {"mode": "gateway", "proxy": word}


def mesh_word(value: Any) -> Any:
    return mesh_of_word(value) if isinstance(value, str) else value


class MeshSection(Section):
    """Settings that a scenario leaves out become the proxy's own, so that a resolved scenario shows them all."""

    mode: Literal["direct", "gateway", "sidecar", "mtls"]
    proxy: Proxy | None = None
    check_interval: PositiveDuration | None = None
    check_timeout: PositiveDuration | None = None
    fall: int | None = Field(default=None, ge=1, le=100)
    rise: int | None = Field(default=None, ge=1, le=100)
    ttl: PositiveDuration | None = None

    @model_validator(mode="before")
    @classmethod
    def _sidecars_are_envoys(cls, value: Any) -> Any:
        implied = isinstance(value, dict) and value.get("mode") in ("sidecar", "mtls")
        return {"proxy": "envoy", **value} if implied else value

    @model_validator(mode="after")
    def _proxy_fits(self) -> Self:
        if self.mode in ("sidecar", "mtls") and self.proxy != "envoy":
            raise MisfitError(("proxy",), f"mode {self.mode} supports only proxy: envoy")
        if self.mode == "gateway" and self.proxy is None:
            raise ValueError(f"mode gateway needs a proxy; allowed: {', '.join(DEFAULTS)}")
        given = {key: value for key, value in self if value is not None and key != "mode"}
        if self.mode == "direct" and given:
            raise ValueError(f"{min(given)} does not apply to mode direct, which has no proxy; leave it out")
        if self.proxy is None:
            return self
        own = settings(self.proxy, self._settings())
        for name in self._settings():
            if name not in own:
                known = ", ".join(one.removesuffix("_s") for one in own)
                raise MisfitError((name.removesuffix("_s"),), f"does not apply to {self.proxy}, which has: {known}")
        return self.model_copy(update={name.removesuffix("_s"): value for name, value in own.items()})

    def _settings(self) -> dict[str, Any]:
        """The settings that have a value, under their names in `MeshSpec`."""
        named = {
            "check_interval_s": self.check_interval,
            "check_timeout_s": self.check_timeout,
            "fall": self.fall,
            "rise": self.rise,
            "ttl_s": self.ttl,
        }
        return {name: value for name, value in named.items() if value is not None}

    def spec(self) -> MeshSpec:
        return MeshSpec(mode=self.mode, proxy=self.proxy, **self._settings())


def mesh_words() -> list[str]:
    """Every word that ``mesh: WORD`` may be: of all modes and proxies those that say enough alone."""
    section = TypeAdapter[MeshSection](Annotated[MeshSection, BeforeValidator(mesh_word)])
    proxies = get_args(get_args(MeshSection.model_fields["proxy"].annotation)[0])
    words = []
    for word in (*get_args(Mode), *proxies):
        with suppress(ValidationError):  # such as gateway, which needs a proxy beside it
            section.validate_python(word)
            words.append(word)
    return words
