"""Product images: where they are on the web, fetching them, and finding them in a folder."""

from penchant.data.images.addresses import address_file, image_addresses, is_address_file
from penchant.data.images.check import BadImageError, ImageFacts, check_image, open_image
from penchant.data.images.fetching import fetch_images
from penchant.data.images.manners import Manners
from penchant.data.images.outcome import Fetched, Outcome
from penchant.data.images.paths import image_paths, safe_name

__all__ = [
    "BadImageError",
    "Fetched",
    "ImageFacts",
    "Manners",
    "Outcome",
    "address_file",
    "check_image",
    "fetch_images",
    "image_addresses",
    "image_paths",
    "is_address_file",
    "open_image",
    "safe_name",
]
