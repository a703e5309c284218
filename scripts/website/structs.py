"""An extension of griffe, which reads the code: the constructors of msgspec's structs."""

from typing import Any

from griffe import Attribute, Class, Extension, Function, Parameter, ParameterKind, Parameters


class Structs(Extension):
    """Gives each struct an ``__init__`` with its fields, as griffe does for dataclasses."""

    def on_class(self, *, cls: Class, **_: Any) -> None:
        """Add the constructor."""
        if "__init__" in cls.members or not any(str(base).endswith("Struct") for base in cls.bases):
            return
        keywords = {str(name): str(value) for name, value in cls.keywords.items()}
        kind = ParameterKind.positional_or_keyword
        if keywords.get("kw_only") == "True":
            kind = ParameterKind.keyword_only
        itself = Parameter("self", kind=ParameterKind.positional_or_keyword)
        fields = [
            Parameter(member.name, annotation=member.annotation, kind=kind, default=member.value)
            for member in cls.members.values()
            if isinstance(member, Attribute)
            and member.annotation is not None
            and "property" not in member.labels
        ]
        init = Function("__init__", parameters=Parameters(itself, *fields), returns="None")
        cls.set_member("__init__", init)
