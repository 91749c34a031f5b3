"""The peer of `wuneng bench compare`: the same work in PyTorch, eager, as its users write it.

Reads one piece of work per line of standard input, as JSON, and answers each with one line of JSON: the median, least and
greatest seconds of a run and the number of runs.

  {"work": "linear", "form": "forward|input|weight", "rows": 512, "out": 512, "in": 512, "dtype": "float32", "weights": 1, "seconds": 2}
  {"work": "attention", "length": 1024, "heads": 4, "head_size": 64, "seconds": 2}     forward and backward, causal
  {"work": "train", "model": {…config.json…}, "rows": 8, "length": 256, "seconds": 10}  a training step with AdamW
  {"work": "generate", "model": {…}, "dtype": "bfloat16", "behind": 128, "seconds": 2}  a token behind so many, without state heads

  peer_torch.py --threads 2 < work.jsonl
  peer_torch.py --device cuda < work.jsonl
  peer_torch.py --check lm-gated-add      compares loss and gradients with a golden file (.json and .safetensors), in float64
"""
import argparse
import itertools
import json
import math
import statistics
import struct
import sys
import time

import torch
import torch.nn.functional as F


def rms_norm(x, weight, eps):
    return F.rms_norm(x, weight.shape, weight, eps)


def turns(pos, size, theta, dtype):
    """cos and sin for every token and head, [B, T, 1, N / 2], from pos [B, T]; in float32 at least, as halves cannot tell positions apart."""
    wide = torch.promote_types(dtype, torch.float32)
    angle = pos[..., None, None].to(wide) * theta ** (-torch.arange(size // 2, dtype=wide) / (size // 2))
    return angle.cos().to(dtype), angle.sin().to(dtype)


def rope(x, cos, sin):
    """Half-rotation form; x is [B, T, H, N]."""
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


def shift(z, mu, pos):
    before = F.pad(z, (0, 0, 1, 0))[:, :-1] * (pos > 0)[..., None]
    return z + mu * (before - z)


def heads_linear(weight, x):
    return torch.einsum("hoi,bthi->btho", weight, x)


class Past:
    """Keys and values of a layer so far, in memory that exists."""

    def __init__(self, c, room, dtype):
        self.memory = torch.empty(2, 1, c["num_attention_heads"], room, c["head_dim"], dtype=dtype)
        self.length = 0

    def add(self, k, v):
        begin, self.length = self.length, self.length + k.shape[2]
        for memory, new in zip(self.memory, (k, v)):
            memory[:, :, begin:self.length] = new
        return self.memory[:, :, :, :self.length].unbind()


class Model:
    """The formulas of the spec over parameters by name: Qwen2, and with state heads the hybrid (gated middle heads, add)."""

    def __init__(self, config, parameters):
        self.c = config
        self.p = parameters
        self.eps = config.get("rms_norm_eps", 1e-6)
        self.theta = config.get("rope_theta", 1e6)
        prefixes = [f"model.layers.{i}." for i in range(config["num_hidden_layers"])]
        self.layers = [{k.removeprefix(prefix): v for k, v in parameters.items() if k.startswith(prefix)} for prefix in prefixes]
        self.head = parameters.get("lm_head.weight", parameters["model.embed_tokens.weight"])

    def loss(self, ids, labels, pos, segments=None):
        """pos [B, T] counts from a document's beginning; segments is None where every row is one document."""
        mask = None
        if segments is not None:
            mask = (segments[:, None, :, None] == segments[:, None, None, :]).tril()
        return F.cross_entropy(F.linear(self.hidden(ids, pos, mask), self.head).flatten(0, 1), labels.flatten())

    def hidden(self, ids, pos, mask=None, pasts=None):
        """With a past for every layer, of the tokens that follow it: all of a text, or one at a time."""
        x = self.p["model.embed_tokens.weight"][ids]
        turn = turns(pos, self.c["head_dim"], self.theta, x.dtype)
        for p, past in zip(self.layers, pasts or itertools.repeat(None)):
            x = x + self.attention(p, rms_norm(x, p["input_layernorm.weight"], self.eps), pos, turn, mask, past)
            h = rms_norm(x, p["post_attention_layernorm.weight"], self.eps)
            h = F.silu(F.linear(h, p["mlp.gate_proj.weight"])) * F.linear(h, p["mlp.up_proj.weight"])
            x = x + F.linear(h, p["mlp.down_proj.weight"])
        return rms_norm(x, self.p["model.norm.weight"], self.eps)

    def attention(self, p, x, pos, turn, mask, past):
        heads, kv, size = self.c["num_attention_heads"], self.c["num_key_value_heads"], self.c["head_dim"]
        split = lambda z: z.unflatten(-1, (-1, size))
        project = lambda n: F.linear(x, p[f"self_attn.{n}_proj.weight"], p[f"self_attn.{n}_proj.bias"])
        q = project("q")
        k, v = (split(project(n)).repeat_interleave(heads // kv, 2) for n in "kv")
        state = {n.removeprefix("self_attn.state."): w for n, w in p.items() if n.startswith("self_attn.state.")}
        queries = split(q)
        if state:
            s, states = self.state(state, x, q, k.flatten(2), v.flatten(2), pos, split)
            queries = queries + state["query.scale"][:, None] * heads_linear(state["query.weight"], s)
        turned = [z.transpose(1, 2) for z in (rope(queries, *turn), rope(k, *turn), v)]
        if past:
            turned[1:] = past.add(*turned[1:])
        a = F.scaled_dot_product_attention(*turned, attn_mask=mask, is_causal=mask is None and x.shape[1] > 1).transpose(1, 2)
        if state:
            key = heads_linear(state["key.weight"], s)
            out = torch.einsum("bthij,bthi->bthj", states, key)
            out = F.rms_norm(out, (size,), None, self.eps) * split(state["out_norm.weight"])
            gate = torch.sigmoid(heads_linear(p["self_attn.middle.gate.weight"], torch.cat([a, key], -1))
                                 + split(p["self_attn.middle.gate.bias"]))
            a = gate * a + (1 - gate) * key + split(state["out_scale"]) * out
        return F.linear(a.flatten(2), p["self_attn.o_proj.weight"])

    def state(self, w, x, q, k, v, pos, split):
        """The summaries s and every state S_t, [B, T, H, N, N]."""
        r, k, v = shift(q, w["x_r"], pos), shift(k, w["x_k"], pos), shift(v, w["x_v"], pos)
        decay = torch.exp(-math.exp(-0.5) * torch.sigmoid(w["w0"] + torch.tanh(shift(x, w["x_w"], pos) @ w["w1"]) @ w["w2"]))
        rate = torch.sigmoid(w["a0"] + shift(x, w["x_a"], pos) @ w["a1"] @ w["a2"])
        remove = F.normalize(split(k * w["k_k"]), dim=-1, eps=1e-12)
        k = k * (1 + (rate - 1) * w["k_a"])
        r, k, v, decay, rate = (split(z) for z in (r, k, v, decay, rate))
        add = rate * remove
        begins = pos == 0
        between = begins[:, 1:].any()
        states, S = [], torch.zeros(*k[:, 0].shape, k.shape[-1], dtype=k.dtype)
        for t in range(k.shape[1]):
            if between:
                S = S * ~begins[:, t, None, None, None]
            removed = S @ remove[:, t, :, :, None]
            S = S * decay[:, t, :, None] - removed * add[:, t, :, None] + v[:, t, :, :, None] * k[:, t, :, None]
            states.append(S)
        S = torch.stack(states, 1)
        y = (S @ r[..., None])[..., 0]
        y = (y - y.mean(-1, keepdim=True)) * torch.rsqrt(y.var(-1, unbiased=False, keepdim=True) + 64e-5)
        s = y * split(w["ln_x.weight"]) + split(w["ln_x.bias"]) + (r * k * w["r_k"]).sum(-1, keepdim=True) * v
        return s, S


def random_parameters(c):
    """Parameters of the right shapes; what they hold does not change the time."""
    d, heads, size, f = c["hidden_size"], c["num_attention_heads"], c["head_dim"], c["intermediate_size"]
    width, narrow = heads * size, c["num_key_value_heads"] * size
    rank = c.get("state_lora_rank", 32)
    shapes = {"model.embed_tokens.weight": (c["vocab_size"], d), "model.norm.weight": (d,)}
    if not c.get("tie_word_embeddings", False):
        shapes["lm_head.weight"] = (c["vocab_size"], d)
    layer = {"input_layernorm.weight": (d,), "post_attention_layernorm.weight": (d,), "mlp.gate_proj.weight": (f, d),
             "mlp.up_proj.weight": (f, d), "mlp.down_proj.weight": (d, f), "self_attn.q_proj.weight": (width, d),
             "self_attn.q_proj.bias": (width,), "self_attn.k_proj.weight": (narrow, d), "self_attn.k_proj.bias": (narrow,),
             "self_attn.v_proj.weight": (narrow, d), "self_attn.v_proj.bias": (narrow,), "self_attn.o_proj.weight": (d, width)}
    if c.get("state_heads", False):
        state = {n: (width,) for n in ("a0", "w0", "k_a", "k_k", "x_r", "x_k", "x_v", "ln_x.weight", "ln_x.bias",
                                       "out_norm.weight", "out_scale")}
        state |= {"x_a": (d,), "x_w": (d,), "a1": (d, rank), "w1": (d, rank), "a2": (rank, width), "w2": (rank, width),
                  "key.weight": (heads, size, size), "query.weight": (heads, size, size), "query.scale": (heads,), "r_k": (heads, size)}
        layer |= {f"self_attn.state.{n}": shape for n, shape in state.items()}
        layer |= {"self_attn.middle.gate.weight": (heads, size, 2 * size), "self_attn.middle.gate.bias": (width,)}
    for i in range(c["num_hidden_layers"]):
        shapes |= {f"model.layers.{i}.{n}": shape for n, shape in layer.items()}
    return {n: (torch.randn(shape) * 0.02 + (1 if n.endswith("norm.weight") else 0)).requires_grad_() for n, shape in shapes.items()}


def linear(work):
    """Several weights take turns, so that each comes from memory."""
    dtype = getattr(torch, work["dtype"])
    x, dy = (torch.randn(work["rows"], work[n], dtype=dtype) for n in ("in", "out"))
    weights = [torch.randn(work["out"], work["in"], dtype=dtype) for _ in range(work["weights"])]
    result = torch.empty_like({"forward": dy, "input": x, "weight": weights[0]}[work["form"]])
    factors = itertools.cycle([{"forward": (x, w.T), "input": (dy, w), "weight": (dy.T, x)}[work["form"]] for w in weights])
    return lambda: torch.mm(*next(factors), out=result)


def attention(work):
    q, k, v = (torch.randn(1, work["heads"], work["length"], work["head_size"], requires_grad=True) for _ in range(3))
    upstream = torch.randn_like(q)
    return lambda: torch.autograd.grad(F.scaled_dot_product_attention(q, k, v, is_causal=True), (q, k, v), upstream)


def train(work):
    c = work["model"]
    parameters = random_parameters(c)
    model = Model(c, parameters)
    optimizer = torch.optim.AdamW(parameters.values(), lr=1e-4, betas=(0.9, 0.95), fused=True)
    shape = (work["rows"], work["length"])
    ids, labels = torch.randint(c["vocab_size"], shape), torch.randint(c["vocab_size"], shape)
    pos = torch.arange(work["length"]).expand(shape)

    def step():
        optimizer.zero_grad()
        model.loss(ids, labels, pos).backward()
        torch.nn.utils.clip_grad_norm_(parameters.values(), 1.0)
        optimizer.step()
    return step


def generate(work):
    """A token of a text that grows from `behind` tokens to twice as many, and then from there again."""
    c, behind, dtype = work["model"], work["behind"], getattr(torch, work["dtype"])
    model = Model(c, {n: p.detach().to(dtype) for n, p in random_parameters(c).items()})
    pasts = [Past(c, 2 * behind, dtype) for _ in model.layers]

    @torch.inference_mode()
    def follow(ids):
        pos = torch.arange(len(ids)) + pasts[0].length
        return F.linear(model.hidden(ids[None], pos[None], pasts=pasts)[:, -1], model.head).argmax().item()

    token = follow(torch.randint(c["vocab_size"], (behind,)))

    def step():
        nonlocal token
        if pasts[0].length == 2 * behind:
            for past in pasts:
                past.length = behind
        token = follow(torch.tensor([token]))
    return step


def measure(work, seconds):
    def run():
        work()
        if torch.get_default_device().type == "cuda":
            torch.cuda.synchronize()

    least, warm_up = 3, time.perf_counter() + seconds / 4
    run()
    while time.perf_counter() < warm_up:
        run()
    times, end = [], time.perf_counter() + seconds
    while len(times) < least or time.perf_counter() < end:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return {"median": statistics.median(times), "min": min(times), "max": max(times), "runs": len(times)}


def check(name):
    """The greatest error of loss and gradients, relative to each tensor's norm."""
    with open(name + ".safetensors", "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = bytearray(file.read())
    types = {"F32": torch.float32, "F64": torch.float64, "I32": torch.int32}
    golden = {n: torch.frombuffer(data[slice(*t["data_offsets"])], dtype=types[t["dtype"]]).reshape(t["shape"])
              for n, t in header.items() if n != "__metadata__"}
    with open(name + ".json") as file:
        config = json.load(file)
    parameters = {n.removeprefix("param."): t.double().requires_grad_() for n, t in golden.items() if n.startswith("param.")}
    segments, labels = golden["segment_ids"], golden["labels"].long()
    pos = torch.zeros_like(segments)
    for t in range(1, pos.shape[1]):
        pos[:, t] = (pos[:, t - 1] + 1) * (segments[:, t] == segments[:, t - 1])
    # Segment ids may come again later in a row; documents are counted instead.
    ids, model = golden["input_ids"].long(), Model(config, parameters)
    loss = model.loss(ids, labels, pos, (pos == 0).cumsum(1))
    loss.backward()
    print("loss", loss.item(), "golden", golden["loss"].item())
    errors = {n: ((p.grad - golden["grad." + n]).norm() / golden["grad." + n].norm().clamp_min(1e-12)).item() for n, p in parameters.items()}
    worst = max(errors, key=errors.get)
    print("worst gradient", worst, errors[worst])
    apart = 0 if config["state_heads"] else one_by_one(model, ids[:1])
    return 0 if abs(loss.item() - golden["loss"].item()) < 1e-9 and errors[worst] < 1e-6 and apart < 1e-12 else 1


@torch.no_grad()
def one_by_one(model, ids):
    """How far hidden states that are computed token by token are from those of the whole text."""
    pos = torch.arange(ids.shape[1])[None]
    pasts = [Past(model.c, ids.shape[1], torch.float64) for _ in model.layers]
    tokens = [model.hidden(ids[:, t:t + 1], pos[:, t:t + 1], pasts=pasts) for t in range(ids.shape[1])]
    apart = (torch.cat(tokens, 1) - model.hidden(ids, pos)).abs().max().item()
    print("token by token", apart)
    return apart


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--check", metavar="GOLDEN")
    arguments = parser.parse_args()
    if arguments.check:
        sys.exit(check(arguments.check))
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    torch.set_default_device(arguments.device)
    torch.zeros(1)  # fails here where there is no such device
    torch.manual_seed(1)
    print(json.dumps({"torch": torch.__version__, "device": arguments.device, "threads": torch.get_num_threads()}), flush=True)
    for line in sys.stdin:
        work = json.loads(line)
        run = {"linear": linear, "attention": attention, "train": train, "generate": generate}[work["work"]](work)
        print(json.dumps(measure(run, work["seconds"])), flush=True)
