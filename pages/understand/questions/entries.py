"""The questions, in the post's order: an answer, a picture, a way on and the sources of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aecore.gallery import experiments, shipped
from aecore.presets import PRESETS
from pages.shared import state
from pages.understand.questions import network, training, uses
from pages.understand.questions.links import Link, Models, NewGrid, TrainWith, Visit


@dataclass(frozen=True)
class Source:
    """Where more is said."""

    text: str
    url: str


@dataclass(frozen=True)
class Question:
    """An entry. The answer is what holds in general; what a picture shows is said below it."""

    key: str
    """Its name in the URL."""
    title: str
    answer: str
    draw: Callable[[], None]
    """Draws the picture with what it shows."""
    link: Link
    sources: tuple[Source, ...]


HINTON = Source(
    "Hinton & Salakhutdinov 2006, Reducing the dimensionality of data with neural networks",
    "https://doi.org/10.1126/science.1127647",
)
GLOROT = Source(
    "Glorot & Bengio 2010, Understanding the difficulty of training deep feedforward neural networks",
    "https://proceedings.mlr.press/v9/glorot10a.html",
)
HE = Source("He et al. 2015, Delving deep into rectifiers", "https://arxiv.org/abs/1502.01852")
SAXE = Source(
    "Saxe, McClelland & Ganguli 2014, Exact solutions to the nonlinear dynamics of learning in deep linear "
    "neural networks",
    "https://arxiv.org/abs/1312.6120",
)
BENGIO = Source(
    "Bengio, Courville & Vincent 2013, Representation learning", "https://arxiv.org/abs/1206.5538"
)

VINCENT = Source(
    "Vincent et al. 2010, Stacked denoising autoencoders", "https://www.jmlr.org/papers/v11/vincent10a.html"
)

DIGITS = experiments.BASE
DEEPEST = experiments.layers(8)

QUESTIONS = (
    Question(
        "auto-encoder",
        "What is an auto-encoder?",
        "A network that is trained to give back what it is given, through a layer too small to pass it on "
        "as it is. What it has to learn is which few numbers, the code, are enough to rebuild images of "
        "this kind. With linear layers and squared error the best it can do is what PCA does.",
        network.draw_auto_encoder,
        Visit("See the network at work", "home", state.HOME_PAGE),
        (
            HINTON,
            Source(
                "Baldi & Hornik 1989, Neural networks and principal component analysis",
                "https://doi.org/10.1016/0893-6080(89)90014-2",
            ),
        ),
    ),
    Question(
        "encoder-and-decoder",
        "Encoder and decoder: who does what?",
        "The encoder maps an image to its code; the decoder maps a code to an image, and any code will do, "
        "also one that came from no image. Both are trained together, so neither means anything without the "
        "other.",
        network.draw_halves,
        Visit("Walk between two codes", "timeline", state.INTERPOLATION_PAGE, {"interpolation_view": "Path"}),
        (HINTON,),
    ),
    Question(
        "layers",
        "How many layers?",
        "One hidden layer a side can in principle form any code; more of them can form some with far fewer "
        "units. But every layer lies between the loss and the first weights, so depth has to be paid for "
        "with care in training.",
        network.draw_depth,
        Models(
            "Move through the depths",
            "rule",
            experiments.DEPTH.grid,
            {"model.activation": "relu", "model.hidden": DEEPEST},
        ),
        (
            HINTON,
            Source(
                "Telgarsky 2016, Benefits of depth in neural networks", "https://arxiv.org/abs/1602.04485"
            ),
        ),
    ),
    Question(
        "universal-approximation",
        "Can a network be any function?",
        "With enough units, one hidden layer comes as close as wished to any continuous function on a "
        "closed interval or box, for every activation that is not a polynomial. The theorem says that "
        "weights exist, not that training finds them, nor how many units are enough.",
        network.draw_approximation,
        NewGrid(
            "Train one hidden layer of many widths",
            "grid_on",
            DIGITS.with_values({"model.hidden": (8,)}),
            {"model.hidden": ((4,), (8,), (16,), (32,), (64,), (128,))},
        ),
        (
            Source(
                "Cybenko 1989, Approximation by superpositions of a sigmoidal function",
                "https://doi.org/10.1007/BF02551274",
            ),
            Source(
                "Leshno et al. 1993, Multilayer feedforward networks with a nonpolynomial activation "
                "function can approximate any function",
                "https://doi.org/10.1016/S0893-6080(05)80131-5",
            ),
        ),
    ),
    Question(
        "code-size",
        "How large a code?",
        "As small as the error allows: a larger code can only keep more, if the rest of the network lets it "
        "through. PCA with as many components shows what the same count of numbers is worth without any "
        "network.",
        network.draw_code_size,
        Models("Slide through the sizes", "rule", shipped.UNITS.grid, {"penalty": "none"}),
        (HINTON,),
    ),
    Question(
        "activation",
        "Which activation, and why ReLU?",
        "Between linear layers something has to bend, or they would all be one linear layer. A sigmoid's "
        "slope is at most 1/4, and a deep chain multiplies such slopes; ReLU's slope is 1 wherever the unit "
        "is active.",
        network.draw_activations,
        Models(
            "Compare the two, deep and shallow",
            "rule",
            experiments.DEPTH.grid,
            {"model.activation": "sigmoid", "model.hidden": DEEPEST},
        ),
        (
            GLOROT,
            Source(
                "Glorot, Bordes & Bengio 2011, Deep sparse rectifier neural networks",
                "https://proceedings.mlr.press/v15/glorot11a.html",
            ),
        ),
    ),
    Question(
        "regularize-what",
        "Regularize what?",
        "A penalty on the code asks for codes of a kind, such as ones with few active units. A penalty on "
        "the weights asks for a network of a kind, and leaves the code as it comes.",
        training.draw_penalties,
        Visit("Penalties on weights", "blur_off", state.SPARSITY_PAGE, {"sparsity_view": "Weights"}),
        (
            BENGIO,
            Source(
                "Loshchilov & Hutter 2019, Decoupled weight decay regularization",
                "https://arxiv.org/abs/1711.05101",
            ),
        ),
    ),
    Question(
        "l1-or-l2",
        "L1 or L2?",
        "L1 pulls on a value with the same force however small it is, and can bring it to exactly 0; L2's "
        "pull fades with the value, so that values get small and stay. A fair comparison is at the same "
        "squared error.",
        training.draw_l1_l2,
        Visit("L1 beside L2", "blur_off", state.SPARSITY_PAGE, {"sparsity_view": "Code"}),
        (
            Source(
                "Tibshirani 1996, Regression shrinkage and selection via the lasso",
                "https://doi.org/10.1111/j.2517-6161.1996.tb02080.x",
            ),
            Source(
                "Olshausen & Field 1996, Emergence of simple-cell receptive field properties by learning a "
                "sparse code for natural images",
                "https://doi.org/10.1038/381607a0",
            ),
        ),
    ),
    Question(
        "data-set",
        "Which data set?",
        "The one whose images are to be rebuilt: a code fits the images it was trained on and no others. "
        "How hard a set is to squeeze can be seen before any training, from how fast PCA's error falls.",
        training.draw_data_sets,
        TrainWith(
            "Train on the sprites",
            "model_training",
            PRESETS["post"].with_values({"data.name": "sprites", "train.epochs": 5}),
        ),
        (
            Source(
                "LeCun et al. 1998, Gradient-based learning applied to document recognition",
                "https://doi.org/10.1109/5.726791",
            ),
        ),
    ),
    Question(
        "normalization",
        "How are images normalized?",
        "The range of the images and the range of the output have to fit: what the output activation can't "
        "give, no training can rebuild. Within that the choice is one of convenience; errors here are "
        "always given in [0, 1].",
        training.draw_normalization,
        Models("Compare the ranges", "rule", experiments.NORMALIZATION.grid),
        (
            Source(
                "LeCun, Bottou, Orr & Müller 1998, Efficient backprop",
                "https://doi.org/10.1007/3-540-49430-8_2",
            ),
        ),
    ),
    Question(
        "loss",
        "Which loss?",
        "The loss says which mistakes are cheap. Squared error answers doubt with the mean, absolute error "
        "with the median, which for a pixel that is mostly black is black; cross-entropy takes a pixel as "
        "the probability of white, and needs a sigmoid output.",
        training.draw_losses,
        Models("Compare the three", "rule", experiments.LOSS.grid),
        (
            Source(
                "Bishop 2006, Pattern recognition and machine learning, sections 1.5.5 and 4.3",
                "https://www.microsoft.com/en-us/research/publication/pattern-recognition-machine-learning/",
            ),
        ),
    ),
    Question(
        "initial-weights",
        "How are weights initialized?",
        "At random, because units that start equal stay equal, and at a size that lets signals and "
        "gradients pass all layers without dying out or blowing up. Xavier, He and orthogonal weights are "
        "three ways to that end.",
        training.draw_initial_weights,
        Models("Compare the schemes", "rule", experiments.INITIAL_WEIGHTS.grid, {"model.init": "orthogonal"}),
        (GLOROT, HE, SAXE),
    ),
    Question(
        "optimizer",
        "Adam or SGD?",
        "SGD steps along the gradient; Adam divides each weight's step by the usual size of its gradient, "
        "which makes the rate mean about the same in every layer. What either reaches depends on the "
        "learning rate, so compare them each at its own best.",
        training.draw_optimizers,
        Models("Slide through the rates", "rule", experiments.OPTIMIZER.grid, {"train.learning_rate": 1e-3}),
        (
            Source(
                "Kingma & Ba 2015, Adam: a method for stochastic optimization",
                "https://arxiv.org/abs/1412.6980",
            ),
        ),
    ),
    Question(
        "training-error",
        "What does the training error say?",
        "That the network learns at all. What it is worth on new images only held-out ones can tell: the "
        "validation error stops falling, or rises, where training on begins to fit the training images "
        "alone.",
        training.draw_training_error,
        TrainWith(
            "Train, and watch both curves",
            "model_training",
            PRESETS["post"].with_values({"data.name": "digits", "train.epochs": 60}),
        ),
        (
            Source(
                "Goodfellow, Bengio & Courville 2016, Deep learning, section 5.2",
                "https://www.deeplearningbook.org/contents/ml.html",
            ),
        ),
    ),
    Question(
        "gradients",
        "What do the gradients look like?",
        "They are what every step moves along, so a layer whose gradient is far below the others' hardly "
        "moves under SGD. Their size from the last layer to the first shows what depth, activation and "
        "initial weights do before any training.",
        training.draw_gradients,
        TrainWith(
            "Train the deep sigmoids",
            "model_training",
            DIGITS.with_values({"model.hidden": DEEPEST, "model.activation": "sigmoid"}),
        ),
        (GLOROT, HE),
    ),
    Question(
        "metrics",
        "What else can be measured?",
        "One mean hides which classes are hard and whether structure is kept. How much of the variance is "
        "explained, how many directions of the code are used, and whether new images do as well as known "
        "ones are questions of their own.",
        training.draw_metrics,
        Visit("The same beside every image", "compare", state.RECONSTRUCTIONS_PAGE),
        (
            Source(
                "Wang, Bovik, Sheikh & Simoncelli 2004, Image quality assessment: from error visibility to "
                "structural similarity",
                "https://doi.org/10.1109/TIP.2003.819861",
            ),
            Source(
                "Roy & Vetterli 2007, The effective rank: a measure of effective dimensionality",
                "https://www.eurasip.org/Proceedings/Eusipco/Eusipco2007/Papers/a5p-h05.pdf",
            ),
        ),
    ),
    Question(
        "model-selection",
        "Which model do I keep?",
        "The smallest one that does as well as the best, as far as held-out images can tell: within one "
        "standard error of the lowest validation error. The test images stay out of the choice, or they "
        "would flatter it.",
        uses.draw_selection,
        Models("Choose among them", "rule", shipped.UNITS.grid),
        (
            Source(
                "Hastie, Tibshirani & Friedman 2009, The elements of statistical learning, section 7.10",
                "https://hastie.su.domains/ElemStatLearn/",
            ),
        ),
    ),
    Question(
        "dimensionality-reduction",
        "What for? Fewer dimensions",
        "A code is a short description by which images can be laid out, compared and searched. It is worth "
        "something where images of one kind stay near each other in it.",
        uses.draw_dimensions,
        Visit("See all codes as a map", "scatter_plot", state.CODES_PAGE),
        (HINTON,),
    ),
    Question(
        "denoising",
        "What for? Removing noise",
        "A code too small for the noise can't keep it, so even a network trained on clean images can take "
        "some away, with some of the image. A denoising auto-encoder is trained to give back clean images "
        "for noisy ones.",
        uses.draw_denoising,
        Visit("Corrupt images and see them mended", "blur_on", state.DENOISING_PAGE),
        (VINCENT,),
    ),
    Question(
        "features",
        "What for? Features for another task",
        "Images without labels are many and labels are few: a code learned from the many may make the few "
        "go further. Whether it does has to be measured against the plain pixels.",
        uses.draw_features,
        Visit("Measure what the code is worth", "category", state.FEATURES_PAGE),
        (
            BENGIO,
            Source(
                "Coates, Ng & Lee 2011, An analysis of single-layer networks in unsupervised feature "
                "learning",
                "https://proceedings.mlr.press/v15/coates11a.html",
            ),
            VINCENT,
        ),
    ),
    Question(
        "generation",
        "What for? New images",
        "The decoder makes an image of any code, so drawing codes like those of real images makes images "
        "like them. A plain auto-encoder does not say where such codes lie; a Gaussian or a mixture of them, "
        "fitted to the training codes, is a guess, and a variational auto-encoder is trained for codes like "
        "those of N(0, I).",
        uses.draw_generation,
        Visit("Compare ways of drawing codes", "casino", state.GENERATION_PAGE),
        (
            Source(
                "Kingma & Welling 2014, Auto-encoding variational Bayes", "https://arxiv.org/abs/1312.6114"
            ),
            Source(
                "Ghosh et al. 2020, From variational to deterministic autoencoders",
                "https://arxiv.org/abs/1903.12436",
            ),
        ),
    ),
)

BY_KEY = {question.key: question for question in QUESTIONS}
