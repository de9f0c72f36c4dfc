"""A real llama.cpp server on a tiny GGUF with random weights that this script writes itself.

Usage: engine.py MODEL.gguf PORT [embeddings]. The answers are noise; loading, streaming, token counts and aborts are the real engine's.
"""

import os
import sys
import threading

import gguf
import numpy as np
import xllamacpp

EMBEDDING, BLOCKS, HEADS, FEED_FORWARD, CONTEXT = 256, 4, 4, 512, 512


def write_model(path: str) -> None:
    """Writes a llama-architecture model with a byte-level vocabulary."""
    rng = np.random.default_rng(7)
    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    tokens += [chr(code) for code in range(33, 127)] + ["\u2581"]
    kinds = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL]
    kinds += [gguf.TokenType.BYTE] * 256 + [gguf.TokenType.NORMAL] * (len(tokens) - 259)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(EMBEDDING)
    writer.add_block_count(BLOCKS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(EMBEDDING // HEADS)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_chat_template("{% for m in messages %}{{ m['content'] }}{% endfor %}")

    def random(*shape: int) -> np.ndarray:
        return (rng.standard_normal(shape) * 0.05).astype(np.float32)

    writer.add_tensor("token_embd.weight", random(len(tokens), EMBEDDING))
    writer.add_tensor("output_norm.weight", np.ones(EMBEDDING, dtype=np.float32))
    writer.add_tensor("output.weight", random(len(tokens), EMBEDDING))
    for block in range(BLOCKS):
        name = f"blk.{block}."
        writer.add_tensor(name + "attn_norm.weight", np.ones(EMBEDDING, dtype=np.float32))
        writer.add_tensor(name + "ffn_norm.weight", np.ones(EMBEDDING, dtype=np.float32))
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            writer.add_tensor(f"{name}{part}.weight", random(EMBEDDING, EMBEDDING))
        writer.add_tensor(name + "ffn_gate.weight", random(FEED_FORWARD, EMBEDDING))
        writer.add_tensor(name + "ffn_up.weight", random(FEED_FORWARD, EMBEDDING))
        writer.add_tensor(name + "ffn_down.weight", random(EMBEDDING, FEED_FORWARD))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main() -> None:
    path, port = sys.argv[1], int(sys.argv[2])
    if not os.path.exists(path):
        write_model(path)
    params = xllamacpp.CommonParams()
    params.model.path = path
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.n_ctx = CONTEXT
    params.n_parallel = 1
    params.warmup = False
    params.cpuparams.n_threads = 2
    params.sampling.temp = 0  # noise that is the same each time, and does not end early by chance
    params.endpoint_slots = True
    params.endpoint_metrics = True
    params.slot_save_path = os.path.dirname(path) + "/"
    if sys.argv[3:] == ["embeddings"]:
        params.embedding = True
        params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    server = xllamacpp.Server(params)
    threading.Event().wait()
    del server


if __name__ == "__main__":
    main()
