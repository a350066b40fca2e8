"""Codes, reconstructions and errors from weights alone, with NumPy, and what a page says and draws."""

import base64
import io
import json
import re
import struct
from pathlib import Path

import numpy as np
import pyarrow
from PIL import Image

from tests.conftest import ROOT, find_mnist

RUN = ROOT / "checkpoints" / "mnist-post-12-s0-0af53747"


def raw(part: str, kind: str) -> bytes:
    """A file of MNIST: `train` or `t10k`, `images-idx3` or `labels-idx1`."""
    return (Path(find_mnist()) / "MNIST" / "raw" / f"{part}-{kind}-ubyte").read_bytes()


def images(part: str) -> np.ndarray:
    """MNIST's images as they lie in its files: uint8, N x 784."""
    content = raw(part, "images-idx3")
    _, count, height, width = struct.unpack(">4i", content[:16])
    return np.frombuffer(content, np.uint8, offset=16).reshape(count, height * width)


def labels(part: str) -> np.ndarray:
    """MNIST's labels: uint8, N."""
    return np.frombuffer(raw(part, "labels-idx1"), np.uint8, offset=8)


def digits(part: str) -> tuple[np.ndarray, np.ndarray]:
    """scikit-learn's digits as the program splits them: pixels to 255, N x 64, and classes."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    pixels, classes = load_digits(return_X_y=True)
    parts = train_test_split(np.arange(len(classes)), test_size=360, stratify=classes, random_state=0)
    rows = np.sort(parts[part == "test"])
    return np.rint(pixels[rows] * (255 / 16)), classes[rows]


def layers(run, name):
    """(weights, biases) of the linear layers of a run's encoder or decoder, in float64, in order."""
    state = {key: value.double().numpy() for key, value in run.model.state_dict().items()}
    numbers = sorted({int(key.split(".")[1]) for key in state if re.fullmatch(rf"{name}\.\d+\.bias", key)})
    return [(state[f"{name}.{i}.weight"], state[f"{name}.{i}.bias"]) for i in numbers]


def through(values, stack):
    """Linear layers with a ReLU between each two."""
    for i, (weights, biases) in enumerate(stack):
        values = values @ weights.T + biases
        values = np.maximum(values, 0) if i + 1 < len(stack) else values
    return values


def encode(run, pixels):
    """Codes of pixels in 0 to 255, N x pixels, for networks that take [-1, 1]."""
    model = run.config.model
    code = through(pixels / 127.5 - 1, layers(run, "encoder"))
    match model.code_activation:
        case "relu":
            return np.maximum(code, 0)
        case "top_k":
            smallest = np.sort(code, axis=1)[:, -model.top_k]
            return np.maximum(np.where(code >= smallest[:, None], code, 0), 0)
        case "soft_threshold":
            state = {key: value.double().numpy() for key, value in run.model.state_dict().items()}
            mean, variance = (
                next(value for key, value in state.items() if key.endswith(f"norm.running_{name}"))
                for name in ("mean", "var")
            )
            scaled = (code - mean) / np.sqrt(variance + 1e-5)
            return np.sign(scaled) * np.maximum(np.abs(scaled) - model.threshold, 0)
    return code


def decode(run, code):
    """Pixels in [0, 1], N x pixels."""
    output = through(code, layers(run, "decoder"))
    return ((np.tanh(output) if run.config.model.output_activation == "tanh" else output) + 1) / 2


def codes_and_errors(run, pixels):
    """Codes and squared error of each image, with pixels in [0, 1] and the network's in [-1, 1]."""
    code = encode(run, pixels)
    return code, np.square(decode(run, code) - pixels / 255.0).sum(1)


def distances(places, points):
    """Euclidean distance from each place to its nearest point."""
    from sklearn.neighbors import NearestNeighbors

    return NearestNeighbors(n_neighbors=1).fit(points).kneighbors(places)[0][:, 0]


def typical(points):
    """Median distance to the nearest other point, of the 2,000 points that the pages ask."""
    from sklearn.neighbors import NearestNeighbors

    rows = np.arange(len(points))
    if len(rows) > 2000:
        rows = np.sort(np.random.default_rng(0).choice(rows, 2000, replace=False))
    return np.median(NearestNeighbors(n_neighbors=2).fit(points).kneighbors(points[rows])[0][:, 1])


def told(points, classes, rows):
    """Whether the nearest five others of each asked point vote for its class, the nearest winning ties."""
    from sklearn.neighbors import NearestNeighbors

    near = NearestNeighbors(n_neighbors=6, algorithm="brute").fit(points).kneighbors(points[rows])[1]
    right = []
    for row, found in zip(rows, near, strict=True):
        votes = classes[found[found != row][:5]].tolist()
        right.append(max(votes, key=lambda c: (votes.count(c), -votes.index(c))) == classes[row])
    return np.array(right, dtype=float)


def cohens_d(first, second):
    """Along the given numbers: difference of the means over the pooled standard deviation."""
    n, m = len(first), len(second)
    pooled = ((n - 1) * first.var(ddof=1) + (m - 1) * second.var(ddof=1)) / (n + m - 2)
    return (second.mean() - first.mean()) / pooled**0.5


def along(made, scored):
    """Two groups of scored points along the step between the means of two groups it is made from."""
    step = made[1].mean(0) - made[0].mean(0)
    return [group @ step for group in scored]


def rises(run, pixels, code):
    """Squared error of the 1,000 images that the pages ask, and its rise without each unit in turn.

    "Without" is with the unit's mean over these images in its place.
    """
    import torch

    chosen = torch.randperm(len(code), generator=torch.Generator().manual_seed(0))[:1000].numpy()
    z, x = code[chosen], pixels[chosen] / 255.0
    base = np.square(decode(run, z) - x).sum(1).mean()
    found = []
    for unit in range(z.shape[1]):
        without = z.copy()
        without[:, unit] = z[:, unit].mean()
        found.append(np.square(decode(run, without) - x).sum(1).mean() - base)
    return base, np.array(found)


def captions(app):
    return [element.value for element in [*app.markdown, *app.caption]]


def plain_html(app):
    """The text of each piece of HTML on a page, its tags as bars."""
    return [re.sub(r"\s*(<[^>]*>\s*)+", "|", element.proto.body) for element in app.get("html")]


def charts(app):
    """The layers of each chart on a page, in the order they are drawn: kind of mark, rows, and encoding."""
    found = []
    for element in app.get("vega_lite_chart"):
        spec = json.loads(element.proto.spec)
        named = dict(spec.get("datasets", {}))
        named |= {one.name: _rows(one.data.data) for one in element.proto.datasets}
        # What all layers share travels apart.
        shared = {"values": _rows(element.proto.data.data) if element.proto.data.data else []}
        found.append(list(_layers(spec, shared, named)))
    return found


def _rows(table):
    return pyarrow.ipc.open_stream(table).read_all().to_pylist()


def _layers(part, data, named):
    data = part.get("data", data)
    for inner in part.get("layer", []):
        yield from _layers(inner, data, named)
    if "layer" not in part:
        mark = part["mark"]
        rows = data["values"] if "values" in data else named[data["name"]]
        yield (mark if isinstance(mark, str) else mark["type"]), rows, part.get("encoding", {})


def payload(app, name):
    """What the component of that name was sent."""
    (found,) = [e for e in app.get("bidi_component") if e.proto.component_name.split(".")[-1] == name]
    return json.loads(found.proto.json)


def array(text, kind, *shape):
    """An array as a component is sent it."""
    return np.frombuffer(base64.b64decode(text), kind).reshape(shape)


def drawn(app):
    """The pictures in a page's HTML with what a screen reader says of them, uint8 H x W x channels."""
    found = []
    for element in app.get("html"):
        for alt, content in re.findall(
            r'<img alt="([^"]*)" src="data:image/png;base64,([^"]+)"', element.proto.body
        ):
            found.append((alt, np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))))
    return found


def picture(app, alt):
    """The one picture of which a screen reader says something that begins so."""
    (found,) = [pixels for text, pixels in drawn(app) if text.startswith(alt)]
    return found


def tiles(mosaic, height, width, gap=1):
    """The images of a mosaic, row by row: N x H x W x 3."""
    tops = range(0, mosaic.shape[0], height + gap)
    lefts = range(0, mosaic.shape[1], width + gap)
    return np.stack([mosaic[y : y + height, x : x + width] for y in tops for x in lefts])


def greys(pictures):
    """Pictures in [0, 1], N x pixels, as whole numbers to 255."""
    return np.round(255 * np.clip(pictures, 0, 1))


def tinted(difference, limit):
    """Red above zero and blue below, white at zero and full at the limit: ... x 3 numbers to 255."""
    share = np.clip(difference / limit, -1, 1)[..., None]
    full = np.where(share > 0, [178, 24, 43], [33, 102, 172])
    return 255 + (full - 255) * np.abs(share)
