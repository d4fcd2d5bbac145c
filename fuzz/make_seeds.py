"""Makes the seeds in `seeds`: a small valid file, or a few, for each fuzzer.

    python3 make_seeds.py
"""

import gzip
import io
import json
import pathlib
import pickle
import struct
import tarfile
import zlib

HERE = pathlib.Path(__file__).parent
FIXTURES = HERE.parent / "fixtures"


def seed(target: str, name: str, content: bytes) -> None:
    folder = HERE / "seeds" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def lines(*objects: dict) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in objects)


def idx() -> None:
    images = struct.pack(">4I", 0x803, 2, 2, 3) + bytes(range(12))
    labels = struct.pack(">2I", 0x801, 2) + bytes([0, 9])
    for name, first, second in [
        ("raw", images, labels),
        ("packed", packed(images), packed(labels)),
        ("padded", packed(images[:9]) + packed(images[9:]) + bytes(7), labels),
    ]:
        seed("idx", name, struct.pack(">H", len(first)) + first + second)


def cifar() -> None:
    pixels = bytes(3072)
    seed("cifar", "binary", packed(bytes([7]) + pixels))
    shape, data = (1, 3072), pixels
    # As NumPy's arrays are pickled: a call of a global, and a state.
    state = (1, shape, ("u1",), False, data)
    for protocol in (3, 4):
        batch = {"data": state, "labels": [7], "batch_label": "b", "filenames": ["f"]}
        seed("cifar", f"pickle{protocol}", packed(pickle.dumps(batch, protocol)))
        seed("cifar", f"plain{protocol}", pickle.dumps({"labels": [7], "x": [(1,)]}, protocol))
    for name in ("batch-protocol2", "batch-protocol5", "batch-python2"):
        seed("cifar", name, packed((FIXTURES / "files" / name).read_bytes()))


def texts() -> None:
    imdb = lines(
        {"split": "train", "label": 1, "text": "good é", "id": 3},
        {"split": "test", "label": 0, "text": "bad"},
    )
    seed("imdb_lines", "two", imdb)
    seed("imdb_lines", "packed", packed(b"\xef\xbb\xbf" + imdb.replace(b"\n", b"\r\n")))
    official = lines({"gold_label": "neutral", "sentence1": "a b", "sentence2": "c"},
                     {"gold_label": "-", "sentence1": "a", "sentence2": "c"})
    table = b"index\tsentence1\tsentence2\tgold_label\n0\ta b\tc\tentailment\n"
    plain = lines({"split": "dev", "label": 2, "premise": "a", "hypothesis": "b"})
    for form, content in enumerate([official, table, plain]):
        seed("mnli", f"form{form}", bytes([form]) + content)
    pieces = "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\n##b\n##c\né\n中\n!\n".encode()
    seed("vocabulary", "few", pieces + b"\0" + "AB bc! é 中 x".encode())
    seed("vocabulary", "long", pieces + b"\0" + b"abcb " * 30)
    seed("annotations", "three", b"a.JPEG\tn1\t0\t0\nb.JPEG\tn2\n\nc.JPEG\tn1\r\n")


def archive() -> None:
    def tar(kind: int) -> bytes:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=kind) as file:
            for name in ("aclImdb/train/pos/0_9.txt", "aclImdb/test/neg/12_1.txt",
                         "../../../etc/passwd", "/data_batch_1.bin",
                         "cifar-10-batches-bin/test_batch.bin", "aclImdb/" + "n" * 120):
                member = tarfile.TarInfo(name)
                member.size = 4
                file.addfile(member, io.BytesIO(b"text"))
            for kind_of, name in ((tarfile.SYMTYPE, "data_batch_2.bin"),
                                  (tarfile.LNKTYPE, "data_batch_3.bin"),
                                  (tarfile.CHRTYPE, "data_batch_4.bin"),
                                  (tarfile.DIRTYPE, "data_batch_5.bin")):
                member = tarfile.TarInfo(name)
                member.type, member.linkname = kind_of, "/etc/passwd"
                file.addfile(member)
        return out.getvalue()

    seed("archive", "gnu", packed(tar(tarfile.GNU_FORMAT)))
    seed("archive", "pax", packed(tar(tarfile.PAX_FORMAT)))
    small = io.BytesIO()
    with tarfile.open(fileobj=small, mode="w", format=tarfile.GNU_FORMAT) as file:
        member = tarfile.TarInfo("aclImdb/train/neg/1_2.txt")
        member.size = 3
        file.addfile(member, io.BytesIO(b"bad"))
    seed("archive", "plain", small.getvalue()[: 3 * 512])


def safetensors(tensors: dict, metadata: dict | None = None) -> bytes:
    header, data = {}, b""
    if metadata:
        header["__metadata__"] = metadata
    for name, (kind, shape, content) in tensors.items():
        header[name] = {"dtype": kind, "shape": shape,
                        "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def checkpoint() -> None:
    def zeros(*shape: int) -> tuple:
        count = 1
        for side in shape:
            count *= side
        return ("F32", list(shape), bytes(4 * count))

    weights = {"fc1.weight": zeros(2, 3), "fc1.bias": zeros(2),
               "fc2.weight": zeros(2, 2), "fc2.bias": zeros(2)}
    seed("checkpoint", "weights", safetensors(weights))
    half = {name: ("BF16", shape, content[::2]) for name, (_, shape, content) in weights.items()}
    seed("checkpoint", "half", safetensors({"module." + name: one for name, one in half.items()}))
    run = dict(weights)
    run["breakeven.progress"] = ("I64", [2], struct.pack("<2q", 5, 100))
    run["breakeven.previous_step"] = zeros(1, 14)
    run["breakeven.velocity"] = zeros(1, 14)
    run["breakeven.clipped"] = ("I64", [2], struct.pack("<2q", 1, 2))
    run["breakeven.warm_hessian"] = zeros(2, 14)
    seed("checkpoint", "run", safetensors(run))
    for name in ("wrapped", "f16"):
        seed("checkpoint", name, (FIXTURES / "files" / f"{name}.safetensors").read_bytes())
    empty = ("F32", [0], b"")
    seed("checkpoint", "cnn", safetensors({
        "conv1.weight": ("F32", [1, 0, 3, 3], b""), "conv3.weight": ("F32", [1, 0, 3, 3], b""),
        "fc1.weight": ("F32", [1, 0], b""), "fc2.weight": ("F32", [2, 0], b""),
        "layer1.0.conv1.weight": ("F32", [1, 0, 3, 3], b""), "fc.weight": ("F32", [2, 0], b""),
        "layer2.0.downsample.0.weight": empty, "embedding.weight": ("F32", [9, 0], b""),
        "lstm.weight_hh_l0": ("F32", [0, 2], b""), "classifier.weight": ("F32", [2, 0], b""),
        "features.conv0.weight": ("F32", [4, 0, 3, 3], b""),
        "features.denseblock1.denselayer1.conv2.weight": ("F32", [4, 0, 3, 3], b""),
    }))


def configurations() -> None:
    for name in ("smoke", "smoke/lstm", "smoke/bert", "smoke/densenet"):
        text = (FIXTURES / "configs" / f"{name}.toml").read_bytes()
        seed("config", name.replace("/", "-"), text)
    seed("config", "small", b"""name = "s"
[data]
name = "mnist"
[model]
name = "mlp"
hidden = [3]
[training]
epochs = 1
momentum = 0.9
[sweep]
learning_rates = [0.1, 0.2]
batch_sizes = [5]
seeds = [0, 1]
[verify]
alpha = 0.1
looks = [1, 2]
""")
    bert = {"model_type": "bert", "vocab_size": 30, "hidden_size": 4, "num_hidden_layers": 1,
            "num_attention_heads": 2, "intermediate_size": 6, "hidden_act": "gelu",
            "max_position_embeddings": 8, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
            "position_embedding_type": "absolute", "is_decoder": False}
    seed("hugging_face", "config", json.dumps(bert).encode())
    seed("hugging_face", "tokenizer", b'{"do_lower_case": false, "strip_accents": null}')


def tables() -> None:
    rows = "".join(f"{seed},{eta},20,true,{1.5 + seed * eta},10\n"
                   for seed in range(3) for eta in (0.1, 0.2))
    head = "seed,learning_rate,batch_size,converged,max_lambda_k,max_lambda_k_step\n"
    seed("table", "commas", (head + rows).encode())
    spreadsheet = "sep=;\n# note\n" + (head + rows).replace(",", ";").replace(".", ",")
    seed("table", "semicolons", b"\xef\xbb\xbf" + spreadsheet.encode())
    seed("table", "tabs", packed(("#" + head + rows).replace(",", "\t").encode()))
    seed("table", "momentum", b"Seed, LR ,bs,beta,break_even_step,max_lambda_h,max_lambda_h_error\n"
                              b"1,1e-2,32,0.9,40,\"3.5\",1e-3\n1,2e-2,32,0,NA,nan,\n")


def runs() -> None:
    header = {"run": "lr0.1-bs20-seed0", "seed": 0, "learning_rate": 0.1, "batch_size": 20,
              "model": "mlp 3-2-2", "data": "d", "examples": 60, "parameters": 14, "steps": 9,
              "covariance": {"batches": 5, "batch_size": 20}, "version": "0", "device": "flex f32"}
    outcome = {"status": "completed", "steps": 9}
    record = {"step": 0, "epoch": 0.0, "loss": 2.0, "training_accuracy": 0.5, "lambda_k": 1.0,
              "lambda_k_error_bound": 1e-6, "lambda_k_smallest": 0.1, "condition_k": 0.1,
              "trace_k": 2.0, "spectrum_k": [1.0, 0.5], "lambda_h": 3.0,
              "lambda_h_error_bound": 1e-3, "lambda_h_error_bound_kind": "gap_estimate",
              "lambda_h_status": "converged", "loss_change": 0.1, "stability": 0.2,
              "absent": {"psi": "why"}}
    later = {**record, "step": 4, "epoch": 1.3, "stability": 1.2}
    text = b"\x1e".join([lines(header), lines(outcome), lines(record, later)])
    seed("run_folder", "whole", text)
    model = {**header, "model": "the paper's one-dimensional model"}
    seed("run_folder", "model", b"\x1e".join([lines(model), b"", lines(record)]))
    line = {"step": 1, "epoch": 0.5, "classes": 2, "precision": "f32",
            "probabilities": [0.25, 0.75]}
    seed("predictions", "two", json.dumps(line).encode())
    del line["probabilities"]
    line.update(precision="f64", absent={"probabilities": "not finite"})
    seed("predictions", "absent", json.dumps(line).encode())


def picture() -> None:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return (struct.pack(">I", len(content)) + kind + content
                + struct.pack(">I", zlib.crc32(kind + content)))

    for kind, channels in ((0, 1), (2, 3), (6, 4)):
        rows = b"".join(b"\0" + bytes(range(channels * 3)) for _ in range(2))
        png = (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">2I5B", 3, 2, 8, kind, 0, 0, 0))
               + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
        seed("picture", f"png{kind}", png)
    # The smallest JPEG: one grey block, with a table of one code each.
    jpeg = (b"\xff\xd8\xff\xdb\0\x43\0" + bytes([1]) * 64
            + b"\xff\xc0\0\x0b\x08\0\x08\0\x08\x01\x01\x11\0"
            + b"\xff\xc4\0\x14\0" + bytes([1] + [0] * 15) + b"\0"
            + b"\xff\xc4\0\x14\x10" + bytes([1] + [0] * 15) + b"\0"
            + b"\xff\xda\0\x08\x01\x01\0\0\x3f\0\x3f\xff\xd9")
    seed("picture", "jpeg", jpeg)


for make in (idx, cifar, texts, archive, checkpoint, configurations, tables, runs, picture):
    make()
