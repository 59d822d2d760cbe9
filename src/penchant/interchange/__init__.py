"""Logs, predictions and lists from and to other libraries, none of which is needed for it.

Objects of other libraries are recognised by where their class comes from and read by their public
methods; what is given is data that their own functions take.
"""

from penchant.interchange.logs import Library, from_library, to_library
from penchant.interchange.results import lists_from, predictions_from

__all__ = ["Library", "from_library", "lists_from", "predictions_from", "to_library"]
