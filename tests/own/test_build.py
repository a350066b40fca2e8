"""What a set is made of: classes, parts, sizes, and the same set from the same images."""

import io
import json
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from aecore import data, trash
from aecore.own import sets
from aecore.own.build import Options, build, plan
from aecore.own.limits import SourceError
from aecore.own.opening import open_source
from aecore.own.pictures import decode, fitted
from aecore.own.source import Unreadable
from tests.own.odd import as_folder, as_zip, good, npz, picture, saved, stacked


@pytest.fixture(autouse=True)
def own_data(tmp_path, monkeypatch):
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "data"))


def made(path, **options):
    return build(plan(open_source(path), Options(**options)))


def by_name(own):
    """Each image of a set, its class and its part, by the name it had."""
    read = data.load(own.name)
    images = torch.cat([read.train_images, read.test_images]).numpy()
    labels = torch.cat([read.train_labels, read.test_labels]).tolist()
    parts = ["train"] * own.train_size + ["test"] * own.test_size
    rows = zip(sets.image_names(own), images, labels, parts, strict=True)
    return {name: (image, own.class_names[label], part) for name, image, label, part in rows}


def test_every_image_keeps_its_pixels_its_class_and_its_name(tmp_path):
    files = good(20)
    own = made(as_folder(files)(tmp_path))
    found = by_name(own)
    assert set(found) == set(files)
    for name, (image, label, _) in found.items():
        assert label == name[0]
        assert np.array_equal(image[0], np.asarray(Image.open(io.BytesIO(files[name]))))


def test_a_folder_and_a_zip_of_the_same_images_make_the_same_set(tmp_path):
    first = made(as_folder(good())(tmp_path), title="mine")
    second = made(as_zip(good())(tmp_path), title="mine")
    assert first.name == second.name
    assert [own.name for own in sets.list_sets()] == [first.name]
    third = made(as_zip(good() | {"a/0.png": saved(picture(77))}, "other.zip")(tmp_path), title="mine")
    assert third.name != first.name
    assert third.name[:4] == first.name[:4]


def test_each_class_gives_its_share_to_the_test_part_and_the_seed_decides_which(tmp_path):
    files = {f"{label}/{i}.png": saved(picture(i)) for label, n in (("a", 40), ("b", 10)) for i in range(n)}
    path = as_folder(files)(tmp_path)
    own = made(path, test_share=0.2)
    tests = [name for name, (_, _, part) in by_name(own).items() if part == "test"]
    assert sorted(name[0] for name in tests) == ["a"] * 8 + ["b"] * 2
    again = made(path, test_share=0.2, seed=1)
    others = [name for name, (_, _, part) in by_name(again).items() if part == "test"]
    assert len(others) == 10
    assert set(others) != set(tests)


def test_of_too_many_a_stratified_sample_is_taken_and_said(tmp_path):
    files = {f"{label}/{i}.png": saved(picture(i)) for label, n in (("a", 40), ("b", 20)) for i in range(n)}
    own = made(as_folder(files)(tmp_path), most=30)
    assert own.train_size + own.test_size == 30
    assert own.found == 60
    labels = [label for _, label, _ in by_name(own).values()]
    assert (labels.count("a"), labels.count("b")) == (20, 10)
    assert "sampled 30 of 60 images, stratified by class" in own.notes


def test_parts_that_are_there_are_kept(tmp_path):
    files = {f"{part}/{k}": v for part in ("train", "val", "test") for k, v in good(4).items()}
    found = by_name(made(as_zip(files)(tmp_path)))
    assert {name: part for name, (_, _, part) in found.items()} == {
        name: "test" if name.startswith("test") else "train" for name in files
    }
    assert {label for _, label, _ in found.values()} == {"a", "b"}


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_table_beside_the_images_names_their_classes(tmp_path, kind):
    rows = [{"file_name": f"{i}.png", "label": "xy"[i % 2], "note": "?"} for i in range(6)]
    lines = [json.dumps(row) for row in rows]
    if kind == "csv":
        lines = ["file_name,label,note", *(f"{r['file_name']},{r['label']},?" for r in rows)]
    files = {f"{i}.png": saved(picture(i)) for i in range(6)} | {
        f"metadata.{kind}": "\n".join(lines).encode()
    }
    found = by_name(made(as_zip(files)(tmp_path)))
    assert {name: label for name, (_, label, _) in found.items()} == {
        f"{i}.png": "xy"[i % 2] for i in range(6)
    }


def test_a_parquet_table_with_files_in_it_as_hugging_face_keeps_them(tmp_path):
    import pandas as pd

    images = [{"bytes": saved(picture(i)), "path": f"{i}.png"} for i in range(6)]
    pd.DataFrame({"image": images, "label": [i % 3 for i in range(6)]}).to_parquet(tmp_path / "x.parquet")
    own = made(tmp_path / "x.parquet")
    assert own.class_names == ("0", "1", "2")
    for name, (image, label, _) in by_name(own).items():
        assert np.array_equal(image[0], np.asarray(picture(int(name))))
        assert label == str(int(name) % 3)


def test_arrays_of_floats_and_of_bytes_give_the_same_pixels(tmp_path):
    images, labels = stacked(12, 9, 9, 3), np.arange(12) % 2
    (tmp_path / "bytes.npz").write_bytes(npz(x=images, y=labels))
    (tmp_path / "floats.npz").write_bytes(npz(x=(images / 255.0).transpose(0, 3, 1, 2), y=labels))
    first, second = (made(tmp_path / f"{kind}.npz", title="x") for kind in ("bytes", "floats"))
    assert first.name == second.name
    assert first.shape == (3, 9, 9)
    for name, (image, label, _) in by_name(first).items():
        assert np.array_equal(image.transpose(1, 2, 0), images[int(name)])
        assert label == str(int(name) % 2)


def test_pixels_of_a_table_are_those_of_the_array(tmp_path):
    images, labels = stacked(12, 6, 6), np.arange(12) % 2
    head = ",".join(["label", *(f"pixel{i}" for i in range(36))])
    table = np.column_stack([labels, images.reshape(12, 36)])
    np.savetxt(tmp_path / "x.csv", table, delimiter=",", fmt="%d", header=head, comments="")
    (tmp_path / "x.npz").write_bytes(npz(x=images, y=labels))
    (tmp_path / "y.csv").write_text("\n".join(",".join(map(str, row)) for row in table.tolist()))
    names = {made(path, title="x", size=8).name for path in sorted(tmp_path.glob("*.*"))}
    assert len(names) == 1


def test_several_processes_make_what_one_makes(tmp_path, monkeypatch):
    monkeypatch.setattr("aecore.own.build.LONE", 10)
    files = good(60) | {"a/broken.png": b"no"}
    found = plan(open_source(as_zip(files)(tmp_path)))
    alone = build(found, workers=1)
    sets.delete_set(alone.name)
    together = build(found, workers=2)
    assert (together.name, together.skipped) == (alone.name, 1)


def test_a_resize_is_torchvisions(tmp_path):
    """`Resize` and `CenterCrop`, and `Resize` to both sides, of an image of Pillow's."""
    from torchvision.transforms import CenterCrop, Resize

    for seed, size in enumerate([(40, 31), (31, 40), (100, 17), (16, 16), (9, 200), (5, 5)]):
        image = picture(seed, size, "RGB")
        expected = CenterCrop(16)(Resize(16)(image))
        assert np.array_equal(fitted(image, (16, 16), 3, "crop").transpose(1, 2, 0), np.asarray(expected))
        expected = Resize((16, 12))(image)
        assert np.array_equal(fitted(image, (16, 12), 3, "stretch").transpose(1, 2, 0), np.asarray(expected))


def test_bars_keep_the_whole_image(tmp_path):
    white = Image.new("L", (20, 10), 255)
    padded = fitted(white, (20, 20), 1, "pad")[0]
    assert padded[5:15].min() == 255
    assert padded[:5].max() == padded[15:].max() == 0


def test_odd_files_come_out_as_they_look():
    turned = Image.Exif()
    turned[0x0112] = 6  # to be shown a quarter turn clockwise
    half = Image.new("RGB", (20, 10), "black")
    half.paste("white", (0, 0, 10, 10))
    upright = decode(saved(half, "JPEG", exif=turned))
    assert upright.size == (10, 20)
    assert np.asarray(upright.convert("L"))[:8].mean() > 200
    clear = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    assert np.asarray(decode(saved(clear))).min() == 255
    ramp = np.linspace(0, 65535, 64).reshape(8, 8).astype(np.uint16)
    shown = np.asarray(decode(saved(Image.fromarray(ramp))))
    assert np.abs(shown.astype(int) - np.rint(ramp / 257)).max() <= 1
    inverted = decode(saved(Image.new("CMYK", (8, 8), (0, 0, 0, 255)), "JPEG"))
    assert np.asarray(inverted).max() < 60
    assert isinstance(decode(b"no"), Unreadable)


def test_a_changed_set_is_not_taken_for_the_old_one(tmp_path):
    own = made(as_folder(good())(tmp_path))
    path = own.folder / sets.IMAGES
    content = bytearray(path.read_bytes())
    content[-1] ^= 255
    path.write_bytes(content)
    with pytest.raises(ValueError, match="not those it was made of"):
        sets.read_arrays(own)
    trash.remove(sets.delete_set(own.name))
    with pytest.raises(data.DataNotFoundError, match="not on this machine"):
        data.find(own.name)
    assert sets.list_sets() == []


def test_nothing_is_left_when_it_is_interrupted(tmp_path):
    def stop(stage, done, total):
        raise KeyboardInterrupt

    found = plan(open_source(as_folder(good())(tmp_path)))
    with pytest.raises(KeyboardInterrupt):
        build(found, stop)
    assert list(sets.own_root().iterdir()) == []


def test_too_little_room_is_said_before_anything_is_read(tmp_path, monkeypatch):
    found = plan(open_source(as_folder(good())(tmp_path)))
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 10})())
    with pytest.raises(SourceError, match="are free"):
        build(found)


def test_an_archive_may_be_read_while_it_is_the_only_thing_that_fits(tmp_path):
    """Names that only differ in their folder stay apart."""
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for i in range(4):
            archive.writestr(f"{'ab'[i % 2]}/{i // 2}.png", saved(picture(i)))
    found = by_name(made(tmp_path / "x.zip"))
    assert set(found) == {"a/0.png", "a/1.png", "b/0.png", "b/1.png"}
