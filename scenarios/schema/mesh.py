"""The mesh in a scenario: its modes and proxies, the settings each has, and the words that say one whole."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any, Self, get_args

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, create_model, model_validator

from mesh.proxies.lookup import PROXIES
from mesh.spec import MeshSpec, Mode
from scenarios.schema.duration import duration_between
from scenarios.schema.section import MisfitError, Section, one_of_words

#: Words that say a whole mesh by its mode; any other word names the proxy of a gateway.
MODE_WORDS = ("direct", "sidecar", "mtls")


def mesh_of_word(word: str) -> dict[str, Any]:
    return {"mode": word} if word in MODE_WORDS else {"mode": "gateway", "proxy": word}


def mesh_word(value: Any) -> Any:
    return mesh_of_word(value) if isinstance(value, str) else value


class _Mesh(Section):
    """Settings that a scenario leaves out become the proxy's own, so that a resolved scenario shows them all."""

    mode: Mode
    proxy: Annotated[str | None, BeforeValidator(lambda value: one_of_words(value, tuple(PROXIES)))] = None

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
            raise ValueError(f"mode gateway needs a proxy; allowed: {', '.join(PROXIES)}")
        given = {key: value for key, value in self if value is not None and key != "mode"}
        if self.mode == "direct" and given:
            raise ValueError(f"{min(given)} does not apply to mode direct, which has no proxy; leave it out")
        if self.proxy is None:
            return self
        kind = PROXIES[self.proxy].settings
        try:
            settings = kind.read(self._given())
        except KeyError as unknown:
            name, known = unknown.args[0], ", ".join(kind.names())
            raise MisfitError((name,), f"does not apply to {self.proxy}, which has: {known}") from None
        return self.model_copy(update=settings.as_keys())

    def _given(self) -> dict[str, Any]:
        """The settings that have a value."""
        return {key: value for key, value in self if key not in ("mode", "proxy") and value is not None}

    def spec(self) -> MeshSpec:
        if self.proxy is None:
            return MeshSpec(mode=self.mode)
        return MeshSpec(mode=self.mode, proxy=self.proxy, settings=PROXIES[self.proxy].settings.read(self._given()))


def _keys() -> dict[str, Any]:
    """Every setting of every proxy as a key: a duration, or a number within its bounds."""
    found: dict[str, Any] = {}
    for proxy in PROXIES.values():
        for setting in fields(proxy.settings):
            low, high = setting.metadata["at_least"], setting.metadata["at_most"]
            if setting.metadata.get("unit") == "s":
                found[setting.name] = (duration_between(low, high) | None, None)
            else:
                found[setting.name] = (int | None, Field(default=None, ge=low, le=high))
    return found


if TYPE_CHECKING:

    class MeshSection(_Mesh):
        def __getattr__(self, key: str) -> Any:
            """A setting of some proxy; None where it is not this one's."""

else:
    MeshSection = create_model("MeshSection", __base__=_Mesh, **_keys())


def mesh_words() -> list[str]:
    """Every word that ``mesh: WORD`` may be: of all modes and proxies those that say enough alone."""
    section = TypeAdapter[MeshSection](Annotated[MeshSection, BeforeValidator(mesh_word)])
    words = []
    for word in (*get_args(Mode), *PROXIES):
        with suppress(ValidationError):  # such as gateway, which needs a proxy beside it
            section.validate_python(word)
            words.append(word)
    return words
