"""The kinds of matrix factorisation with texts, by what reads the texts and what it must tell."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from penchant.models.hybrid.text_factors import TextFactors
from penchant.models.parameters import Space
from penchant.nn.text_reader import Reader


class ConvMF(TextFactors):
    """Matrix factorisation and a convolutional network of items' texts; see `TextFactors`.

    Kim et al., "Convolutional Matrix Factorization for Document Context-Aware Recommendation"
    (2016): convolutions over the vectors of words, the largest value of each over the text, and
    a dense layer. Deviations of users and items, and texts' word for the latter, are added.
    """

    data_parallel: ClassVar[bool] = True

    @property
    def _reader(self) -> Reader:
        return "cnn"


class ConvRNNMF(TextFactors):
    """Matrix factorisation and a recurrent network over convolutions of items' texts.

    As `ConvMF`, with convolutions that find phrases and a GRU that reads their sequence: CNN+RNN.
    """

    data_parallel: ClassVar[bool] = True

    @property
    def _reader(self) -> Reader:
        return "cnn+rnn"


class TextAutoencoderFactors(TextFactors):
    """Texts' codes foretell their words besides being where items' vectors begin.

    The network learns from the texts of all items, also of those without events. From a code
    each word of the text is foretold, whatever its place: the mean of minus the logarithm of the
    chance of the words is added to the objective.

    Attributes:
        reconstruction: weight of the loss on words, beside that on events for each item.
    """

    reconstruction: Annotated[float, Field(gt=0), Space(0.01, 10, log=True)] = 0.1

    @property
    def _reconstruction(self) -> float:
        return self.reconstruction


class RNNAutoencoderMF(TextAutoencoderFactors):
    """Matrix factorisation and a recurrent autoencoder of items' texts: RNN+autoencoder.

    Wang, Shi and Yeung, "Collaborative Recurrent Autoencoder: Recommend while Learning to Fill in
    the Blanks" (2016): a GRU reads a text in which some words are hidden, and its code must tell
    the text's words. The paper's decoder says them in their order, this one whatever their order
    (see `TextAutoencoderFactors`).
    """

    @property
    def _reader(self) -> Reader:
        return "rnn"


class ConvAutoencoderMF(TextAutoencoderFactors):
    """Matrix factorisation and a convolutional autoencoder of items' texts: CNN+autoencoder.

    As `ConvMF`, whose codes must tell the text's words (see `TextAutoencoderFactors`), as those
    of an autoencoder do in Wang, Wang and Yeung, "Collaborative Deep Learning for Recommender
    Systems" (2015).
    """

    @property
    def _reader(self) -> Reader:
        return "cnn"
