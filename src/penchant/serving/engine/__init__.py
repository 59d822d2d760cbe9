"""A bundle in memory that answers what people ask of it; knows nothing of HTTP."""

from penchant.serving.engine.person import Event, Person
from penchant.serving.engine.served_model import Place, ServedModel

__all__ = ["Event", "Person", "Place", "ServedModel"]
