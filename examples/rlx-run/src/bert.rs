//! The graph of a BERT-class sentence encoder, built from a model's config.json.

use anyhow::{Result, ensure};
use rlx_ir::op::BinaryOp;
use rlx_ir::{DType, Graph, GraphExt, NodeId, Shape};
use serde::Deserialize;

/// The parts of config.json that shape the graph.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct BertConfig {
    model_type: String,
    hidden_act: String,
    #[serde(default = "absolute")]
    position_embedding_type: String,
    pub(crate) vocab_size: usize,
    pub(crate) hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    /// Longest text in tokens.
    pub(crate) max_position_embeddings: usize,
    type_vocab_size: usize,
    layer_norm_eps: f32,
}

fn absolute() -> String {
    "absolute".to_owned()
}

impl BertConfig {
    /// Checks that [`encoder`] can build this model.
    ///
    /// # Errors
    /// Names the key of config.json and the value that it must have.
    pub(crate) fn check(&self) -> Result<()> {
        for (key, value, wanted) in [
            ("model_type", &self.model_type, "bert"),
            ("hidden_act", &self.hidden_act, "gelu"),
            ("position_embedding_type", &self.position_embedding_type, "absolute"),
        ] {
            ensure!(value == wanted, "{key} is `{value}`, but rlx-run embed can only build `{wanted}`");
        }
        for (key, value) in [
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("num_attention_heads", self.num_attention_heads),
            ("intermediate_size", self.intermediate_size),
            ("max_position_embeddings", self.max_position_embeddings),
            ("type_vocab_size", self.type_vocab_size),
        ] {
            // Token ids travel as f32, which is exact up to 2^24; nothing else comes near it.
            ensure!((1..=1 << 24).contains(&value), "{key} is {value}, expected 1 to 16777216");
        }
        // The deepest models of this kind have 24.
        let layers = self.num_hidden_layers;
        ensure!(layers <= 1000, "num_hidden_layers is {layers}, expected at most 1000");
        ensure!(
            self.hidden_size.is_multiple_of(self.num_attention_heads),
            "hidden_size {} is not a multiple of num_attention_heads {}",
            self.hidden_size,
            self.num_attention_heads
        );
        Ok(())
    }
}

/// The encoder with mean pooling and L2 norm, for one batch shape.
///
/// Inputs, both f32 `[batch, seq]`: `input_ids` (RLX takes indices as f32) and `attention_mask` (1 for a
/// token, 0 for padding). Output: unit vectors `embeddings`, f32 `[batch, hidden_size]`. Parameters have
/// the names and shapes of the model's safetensors file, and
/// `dtype`, in which everything up to the pooling is computed. `config` has passed [`BertConfig::check`], `batch`
/// and `seq` are at least 1, and `seq` is at most `max_position_embeddings`.
pub(crate) fn encoder(config: &BertConfig, batch: usize, seq: usize, dtype: DType) -> Graph {
    let mut builder = Builder { graph: Graph::new("sentence_encoder"), config, dtype };
    let tokens = Shape::new(&[batch, seq], DType::F32);
    let ids = builder.graph.input("input_ids", tokens.clone());
    let given = builder.graph.input("attention_mask", tokens);
    // Nothing is cast in f32.
    let mask = if dtype == DType::F32 { given } else { builder.graph.cast(given, dtype) };

    let mut x = builder.embeddings(ids, seq);
    for index in 0..config.num_hidden_layers {
        x = builder.layer(x, mask, &format!("encoder.layer.{index}"));
    }
    let x = if dtype == DType::F32 { x } else { builder.graph.cast(x, DType::F32) };
    let pooled = builder.mean_pool(x, given, batch, seq);
    let unit = builder.normalize(pooled);
    let mut graph = builder.graph;
    graph.set_named_outputs([("embeddings", unit)]);
    graph
}

struct Builder<'a> {
    graph: Graph,
    config: &'a BertConfig,
    dtype: DType,
}

impl Builder<'_> {
    fn param(&mut self, name: &str, dims: &[usize]) -> NodeId {
        self.graph.param(name, Shape::new(dims, self.dtype))
    }

    /// Word, position and token type, normalized; `[batch, seq, hidden]`.
    fn embeddings(&mut self, ids: NodeId, seq: usize) -> NodeId {
        let &BertConfig { vocab_size, hidden_size, max_position_embeddings, type_vocab_size, .. } = self.config;
        let words = self.param("embeddings.word_embeddings.weight", &[vocab_size, hidden_size]);
        let places = self.param("embeddings.position_embeddings.weight", &[max_position_embeddings, hidden_size]);
        let types = self.param("embeddings.token_type_embeddings.weight", &[type_vocab_size, hidden_size]);
        let g = &mut self.graph;
        let word = g.gather_(words, ids, 0);
        let place = g.narrow_(places, 0, 0, seq);
        // A single sentence is of token type 0 throughout.
        let kind = g.narrow_(types, 0, 0, 1);
        let offset = g.add(place, kind);
        let sum = g.add(word, offset);
        self.layer_norm(sum, "embeddings.LayerNorm")
    }

    /// One transformer layer, normalized after each residual.
    fn layer(&mut self, x: NodeId, mask: NodeId, name: &str) -> NodeId {
        let &BertConfig { hidden_size, intermediate_size, .. } = self.config;
        let attended = self.attention(x, mask, &format!("{name}.attention"));
        let sum = self.graph.add(x, attended);
        let x = self.layer_norm(sum, &format!("{name}.attention.output.LayerNorm"));

        let wide = self.linear(x, &format!("{name}.intermediate.dense"), hidden_size, intermediate_size);
        let wide = self.graph.gelu(wide);
        let narrow = self.linear(wide, &format!("{name}.output.dense"), intermediate_size, hidden_size);
        let sum = self.graph.add(x, narrow);
        self.layer_norm(sum, &format!("{name}.output.LayerNorm"))
    }

    fn attention(&mut self, x: NodeId, mask: NodeId, name: &str) -> NodeId {
        let &BertConfig { hidden_size, num_attention_heads, .. } = self.config;
        let [q, k, v] = ["query", "key", "value"]
            .map(|part| self.linear(x, &format!("{name}.self.{part}"), hidden_size, hidden_size));
        let head_dim = hidden_size / num_attention_heads;
        let mixed = self.graph.attention_(q, k, v, mask, num_attention_heads, head_dim);
        self.linear(mixed, &format!("{name}.output.dense"), hidden_size, hidden_size)
    }

    /// x · Wᵀ + b; the file stores W as `[output, input]`.
    fn linear(&mut self, x: NodeId, name: &str, input: usize, output: usize) -> NodeId {
        let weight = self.param(&format!("{name}.weight"), &[output, input]);
        let bias = self.param(&format!("{name}.bias"), &[output]);
        let weight = self.graph.transpose_(weight, vec![1, 0]);
        let product = self.graph.mm(x, weight);
        self.graph.add(product, bias)
    }

    fn layer_norm(&mut self, x: NodeId, name: &str) -> NodeId {
        let gamma = self.param(&format!("{name}.weight"), &[self.config.hidden_size]);
        let beta = self.param(&format!("{name}.bias"), &[self.config.hidden_size]);
        self.graph.ln(x, gamma, beta, self.config.layer_norm_eps)
    }

    /// The mean over a text's tokens, padding left out; `[batch, hidden]`.
    fn mean_pool(&mut self, x: NodeId, mask: NodeId, batch: usize, seq: usize) -> NodeId {
        let g = &mut self.graph;
        let column = g.reshape_(mask, vec![batch as i64, seq as i64, 1]);
        let kept = g.mul(x, column);
        let sum = g.sum(kept, vec![1], false);
        let count = g.sum(mask, vec![1], true);
        // The bounds here and in `normalize` are those of sentence-transformers.
        let count = self.at_least(count, 1e-9);
        self.graph.div(sum, count)
    }

    fn normalize(&mut self, x: NodeId) -> NodeId {
        let squares = self.graph.mul(x, x);
        let sum = self.graph.sum(squares, vec![1], true);
        let norm = self.graph.sqrt(sum);
        let norm = self.at_least(norm, 1e-12);
        self.graph.div(x, norm)
    }

    fn at_least(&mut self, x: NodeId, bound: f32) -> NodeId {
        let shape = self.graph.shape(x).clone();
        let bound = self.graph.full(&[1, 1], bound, DType::F32);
        self.graph.binary(BinaryOp::Max, x, bound, shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rlx_ir::{Op, rlxmodel, verify_all};

    fn config() -> BertConfig {
        serde_json::from_str(
            r#"{"model_type": "bert", "hidden_act": "gelu", "vocab_size": 100, "hidden_size": 12, "num_hidden_layers": 2,
                "num_attention_heads": 3, "intermediate_size": 24, "max_position_embeddings": 16,
                "type_vocab_size": 2, "layer_norm_eps": 1e-12}"#,
        )
        .unwrap()
    }

    #[test]
    fn the_graph_is_valid_and_survives_its_text_form() {
        let graph = encoder(&config(), 3, 7, DType::F32);
        assert!(verify_all(&graph).is_empty(), "{:?}", verify_all(&graph));
        assert_eq!(graph.shape(graph.outputs[0]).to_string(), "[3, 12] f32");
        let params = graph.nodes().iter().filter(|node| matches!(node.op, Op::Param { .. })).count();
        assert_eq!(params, 5 + 2 * 16);

        let text = rlxmodel::to_text(&graph).unwrap();
        let again = rlxmodel::from_text(&text).unwrap();
        assert_eq!(again.len(), graph.len());
        assert_eq!(again.output_name(0), Some("embeddings"));
    }

    #[test]
    fn halves_are_f32_behind_the_last_layer() {
        let graph = encoder(&config(), 3, 7, DType::BF16);
        assert!(verify_all(&graph).is_empty(), "{:?}", verify_all(&graph));
        assert_eq!(graph.shape(graph.outputs[0]).to_string(), "[3, 12] f32");
        let halves = graph.nodes().iter().filter(|node| node.shape.dtype() == DType::BF16).count();
        assert!(halves > 5 + 2 * 16, "{halves} nodes");
    }

    #[test]
    fn a_config_that_cannot_be_built_is_named() {
        config().check().unwrap();
        let relu = BertConfig { hidden_act: "relu".to_owned(), ..config() };
        assert!(relu.check().unwrap_err().to_string().starts_with("hidden_act is `relu`"));
        let odd = BertConfig { num_attention_heads: 5, ..config() };
        assert!(odd.check().unwrap_err().to_string().contains("not a multiple of num_attention_heads 5"));
        let none = BertConfig { num_attention_heads: 0, ..config() };
        assert!(none.check().is_err());
        let deep = BertConfig { num_hidden_layers: usize::MAX, ..config() };
        assert!(deep.check().unwrap_err().to_string().contains("expected at most 1000"));
    }
}
