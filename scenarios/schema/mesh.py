"""The mesh in a scenario: its modes and proxies, the settings each has, and the words that say one whole."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any, Self, get_args

from pydantic import (
    BeforeValidator,
    Field,
    ModelWrapValidatorHandler,
    TypeAdapter,
    ValidationError,
    model_serializer,
    model_validator,
)

from chaos.injector import PHASE_S
from mesh.proxies.lookup import PROXIES
from mesh.proxies.proxy import Settings
from mesh.spec import MeshSpec, Mode
from scenarios.schema.declared import validated, without_nulls_of_others
from scenarios.schema.section import MisfitError, Section, UnknownWordError, not_one_of, one_of_words

#: Words that say a whole mesh by its mode; any other word names the proxy of a gateway.
MODE_WORDS = ("direct", "sidecar", "mtls")
#: The modes that are made of Envoy.
_OF_ENVOY = ("sidecar", "mtls")
#: Of a proxy that looks even more rarely than that not every phase is met: a run would have to wait for it.
CYCLE_MAX_S = 5.0
#: The keys of every mesh; the others are the proxy's.
_OF_A_MESH = ("mode", "proxy")


def mesh_of_word(word: str) -> dict[str, Any]:
    return {"mode": word} if word in MODE_WORDS else {"mode": "gateway", "proxy": word}


def mesh_word(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    words = (*MODE_WORDS, *PROXIES)
    if value not in words:
        raise UnknownWordError(not_one_of(value, words, what="mesh"))
    return mesh_of_word(value)


class MeshSection(Section):
    """In a scenario the proxy's own keys stand beside its name; here they are ``settings``, every default filled in."""

    mode: Mode
    proxy: Annotated[str | None, BeforeValidator(lambda value: one_of_words(value, tuple(PROXIES)))] = None
    settings: dict[str, Any] = Field(default_factory=dict, repr=False)

    @model_validator(mode="wrap")
    @classmethod
    def _own_settings(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(value, dict):
            return handler(value)
        common = {key: inner for key, inner in value.items() if key in _OF_A_MESH}
        beside = {key: inner for key, inner in value.items() if key not in _OF_A_MESH}
        if common.get("mode") in _OF_ENVOY:
            common = {"proxy": "envoy", **common}
        proxy = common.get("proxy")
        if common.get("mode") == "direct" or not isinstance(proxy, str) or proxy not in PROXIES:
            return handler({**common, "settings": {key: inner for key, inner in beside.items() if inner is not None}})
        return validated(handler, common, into="settings", read=lambda: read_settings(proxy, beside))

    @model_validator(mode="after")
    def _proxy_fits(self) -> Self:
        if self.mode in _OF_ENVOY and self.proxy != "envoy":
            raise MisfitError(("proxy",), f"mode {self.mode} supports only proxy: envoy")
        if self.mode == "gateway" and self.proxy is None:
            raise ValueError(f"mode gateway needs a proxy; allowed: {', '.join(PROXIES)}")
        if self.mode == "direct" and (given := [*(["proxy"] if self.proxy else []), *self.settings]):
            raise ValueError(f"{min(given)} does not apply to mode direct, which has no proxy; leave it out")
        return self

    @model_serializer
    def _flat(self) -> dict[str, Any]:
        return {"mode": self.mode, "proxy": self.proxy, **self.settings}

    @property
    def word(self) -> str:
        """What says it whole: the proxy of a gateway, else the mode."""
        return (self.proxy if self.mode == "gateway" else None) or self.mode

    @property
    def cycle_s(self) -> float:
        """How long its proxy goes without a look, where that is longer than the phase that each step has anyway; a
        cycle that hardly any run could wait for counts as CYCLE_MAX_S."""
        settings = self.spec().settings
        cycle_s = 0.0 if settings is None else settings.cycle_s
        return min(cycle_s, CYCLE_MAX_S) if cycle_s > PHASE_S else 0.0

    def spec(self) -> MeshSpec:
        if self.proxy is None:
            return MeshSpec(mode=self.mode)
        return MeshSpec(mode=self.mode, proxy=self.proxy, settings=read_settings(self.proxy, self.settings))


def read_settings(proxy: str, written: Mapping[str, Any]) -> Settings:
    """A proxy's own; raises MistakesError."""
    kind = PROXIES[proxy].settings
    given = without_nulls_of_others(written, kind, (other.settings for other in PROXIES.values()))
    return kind.read(given, of=f"proxy {proxy}", beside=_OF_A_MESH)


def mesh_words() -> list[str]:
    """Every word that ``mesh: WORD`` may be: of all modes and proxies those that say enough alone."""
    section = TypeAdapter[MeshSection](Annotated[MeshSection, BeforeValidator(mesh_word)])
    words = []
    for word in (*get_args(Mode), *PROXIES):
        with suppress(ValidationError):  # such as gateway, which needs a proxy beside it
            section.validate_python(word)
            words.append(word)
    return words
