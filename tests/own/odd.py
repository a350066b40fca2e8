"""Odd, damaged and hostile sources of images, each with what should become of it."""

from __future__ import annotations

import io
import json
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

READ = "read"
"""A set is made of all images."""
SKIPPED = "skipped"
"""A set is made, and what can't be read is named."""
REFUSED = "refused"
"""One sentence."""

Case = tuple[str, str, Callable[[Path], Path]]
"""Name, what should become of it, and what makes it in a folder."""


def picture(seed: int = 0, size: tuple[int, int] = (12, 12), mode: str = "L") -> Image.Image:
    """A smooth image, plainly of its mode."""
    channels = {"L": 1, "RGB": 3, "RGBA": 4, "CMYK": 4, "LA": 2, "P": 3}[mode]
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (3, 3, channels), dtype=np.uint8)
    plain = {"P": "RGB"}.get(mode, mode)
    small = Image.fromarray(coarse[..., 0] if channels == 1 else coarse, plain if channels > 1 else None)
    image = small.resize(size, Image.Resampling.BILINEAR)
    return image.convert("P") if mode == "P" else image


def saved(image: Image.Image, form: str = "PNG", **options) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def good(count: int = 6) -> dict[str, bytes]:
    """Two classes of readable images by path."""
    return {f"{'ab'[i % 2]}/{i}.png": saved(picture(i)) for i in range(count)}


def as_folder(files: dict[str, bytes]) -> Callable[[Path], Path]:
    def make(root: Path) -> Path:
        for name, content in files.items():
            path = root / "images" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return root / "images"

    return make


def as_zip(files: dict[str, bytes], name: str = "images.zip") -> Callable[[Path], Path]:
    def make(root: Path) -> Path:
        with zipfile.ZipFile(root / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, content in files.items():
                archive.writestr(member, content)
        return root / name

    return make


def as_file(name: str, content: bytes) -> Callable[[Path], Path]:
    def make(root: Path) -> Path:
        (root / name).write_bytes(content)
        return root / name

    return make


def npy(array: np.ndarray, allow_pickle: bool = False) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=allow_pickle)
    return out.getvalue()


def npz(**arrays: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, allow_pickle=True, **arrays)
    return out.getvalue()


def stacked(count: int = 8, *shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, *(shape or (9, 9))), dtype=np.uint8)


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG whose header tells of a size that its data does not have."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


def odd_images() -> Iterator[tuple[str, str, bytes, str]]:
    """Name, what should become of it, content and suffix of a single odd image file."""
    whole, photo = saved(picture()), saved(picture(1, (40, 30), "RGB"), "JPEG")
    for form, suffix in (
        ("PNG", "png"), ("JPEG", "jpg"), ("GIF", "gif"), ("BMP", "bmp"), ("TIFF", "tif"),
        ("WEBP", "webp"), ("PPM", "ppm"),
    ):  # fmt: skip
        content = saved(picture(2, (16, 11), "RGB"), form)
        yield f"{suffix}", READ, content, suffix
        yield f"{suffix} cut in its header", SKIPPED, content[:6], suffix
        yield f"{suffix} of other bytes", SKIPPED, b"\x00\xffno image at all" * 9, suffix
        yield f"{suffix} that is empty", SKIPPED, b"", suffix
        yield f"{suffix} named as png", READ, content, "png"
    yield "jpg cut in the middle", SKIPPED, photo[: len(photo) // 2], "jpg"
    yield "png cut in the middle", SKIPPED, whole[: len(whole) // 2], "png"
    yield "png with a flipped byte", SKIPPED, whole[:45] + bytes([whole[45] ^ 255]) + whole[46:], "png"
    yield "upper-case suffix", READ, whole, "PNG"
    for mode in ("RGB", "RGBA", "LA", "P"):
        yield f"png of mode {mode}", READ, saved(picture(3, (10, 10), mode)), "png"
    yield "cmyk", READ, saved(picture(4, (10, 10), "CMYK"), "JPEG"), "jpg"
    yield "one bit", READ, saved(picture().convert("1")), "png"
    deep = np.linspace(0, 65535, 144).reshape(12, 12).astype(np.uint16)
    yield "16 bits", READ, saved(Image.fromarray(deep)), "png"
    yield "16 bits in a tiff", READ, saved(Image.fromarray(deep), "TIFF"), "tiff"
    yield "floats in a tiff", READ, saved(Image.fromarray((deep / 65535).astype(np.float32)), "TIFF"), "tif"
    yield (
        "no numbers in a tiff",
        SKIPPED,
        saved(Image.fromarray(np.full((9, 9), np.nan, "f4")), "TIFF"),
        "tif",
    )
    yield "32 bits in a tiff", READ, saved(Image.fromarray(deep.astype(np.int32)), "TIFF"), "tif"
    frames = [picture(i, (10, 10), "P") for i in range(3)]
    yield "animated gif", READ, saved(frames[0], "GIF", save_all=True, append_images=frames[1:]), "gif"
    see_through = picture(5, (10, 10), "P")
    yield "palette with a clear colour", READ, saved(see_through, "PNG", transparency=0), "png"
    exif = Image.Exif()
    exif[0x0112] = 6
    yield "turned by exif", READ, saved(picture(6, (20, 10), "RGB"), "JPEG", exif=exif), "jpg"
    exif[0x0112] = 99
    yield "turned by nonsense", READ, saved(picture(6, (20, 10), "RGB"), "JPEG", exif=exif), "jpg"
    yield "1 x 1", READ, saved(picture(0, (1, 1))), "png"
    yield "1 x 300", READ, saved(picture(0, (1, 300))), "png"
    yield "300 x 1", READ, saved(picture(0, (300, 1))), "png"
    yield "black", READ, saved(Image.new("L", (10, 10))), "png"
    yield "claims 60,000 x 60,000", SKIPPED, png_that_claims(60_000, 60_000), "png"
    yield "claims 0 x 0", SKIPPED, png_that_claims(0, 0), "png"
    yield "claims 2^31", SKIPPED, png_that_claims(2**31 - 1, 2**31 - 1), "png"
    yield "claims more rows than there are", SKIPPED, png_that_claims(500, 500), "png"
    yield "svg named png", SKIPPED, b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "png"
    yield "eps named png", SKIPPED, b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", "png"
    yield "pickle named png", SKIPPED, b"\x80\x04\x8c\x02os\x8c\x06system\x93.", "png"


NAMES = (
    "snow \u2603.png", "\u65e5\u672c.png", "a b.png", "<script>alert(1).png", "x'y\"z.png",
    "[link](http:x).png", "CON.png", "%2e%2e.png", "e\u0301.png", "\u202egnp.png", "-rf.png", "$(id).png",
    "tab\there.png", "n" * 200 + ".png",
)  # fmt: skip


def files() -> Iterator[Case]:
    """Folders and archives of files."""
    for name, becomes, content, suffix in odd_images():
        for kind, make in (("folder", as_folder), ("zip", as_zip)):
            yield f"{kind}, {name}", becomes, make(good() | {f"a/odd.{suffix}": content})
    for name in NAMES:
        yield f"zip, called {name[:20]!r}", READ, as_zip(good() | {f"a/{name}": saved(picture(9))})
    yield "folder, name that is no unicode", READ, _odd_name
    yield "folder, no sub-folders", READ, as_folder({f"{i}.png": saved(picture(i)) for i in range(4)})
    yield "zip, one folder around all", READ, as_zip({f"top/{k}": v for k, v in good().items()})
    yield "zip, what systems leave", READ, as_zip(good() | {"__MACOSX/a/._0.png": b"x", "a/.DS_Store": b"x"})
    yield "zip, other files", READ, as_zip(good() | {"README.txt": b"hello", "a/notes.md": b"hello"})
    yield "zip, back slashes", READ, as_zip({k.replace("/", "\\"): v for k, v in good().items()})
    yield "zip, empty folder", READ, as_zip(good() | {"c/": b""})
    yield "zip, one class", READ, as_zip({f"a/{i}.png": saved(picture(i)) for i in range(4)})
    yield "zip, same names twice", READ, _twice
    yield (
        "zip, constant images",
        READ,
        as_zip({f"a/{i}.png": saved(Image.new("L", (9, 9))) for i in range(4)}),
    )
    yield (
        "zip, train and test",
        READ,
        as_zip({f"{part}/{k}": v for part in ("train", "test") for k, v in good().items()}),
    )
    yield "zip, train alone", READ, as_zip({f"train/{k}": v for k, v in good().items()})
    yield (
        "zip, three parts",
        READ,
        as_zip({f"{part}/{k}": v for part in ("train", "val", "test") for k, v in good().items()}),
    )
    yield "zip, deep folders", READ, as_zip({f"a/{'d/' * 40}{i}.png": saved(picture(i)) for i in range(4)})
    yield "zip, one image", REFUSED, as_zip({"a/0.png": saved(picture())})
    yield "folder, one image", REFUSED, as_folder({"0.png": saved(picture())})
    yield "zip, no image", REFUSED, as_zip({"README.txt": b"hello"})
    yield "zip, nothing", REFUSED, as_zip({})
    yield "folder, nothing", REFUSED, _empty_folder
    yield "zip, none readable", REFUSED, as_zip({f"{i}.png": b"no" for i in range(4)})
    yield "zip, way out", REFUSED, as_zip(good() | {"../out.png": saved(picture())})
    yield "zip, way out within", REFUSED, as_zip(good() | {"a/../../out.png": saved(picture())})
    yield "zip, absolute", REFUSED, as_zip(good() | {"/tmp/out.png": saved(picture())})
    yield "zip, drive", REFUSED, as_zip(good() | {"C:\\out.png": saved(picture())})
    yield "zip, way out by back slashes", REFUSED, as_zip(good() | {"a\\..\\..\\out.png": saved(picture())})
    for suffix in ("zip", "tar", "tar.gz", "7z", "rar"):
        yield f"zip, {suffix} within", REFUSED, as_zip(good() | {f"more.{suffix}": b"PK"})
    yield "zip, link", REFUSED, _link_in_zip
    yield "folder, link to a file", REFUSED, _link_to_file
    yield "folder, link to a folder", REFUSED, _link_to_folder
    yield "folder, link to itself", REFUSED, _link_to_itself
    yield "folder, pipe", SKIPPED, _pipe
    yield "zip, cut", REFUSED, lambda root: _cut(as_zip(good())(root), 0.6)
    yield "zip, member damaged", SKIPPED, _damaged_member
    yield "zip, encrypted", REFUSED, _encrypted
    yield "zip, bomb", REFUSED, _bomb
    yield "zip, claims much", REFUSED, _claims_much
    yield "zip, of text", REFUSED, as_file("images.zip", b"no archive")
    yield "zip, empty file", REFUSED, as_file("images.zip", b"")
    yield "other kind", REFUSED, as_file("images.docx", b"PK\x03\x04")
    yield "pickle", REFUSED, as_file("images.pkl", b"\x80\x04.")
    yield "not there", REFUSED, lambda root: root / "nowhere.zip"
    yield "pipe", REFUSED, _lone_pipe


def metadata() -> Iterator[Case]:
    """Folders with a table beside the images, and tables alone."""
    plain = {f"{i}.png": saved(picture(i)) for i in range(6)}
    rows = [{"file_name": f"{i}.png", "label": "xy"[i % 2]} for i in range(6)]
    lines = "\n".join(json.dumps(row) for row in rows).encode()
    csv = b"file_name,label\n" + b"".join(f"{i}.png,{'xy'[i % 2]}\n".encode() for i in range(6))
    for kind, make in (("folder", as_folder), ("zip", as_zip)):
        yield f"{kind}, metadata.csv", READ, make(plain | {"metadata.csv": csv})
        yield f"{kind}, metadata.jsonl", READ, make(plain | {"metadata.jsonl": lines})
        yield f"{kind}, metadata with a mark", READ, make(plain | {"metadata.csv": b"\xef\xbb\xbf" + csv})
        yield f"{kind}, metadata of some", READ, make(plain | {"metadata.jsonl": lines.split(b"\n")[0]})
        yield f"{kind}, metadata of none", READ, make(plain | {"metadata.csv": b"file_name,label\nz.png,1\n"})
        yield f"{kind}, metadata without names", REFUSED, make(plain | {"metadata.csv": b"a,b\n1,2\n"})
        yield f"{kind}, metadata no json", REFUSED, make(plain | {"metadata.jsonl": b"{"})
        yield f"{kind}, metadata a list", REFUSED, make(plain | {"metadata.jsonl": b"[1]"})
        yield f"{kind}, metadata deep", REFUSED, make(plain | {"metadata.jsonl": b"[" * 200_000})
        yield f"{kind}, metadata of bytes", REFUSED, make(plain | {"metadata.csv": b"\xff\xfe\x00\x01"})
    beside = as_folder(plain)
    for name, becomes, content in (
        ("table.csv", READ, csv),
        ("table.tsv", READ, csv.replace(b",", b"\t")),
        ("semicolons.csv", READ, csv.replace(b",", b";")),
        ("table.jsonl", READ, lines),
        ("missing.csv", SKIPPED, csv + b"gone.png,x\n"),
        ("empty name.csv", SKIPPED, csv + b",x\n"),
        ("out.csv", REFUSED, csv + b"../../etc/passwd,x\n"),
        ("absolute.csv", REFUSED, csv + b"/etc/passwd,x\n"),
        ("drive.csv", REFUSED, csv + b"C:/x.png,x\n"),
        ("ragged.csv", REFUSED, csv + b"1,2,3,4,5\n"),
        ("head.csv", REFUSED, b"file_name,label\n"),
        ("empty.csv", REFUSED, b""),
        ("empty.jsonl", REFUSED, b""),
        ("blank.jsonl", REFUSED, b"\n\n"),
        ("binary.csv", REFUSED, bytes(range(256)) * 3),
        ("binary.parquet", REFUSED, bytes(range(256)) * 3),
        ("empty.parquet", REFUSED, b""),
        ("words.csv", REFUSED, b"a,b,c\nx,y,z\n"),
        ("few numbers.csv", REFUSED, b"a,b,c\n1,2,3\n"),
    ):
        yield f"table, {name}", becomes, _beside(beside, name, content)
    yield from pixels()


def pixels() -> Iterator[Case]:
    """Tables whose columns are pixels."""
    values = stacked(8, 5, 5).reshape(8, 25)
    head = ",".join(["label", *(f"pixel{i}" for i in range(25))])

    def table(rows: np.ndarray, label: bool = True, header: str = head, form: str = "%g") -> bytes:
        whole = np.column_stack([np.arange(len(rows)) % 2, rows]) if label else rows
        out = io.BytesIO()
        np.savetxt(out, whole, delimiter=",", fmt=form, header=header, comments="")
        return out.getvalue().lstrip(b"\n")

    yield "pixels", READ, as_file("p.csv", table(values))
    yield "pixels without a head", READ, as_file("p.csv", table(values, header=""))
    yield "pixels without classes", READ, as_file("p.csv", table(values, False, head[6:]))
    yield "pixels from 0 to 1", READ, as_file("p.csv", table(values / 255.0, form="%.6f"))
    yield "pixels in colour", READ, as_file("p.csv", table(stacked(8, 48), header=""))
    yield "pixels, a row without values", SKIPPED, as_file("p.csv", table(values) + b"1" + b"," * 25 + b"\n")
    yield "pixels, out of range", SKIPPED, as_file("p.csv", table(np.vstack([values, np.full((1, 25), 999)])))
    yield "pixels, below 0", SKIPPED, as_file("p.csv", table(np.vstack([values, np.full((1, 25), -5)])))
    yield "pixels, one row", REFUSED, as_file("p.csv", table(values[:1]))
    yield "pixels, no square", REFUSED, as_file("p.csv", table(stacked(8, 26), header=""))


def arrays() -> Iterator[Case]:
    """NumPy's files."""
    images, classes = stacked(), np.arange(8) % 2
    shapes = {
        "N x H x W": images,
        "N x H x W x 1": images[..., None],
        "N x H x W x 3": stacked(8, 9, 9, 3),
        "N x 1 x H x W": images[:, None],
        "N x 3 x H x W": stacked(8, 3, 9, 9),
        "N x P": images.reshape(8, 81),
        "booleans": images > 99,
        "whole numbers": images.astype(np.int64),
        "floats": (images / 255).astype(np.float32),
        "half floats": (images / 255).astype(np.float16),
        "big ends": (images / 255).astype(">f8"),
        "columns first": np.asfortranarray(images),
        "constant": np.zeros((8, 9, 9), np.uint8),
        "4 x 3": stacked(8, 4, 3),
    }
    for name, array in shapes.items():
        yield f"npy, {name}", READ, as_file("x.npy", npy(array))
        fits = REFUSED if name == "columns first" else READ
        yield f"npz, {name}", fits, as_file("x.npz", npz(x=array, y=classes))
    holed = (images / 255).astype(np.float32)
    holed[3, 2, 2] = np.nan
    endless = np.where(np.arange(8)[:, None, None] == 5, np.inf, images / 255)
    for name, array, becomes in (
        ("nan", holed, SKIPPED),
        ("infinite", endless, SKIPPED),
        ("one above 1", np.where(np.arange(8)[:, None, None] == 2, 7.0, images / 255), SKIPPED),
        ("all above 1", images.astype(np.float64) + 2, REFUSED),
        ("negative", images.astype(np.int64) - 300, REFUSED),
        ("one axis", np.arange(8, dtype=np.uint8), REFUSED),
        ("no axis", np.array(3, np.uint8), REFUSED),
        ("five axes", np.zeros((2, 2, 2, 2, 2), np.uint8), REFUSED),
        ("four channels", stacked(8, 9, 9, 4), REFUSED),
        ("no image", np.zeros((0, 9, 9), np.uint8), REFUSED),
        ("no pixel", np.zeros((8, 0, 9), np.uint8), REFUSED),
        ("one image", images[:1], REFUSED),
        ("complex", images.astype(np.complex64), REFUSED),
        ("texts", np.array(["a", "b"]), REFUSED),
        ("records", np.zeros(4, [("a", "u1"), ("b", "f4")]), REFUSED),
        ("dates", np.zeros((8, 9, 9), "M8[s]"), REFUSED),
    ):
        yield f"npy, {name}", becomes, as_file("x.npy", npy(array))
        yield f"npz, {name}", becomes, as_file("x.npz", npz(x=array))
    objects = np.array([np.zeros((3, 3)), "x", None], object)
    yield "npy, objects", REFUSED, as_file("x.npy", npy(objects, allow_pickle=True))
    yield "npz, objects", REFUSED, as_file("x.npz", npz(x=objects))
    yield (
        "npz, objects as classes",
        REFUSED,
        as_file("x.npz", npz(x=images, y=np.array(list("abcdefgh"), object))),
    )
    whole = npy(images)
    for name, content in (
        ("cut", whole[:-50]), ("cut in its head", whole[:40]),
        ("of other bytes", b"\x93NUMPY" + b"\xff" * 90),
        ("pickle", b"\x80\x04\x8c\x02os\x8c\x06system\x93."),
        ("with a lying head", whole.replace(b"(8, 9, 9)", b"(9999999, 9999999, 9)"[:9])),
        ("with a head that runs", whole.replace(b"'shape': (8, 9, 9)", b"'shape': __import__")),
    ):  # fmt: skip
        yield f"npy, {name}", REFUSED, as_file("x.npy", content)
    yield "npz, cut", REFUSED, as_file("x.npz", npz(x=images)[:-40])
    yield "npz, no array", REFUSED, as_zip({}, "x.npz")
    yield "npz, unknown names", REFUSED, as_file("x.npz", npz(foo=images, bar=images))
    yield "npz, one name", READ, as_file("x.npz", npz(foo=images))
    yield "npz, a pickle within", REFUSED, as_zip({"x.pkl": b"\x80\x04."}, "x.npz")
    yield (
        "npz, as keras",
        READ,
        as_file("x.npz", npz(x_train=images, y_train=classes, x_test=images, y_test=classes)),
    )
    yield "npz, as medmnist", READ, as_file(
        "x.npz",
        npz(train_images=images, train_labels=classes[:, None], val_images=images,
            val_labels=classes[:, None], test_images=images, test_labels=classes[:, None]),
    )  # fmt: skip
    yield "npz, parts of two sizes", REFUSED, as_file("x.npz", npz(x_train=images, x_test=stacked(8, 5, 5)))
    for name, labels, becomes in (
        ("texts", np.array(list("abababab")), READ),
        ("bytes", np.array([b"a", b"b"] * 4), READ),
        ("whole floats", classes.astype(np.float64), READ),
        ("a column", classes[:, None], READ),
        ("all one", np.zeros(8, np.int64), READ),
        ("negative", classes - 5, READ),
        ("fractions", classes + 0.5, REFUSED),
        ("nan", np.full(8, np.nan), REFUSED),
        ("too few", classes[:5], REFUSED),
        ("one-hot", np.eye(8), REFUSED),
    ):
        yield f"npz, classes {name}", becomes, as_file("x.npz", npz(x=images, y=labels))


def all_cases() -> list[Case]:
    return [*files(), *metadata(), *arrays()]


def _beside(images: Callable[[Path], Path], name: str, content: bytes) -> Callable[[Path], Path]:
    def make(root: Path) -> Path:
        path = images(root) / name
        path.write_bytes(content)
        return path

    return make


def _empty_folder(root: Path) -> Path:
    (root / "nothing").mkdir()
    return root / "nothing"


def _odd_name(root: Path) -> Path:
    folder = as_folder(good())(root)
    with open(os.fsencode(folder) + b"/a/\xff\xfe.png", "wb") as file:
        file.write(saved(picture(9)))
    return folder


def _twice(root: Path) -> Path:
    with zipfile.ZipFile(root / "images.zip", "w") as archive:
        for i in range(6):
            archive.writestr(f"{'ab'[i % 2]}/same.png", saved(picture(i)))
    return root / "images.zip"


def _link_in_zip(root: Path) -> Path:
    path = as_zip(good())(root)
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("a/link.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    return path


def _link_to_file(root: Path) -> Path:
    folder = as_folder(good())(root)
    (folder / "a" / "link.png").symlink_to("/etc/passwd")
    return folder


def _link_to_folder(root: Path) -> Path:
    folder = as_folder(good())(root)
    (folder / "c").symlink_to("/etc")
    return folder


def _link_to_itself(root: Path) -> Path:
    folder = as_folder(good())(root)
    (folder / "c").symlink_to(folder)
    return folder


def _pipe(root: Path) -> Path:
    folder = as_folder(good())(root)
    os.mkfifo(folder / "a" / "pipe.png")
    return folder


def _lone_pipe(root: Path) -> Path:
    os.mkfifo(root / "pipe.zip")
    return root / "pipe.zip"


def _cut(path: Path, share: float) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def _damaged_member(root: Path) -> Path:
    with zipfile.ZipFile(root / "images.zip", "w", zipfile.ZIP_STORED) as archive:
        for name, content in good().items():
            archive.writestr(name, content)
        info = archive.infolist()[0]
    content = bytearray((root / "images.zip").read_bytes())
    place = info.header_offset + 30 + len(info.filename) + 50
    content[place] ^= 255
    (root / "images.zip").write_bytes(content)
    return root / "images.zip"


def _encrypted(root: Path) -> Path:
    path = as_zip(good())(root)
    content = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.find(mark)
        while start >= 0:
            content[start + place] |= 1
            start = content.find(mark, start + 1)
    path.write_bytes(content)
    return path


def _bomb(root: Path) -> Path:
    """Much of nothing: 320 MiB of zeros in a third of a MiB."""
    path = root / "images.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for i in range(5):
            with archive.open(f"a/{i}.png", "w") as member:
                for _ in range(64):
                    member.write(bytes(1 << 20))
    return path


def _claims_much(root: Path) -> Path:
    """An archive whose directory tells of 4 GiB in each of eight members."""
    path = as_zip(good(8))(root)
    content = bytearray(path.read_bytes())
    start = content.find(b"PK\x01\x02")
    while start >= 0:
        content[start + 24 : start + 28] = struct.pack("<I", 0xFFFFFFF0)
        start = content.find(b"PK\x01\x02", start + 1)
    path.write_bytes(content)
    return path
