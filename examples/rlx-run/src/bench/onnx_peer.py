"""What `rlx-run bench` times ONNX Runtime with: JSON lines on standard input and output, as bench/wire.rs says.

The first line of the input says what to run: {"kind": "embed", "folder", "batch", "tokens", "fused", "threads"} or
{"kind": "model", "file", "inputs": [{"name", "dtype", "shape", "file"}], "threads"}.
"""
import json
import os
import sys
import time

MARK = "\x01rlx-run "


def say(kind, value=None):
    print(MARK + json.dumps(kind if value is None else {kind: value}), flush=True)


def refuse(message):
    say("Refused", {"usage": False, "message": message})
    sys.exit(0)


def need(package):
    try:
        return __import__(package, fromlist=["_"])
    except ImportError as error:
        refuse(f"onnxruntime cannot be timed: {error}; remedy: {sys.executable} -m pip install {package.split('.')[0]}")


def tensors(path):
    """The tensors of a .safetensors file by name."""
    with open(path, "rb") as file:
        head = int.from_bytes(file.read(8), "little")
        header, data = json.loads(file.read(head)), file.read()
    dtypes = {"F32": np.float32, "I64": np.int64}
    return {
        name: np.frombuffer(data[slice(*t["data_offsets"])], dtypes[t["dtype"]]).reshape(t["shape"])
        for name, t in header.items()
        if name != "__metadata__" and t["dtype"] in dtypes
    }


class Encoder:
    """A BERT encoder as PyTorch exports it, which is the form that onnxruntime.transformers finds its fusions in."""

    def __init__(self, folder):
        with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
            self.config = json.load(file)
        self.weights = tensors(os.path.join(folder, "model.safetensors"))
        self.nodes, self.constants = [], {}

    def constant(self, name, value):
        self.constants.setdefault(name, onnx.numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def weight(self, name, turned=False):
        value = self.weights[name]
        return self.constant(name + ("^T" if turned else ""), value.T if turned else value)

    def number(self, value):
        return self.constant(f"number_{value}", np.array(value, np.float32))

    def op(self, kind, *inputs, **attributes):
        out = f"{kind}_{len(self.nodes)}"
        self.nodes.append(onnx.helper.make_node(kind, list(inputs), [out], name=out, **attributes))
        return out

    def linear(self, x, name):
        return self.op("Add", self.op("MatMul", x, self.weight(name + ".weight", True)), self.weight(name + ".bias"))

    def norm(self, x, name):
        epsilon = self.config["layer_norm_eps"]
        return self.op(
            "LayerNormalization", x, self.weight(name + ".weight"), self.weight(name + ".bias"), axis=-1, epsilon=epsilon
        )

    def heads(self, x, perm):
        width, heads = self.config["hidden_size"], self.config["num_attention_heads"]
        split = self.constant("split", np.array([0, 0, heads, width // heads], np.int64))
        return self.op("Transpose", self.op("Reshape", x, split), perm=perm)

    def attention(self, x, mask, name):
        width, heads = self.config["hidden_size"], self.config["num_attention_heads"]
        q, k, v = (self.linear(x, f"{name}.self.{part}") for part in ("query", "key", "value"))
        q, k, v = self.heads(q, [0, 2, 1, 3]), self.heads(k, [0, 2, 3, 1]), self.heads(v, [0, 2, 1, 3])
        scores = self.op("Div", self.op("MatMul", q, k), self.number((width // heads) ** 0.5))
        shares = self.op("Softmax", self.op("Add", scores, mask), axis=-1)
        mixed = self.op("Transpose", self.op("MatMul", shares, v), perm=[0, 2, 1, 3])
        joined = self.op("Reshape", mixed, self.constant("join", np.array([0, 0, width], np.int64)))
        return self.linear(joined, name + ".output.dense")

    def gelu(self, x):
        erf = self.op("Erf", self.op("Div", x, self.number(2**0.5)))
        return self.op("Mul", self.op("Mul", x, self.op("Add", erf, self.number(1.0))), self.number(0.5))

    def model(self, batch, tokens):
        words = self.op("Gather", self.weight("embeddings.word_embeddings.weight"), "input_ids")
        kinds = self.op("Gather", self.weight("embeddings.token_type_embeddings.weight"), "token_type_ids")
        place = self.constant("places", self.weights["embeddings.position_embeddings.weight"][None, :tokens])
        x = self.norm(self.op("Add", self.op("Add", words, kinds), place), "embeddings.LayerNorm")
        mask = self.op("Unsqueeze", "attention_mask", self.constant("axis1", np.array([1], np.int64)))
        mask = self.op("Unsqueeze", mask, self.constant("axis2", np.array([2], np.int64)))
        mask = self.op("Sub", self.number(1.0), self.op("Cast", mask, to=onnx.TensorProto.FLOAT))
        mask = self.op("Mul", mask, self.number(float(np.finfo(np.float32).min)))
        for i in range(self.config["num_hidden_layers"]):
            layer = f"encoder.layer.{i}"
            x = self.norm(self.op("Add", self.attention(x, mask, layer + ".attention"), x), layer + ".attention.output.LayerNorm")
            wide = self.gelu(self.linear(x, layer + ".intermediate.dense"))
            x = self.norm(self.op("Add", self.linear(wide, layer + ".output.dense"), x), layer + ".output.LayerNorm")
        self.nodes[-1].output[0] = "last_hidden_state"
        info = onnx.helper.make_tensor_value_info
        inputs = [info(name, onnx.TensorProto.INT64, [batch, tokens]) for name in ("input_ids", "attention_mask", "token_type_ids")]
        out = info("last_hidden_state", onnx.TensorProto.FLOAT, [batch, tokens, self.config["hidden_size"]])
        graph = onnx.helper.make_graph(self.nodes, "encoder", inputs, [out], list(self.constants.values()))
        return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9)


def embed(work):
    """A session and its inputs, and how embeddings come of its output."""
    global onnx
    batch, tokens, folder = work["batch"], work["tokens"], work["folder"]
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
        config = json.load(file)
    files = [os.path.join(folder, *path) for path in (["model.onnx"], ["onnx", "model.onnx"])]
    given = next((file for file in files if os.path.exists(file)), None)
    if work["fused"] or given is None:
        onnx = need("onnx")
        need("onnx.helper"), need("onnx.numpy_helper")
    model = given
    if work["fused"]:
        optimizer = need("onnxruntime.transformers.optimizer")
        source = onnx.load(given) if given else Encoder(folder).model(batch, tokens)
        heads, width = config["num_attention_heads"], config["hidden_size"]
        fused = optimizer.optimize_by_fusion(source, "bert", heads, width)
        found = {node.op_type for node in fused.model.graph.node}
        if not found & {"Attention", "MultiHeadAttention"}:
            refuse(f"onnxruntime.transformers finds no attention to fuse, of {sorted(found)}")
        model = fused.model.SerializeToString()
    elif given is None:
        model = Encoder(folder).model(batch, tokens).SerializeToString()
    session = open_session(model, work)
    vocabulary = config["vocab_size"]
    first = 1000 if vocabulary > 1000 else 0
    ids = first + np.arange(batch * tokens, dtype=np.int64) * 7919 % (vocabulary - first)
    values = {"input_ids": ids.reshape(batch, tokens), "attention_mask": np.ones((batch, tokens), np.int64)}
    values["token_type_ids"] = np.zeros((batch, tokens), np.int64)
    feeds = {i.name: values[i.name].astype(np.int32 if "int32" in i.type else np.int64) for i in session.get_inputs()}

    def shown(outputs):
        pooled = outputs[0].mean(axis=1) if outputs[0].ndim == 3 else outputs[0]
        return (pooled / np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), 1e-12)).ravel()

    return session, feeds, shown


def made_up(dtype, shape):
    places = np.arange(int(np.prod(shape)), dtype=np.int64)
    if dtype.startswith(("f", "bf")):
        return ((places * 7919 % 2001 - 1000) / 1000).astype({"f16": np.float16, "f64": np.float64}.get(dtype, np.float32)).reshape(shape)
    return (places % 2).astype({"bool": np.bool_}.get(dtype, dtype.replace("i", "int").replace("u", "uint") if dtype != "bool" else None)).reshape(shape)


def model(work):
    session = open_session(work["file"], work)
    wanted = session.get_inputs()
    feeds = {}
    for place, given in enumerate(work["inputs"]):
        named = next((i for i in wanted if i.name == given["name"]), wanted[place] if place < len(wanted) else None)
        if named is None:
            refuse(f"{work['file']} takes {len(wanted)} inputs, the program {len(work['inputs'])}")
        value = np.load(given["file"]) if given["file"] else made_up(given["dtype"], given["shape"])
        kinds = {"int64": np.int64, "int32": np.int32, "float": np.float32, "double": np.float64, "float16": np.float16}
        feeds[named.name] = value.astype(kinds.get(named.type[len("tensor(") : -1], value.dtype))
    return session, feeds, lambda outputs: np.asarray(outputs[0]).ravel()


def open_session(model, work):
    options = ort.SessionOptions()
    options.intra_op_num_threads = work["threads"] or 0
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def peak():
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return None


def main():
    global np, ort
    work = json.loads(sys.stdin.readline())
    ort = need("onnxruntime")
    np = need("numpy")
    started = time.perf_counter()
    try:
        session, feeds, shown = {"embed": embed, "model": model}[work["kind"]](work)
    except Exception as error:
        refuse(f"onnxruntime cannot run it: {type(error).__name__}: {error}")
    load_ms = (time.perf_counter() - started) * 1e3

    def timed():
        start = time.perf_counter()
        outputs = session.run(None, feeds)
        return (time.perf_counter() - start) * 1e3, outputs

    first_ms, outputs = timed()
    values = [float(value) for value in shown(outputs)[: work["shown"]]]
    say("Ready", {"version": ort.__version__, "device": "cpu", "load_ms": load_ms, "first_run_ms": first_ms,
                  "weights_bytes": None, "values": values, "checksum": None})
    for line in sys.stdin:
        request = json.loads(line)
        if "Run" in request:
            count, limit = request["Run"]["count"], request["Run"]["seconds"]
            times, start = [], time.perf_counter()
            while len(times) < count and (not times or time.perf_counter() - start < limit):
                times.append(timed()[0])
            say("Times", times)
        else:
            say("End", {"peak_bytes": peak(), "other_bits": 0, "spans": None})
            return


main()
