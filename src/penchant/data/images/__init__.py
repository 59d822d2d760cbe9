"""Product images: where they are on the web, fetching them, and finding them in a folder."""

from penchant.data.images.crawl_policy import CrawlPolicy
from penchant.data.images.fetcher import fetch_images
from penchant.data.images.image_check import BadImageError, ImageFacts, check_image, open_image
from penchant.data.images.paths import image_paths, safe_name
from penchant.data.images.report import FetchReport, ImageResult
from penchant.data.images.urls import address_file, image_addresses, is_address_file

__all__ = [
    "BadImageError",
    "CrawlPolicy",
    "FetchReport",
    "ImageFacts",
    "ImageResult",
    "address_file",
    "check_image",
    "fetch_images",
    "image_addresses",
    "image_paths",
    "is_address_file",
    "open_image",
    "safe_name",
]
