"""Show what the network reads of the products: vectors of titles and of pictures."""

from __future__ import annotations

from penchant.results import Gallery, GalleryItem
from penchant.studies.fashion.products import GENERATED, PICTURE, TEXT, ProductContent, ShownProduct
from penchant.studies.fashion.setup import N_PARAMETERS, ROW_PARAMETERS
from penchant.studies.records import table_of
from penchant.studies.study import Conclusion, DataTable, Section

_SHOWN = 10
LENGTHS = {TEXT: 64, PICTURE: 512}
"""Numbers of the published vectors."""


def section(content: ProductContent) -> Section:
    """Lengths and sources of the vectors, what fetching came to, and some of the pictures."""
    return Section(
        title="Titles and pictures of the products",
        text=f"""
            The network reads a vector of {LENGTHS[TEXT]} numbers of each product's title and one
            of {LENGTHS[PICTURE]} of its picture; with both it learns {N_PARAMETERS:,} numbers, and
            {ROW_PARAMETERS} more for each user and product.

            {_origin(content)}
        """,
        conclusions=tuple(_conclusions(content)),
        tables=(
            *(
                [
                    DataTable(
                        table_of(content.vectors, kind="vectors of", source="made of"),
                        "The vectors that branches C and D read.",
                    )
                ]
                if content.vectors
                else []
            ),
            *_fetched(content),
        ),
        galleries=_galleries(content),
        steps=("products",),
    )


def _origin(content: ProductContent) -> str:
    if content.origin == GENERATED:
        return """
            Real pictures of these products are not at hand. So that all four branches run, a
            drawing of what each title names was made, served at an address of this machine, and
            fetched from there as “penchant images --allow-private” fetches; products without a
            title have no address, which is listed and stops nothing. Drawings show that branch D
            works, not what photographs are worth; for pictures of one's own there is the option
            pictures=FOLDER.
        """
    if PICTURE in {vectors.kind for vectors in content.vectors}:
        return f"The pictures are those of the folder {content.origin}."
    return """
        There are no pictures, so that branch D is absent; “penchant images” fetches them where the
        item table has addresses, and the option pictures=FOLDER shows them to the network.
    """


def _conclusions(content: ProductContent) -> list[Conclusion]:
    by_kind = {vectors.kind: vectors for vectors in content.vectors}
    conclusions = [
        Conclusion(
            "as published",
            f"Each {kind} is a vector of {by_kind[kind].length} numbers, "
            + (
                "as in the published network."
                if by_kind[kind].length == length
                else f"where the published network has {length}."
            ),
        )
        for kind, length in LENGTHS.items()
        if kind in by_kind
    ]
    titles = by_kind.get(TEXT)
    if titles is not None and titles.distinct < titles.products:
        conclusions.append(
            Conclusion(
                "trap",
                f"Variants of a product share a title: {titles.products} products have "
                f"{titles.distinct} different ones.",
            )
        )
    return conclusions


def _fetched(content: ProductContent) -> list[DataTable]:
    """The pictures that are missing."""
    missing = [p for p in content.products if content.fetched and not p.image]
    if not content.fetched:
        return []
    counts = ", ".join(f"{n} {status}" for status, n in content.fetched.items())
    if not missing:
        return []
    frame = table_of(missing).select("item", "title", "status", "reason")
    return [DataTable(frame, f"Pictures that are missing; of all products: {counts}.")]


def _galleries(content: ProductContent) -> tuple[Gallery, ...]:
    shown = [product for product in content.products if product.image][:_SHOWN]
    return (Gallery("Some of the products", tuple(map(_item, shown))),) if shown else ()


def _item(product: ShownProduct) -> GalleryItem:
    return GalleryItem(product.title or product.item, image=product.image)
