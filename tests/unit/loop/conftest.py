from unit.models.conftest import benchmark, document, panel, text

__all__ = ["benchmark", "document", "panel", "text"]
