"""Matrix factorisation in which a network of the items' texts says where items' vectors begin."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Callable
from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from penchant.costs import FittingCost
from penchant.data.dataset import Dataset
from penchant.data.holdout import Holdout
from penchant.encoders.text.tokens import WORDS, Tokeniser
from penchant.errors import ParameterError
from penchant.features.item_content import item_texts
from penchant.features.item_words import COMMON
from penchant.models.fitted_attributes import TRAINING, Declarations, plain
from penchant.models.hybrid.ridge_factors import RidgeFactors
from penchant.models.parameters import Space
from penchant.models.shared.validation import ndcg_loss
from penchant.nn.hybrid.text_factors import AlternatingEpoch, TextFactorNetwork
from penchant.nn.loop import Schedule
from penchant.nn.loop import train as train_network
from penchant.nn.ridge_systems import PriorRows
from penchant.nn.text_reader import Reader
from penchant.run import Run
from penchant.typing import Csr

_RARE = 2  # times that a word must stand in the texts
_SPREAD = 0.1  # length of the first vectors

_log = logging.getLogger(__name__)


class TextFactors(RidgeFactors):
    """Vectors of users and items, where an item's is drawn to what a network makes of its text.

    Minimises the squared errors at the events, `l2` times the squares of users' vectors and of
    the network's outputs, and `l2` `coupling` times those of the distances of items' vectors from
    the latter: Kim et al., "Convolutional Matrix Factorization for Document Context-Aware
    Recommendation" (2016), eq. 6, which has a penalty on the network's weights where this has one
    on its outputs. Users' vectors are solved given items' by ridge regression, and while the
    network learns, items' vectors are eliminated exactly, where the paper takes turns between
    them. An item without events has the vector that its text says, one without text or events
    that of nothing. Users are kept nowhere: known ones, new ones and visitors have the solution
    for their history.

    With `target=rating` users and items have a deviation from the mean besides, the items' again
    with the text's word for it; with `target=interaction` positive events are 1, all other pairs
    0 with the weight `unobserved`, and `l2` grows with the number of events, as in implicit
    alternating least squares. See `RidgeFactors` for these.

    The text of an item is that of its table's columns and, after it, of its training reviews. A
    log without texts leaves plain matrix factorisation, and a warning says so.

    Attributes:
        coupling: how much more items' vectors are drawn to their text than users' to 0.
        reviews: whether an item's training reviews are part of its text.
        words: how many words are known, the most frequent ones.
        length: words of a text that are read, its first.
        width: of the words' vectors and of the network.
        kernel_size: words that a convolution sees at once, an odd number.
        dropout: share of the words, and of what was read, that training leaves out.
        learning_rate: of Adam.
        batch_size: items in a batch.
        epochs: the most rounds over users and items.
        patience: epochs without a better validation loss (RMSE or nDCG@100) before stopping.
    """

    coupling: Annotated[float, Field(gt=0), Space(0.1, 10, log=True)] = 1.0
    reviews: bool = True
    words: Annotated[int, Field(gt=1)] = 5000
    length: Annotated[int, Field(gt=0)] = 100
    width: Annotated[int, Field(gt=0)] = 64
    kernel_size: Annotated[int, Field(gt=0)] = 3
    dropout: Annotated[float, Field(ge=0, lt=1), Space(0, 0.6)] = 0.3
    learning_rate: Annotated[float, Field(gt=0), Space(1e-4, 1e-2, log=True)] = 0.002
    batch_size: Annotated[int, Field(gt=0), Space(16, 512, log=True)] = 64
    epochs: Annotated[int, Field(gt=0)] = 20
    patience: Annotated[int | None, Field(gt=0)] = 4

    fitted_attributes: ClassVar[Declarations] = {**TRAINING, "n_parameters_": plain(int)}

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kernel_size % 2 == 0:
            raise ParameterError(
                f"A convolution needs a middle: kernel_size={self.kernel_size} is no odd number."
            )

    @property
    @abstractmethod
    def _reader(self) -> Reader:
        """What reads the words."""

    @property
    def _reconstruction(self) -> float:
        """Weight of the loss on words that are foretold from items' vectors."""
        return 0.0

    def _cost(self, train: Dataset) -> FittingCost:
        n, dim = train.n_items, self.dim + 1
        layers = ("cnn" in self._reader) * self.kernel_size + ("rnn" in self._reader) * 6
        read = n * self.length * self.width**2 * layers
        foretold = n * self.width * self.words * (self._reconstruction > 0)
        rows = 2.0 * len(train) * dim**2 + (n + train.n_users) * dim**3
        return FittingCost(
            memory=4.0 * (3 * n * dim**2 + train.n_users * dim + 4 * n * self.length),
            # Forwards and backwards, and forwards once more for the next round.
            multiply_adds=self.epochs * (4.0 * read + 3.0 * foretold + rows),
        )

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        by_user = self._fit_scale(train)
        by_item: Csr = by_user.T.tocsr()
        n_numbers, tokens = self._tokens(train)
        generator = torch.Generator().manual_seed(self.seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            network = TextFactorNetwork(
                n_numbers,
                self._row_length,
                self.width,
                self.kernel_size,
                self._reader,
                n_users=train.n_users,
                reconstructs=self._reconstruction > 0,
            )
        start = torch.randn(train.n_items, self._row_length, generator=generator)
        start *= torch.from_numpy(np.diff(by_item.indptr) > 0)[:, None] * (_SPREAD / self.dim**0.5)
        start[:, self.dim :] = 0
        epoch = AlternatingEpoch(
            network,
            tokens,
            start,
            lambda rows: self._systems(by_user, rows).solutions(),
            lambda rows: PriorRows(self._systems(by_item, rows, coupling=self.coupling)),
        )
        spread = (
            1.0
            if self.learns_interactions
            else float(np.std(by_user.data, dtype=np.float64)) or 1.0
        )
        self.curve_, self.best_epoch_ = train_network(
            network,
            epoch.step(
                scale=1 / (2 * spread**2),
                shrinkage=1 / self.coupling,
                reconstruction=self._reconstruction,
                dropout=self.dropout,
                learning_rate=self.learning_rate,
                generator=generator,
            ),
            epoch,
            Schedule.of(self),
            generator=generator,
            validate=self._validation(epoch, validation) if validation is not None else None,
            run=run,
            name=type(self).__name__,
        )
        epoch.items = None  # those of the best epoch are to be made
        self._keep_items(epoch.item_rows())
        network_size = sum(p.numel() for p in network.parameters())
        self.n_parameters_ = network_size + train.n_items * self._row_length

    def _validation(self, epoch: AlternatingEpoch, holdout: Holdout) -> Callable[[], float]:
        def loss() -> float:
            self._keep_items(epoch.item_rows())
            if self.learns_interactions:
                return ndcg_loss(self._scores, holdout)
            assert holdout.ratings is not None  # a part of the same log as training
            errors = self.predict(holdout.rows) - holdout.ratings
            return float(np.sqrt(np.mean(np.square(errors, dtype=np.float64))))

        return loss

    def _tokens(self, train: Dataset) -> tuple[int, Tensor]:
        """How many numbers words have, and int64[n_items, length], those of each item's text.

        Words that stand in most texts are left out; 0 comes before what is shorter. The last
        number stands for words that training hides.
        """
        texts = item_texts(train, reviews=self.reviews)
        tokeniser = Tokeniser(num_words=self.words, min_count=_RARE, pattern=WORDS).fit(texts)
        ragged = tokeniser.encode(texts)
        size = 1 + int(ragged.values.max(initial=0))
        pairs = np.unique(np.column_stack([ragged.row, ragged.values]), axis=0)
        frequency = np.bincount(pairs[:, 1], minlength=size)
        most = max(_RARE, COMMON * np.count_nonzero(ragged.lengths))
        ragged = ragged.only((frequency <= most)[ragged.values])
        if not len(ragged.values):
            _log.warning(
                "%s reads texts, and the items of %r have none with words that several share: "
                "what is left is matrix factorisation.",
                type(self).__name__,
                train.name,
            )
        padded = ragged.padded(self.length, padding="pre", truncating="post")
        return size + 1, torch.from_numpy(padded).long()

    def n_parameters(self) -> int:
        """Numbers of the network, and the rows of all items."""
        self._require_fitted()
        return self.n_parameters_
