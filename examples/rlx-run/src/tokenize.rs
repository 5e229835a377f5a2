//! Texts to token ids, with the model's own tokenizer.json.

use crate::backend::guarded;
use anyhow::{Result, anyhow};
use std::path::Path;
use tokenizers::{Tokenizer, TruncationParams};

/// The tokenizer of a sentence-transformers model.
pub(crate) struct SentenceTokenizer(Tokenizer);

impl SentenceTokenizer {
    /// Reads tokenizer.json in `model`; texts are cut to `max_length` tokens, `[CLS]` and `[SEP]` included.
    pub(crate) fn open(model: &Path, max_length: usize) -> Result<Self> {
        let path = model.join("tokenizer.json");
        // tokenizers' errors are boxed and do not convert by themselves.
        let named = |error: tokenizers::Error| anyhow!("{}: {error}", path.display());
        let mut tokenizer = Tokenizer::from_file(&path).map_err(named)?;
        // The file asks for a fixed length, which sentence-transformers overrides, too.
        tokenizer.with_padding(None);
        tokenizer
            .with_truncation(Some(TruncationParams { max_length, ..TruncationParams::default() }))
            .map_err(named)?;
        Ok(Self(tokenizer))
    }

    /// The ids of each text, without padding.
    pub(crate) fn encode(&self, texts: &[String]) -> Result<Vec<Vec<u32>>> {
        let inputs: Vec<_> = texts.iter().map(String::as_str).collect();
        // It panics where it gets no threads.
        let encodings = guarded("tokenizing", || self.0.encode_batch_fast(inputs, true))?;
        let encodings = encodings.map_err(|error| anyhow!("tokenizing: {error}"))?;
        Ok(encodings.iter().map(|encoding| encoding.get_ids().to_vec()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Reference {
        sentences: Vec<String>,
        token_ids: Vec<Vec<u32>>,
    }

    /// `cargo xtask test` names the model folder; without it there is nothing to compare with.
    #[test]
    fn ids_are_those_of_the_independent_tokenizer() {
        let Some(model) = std::env::var_os("RLX_TEST_MODEL_DIR") else { return };
        let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/minilm.json");
        let reference: Reference = serde_json::from_str(&std::fs::read_to_string(reference).unwrap()).unwrap();
        let tokenizer = SentenceTokenizer::open(Path::new(&model), 256).unwrap();
        assert_eq!(tokenizer.encode(&reference.sentences).unwrap(), reference.token_ids);

        let short = SentenceTokenizer::open(Path::new(&model), 5).unwrap();
        let cut = short.encode(&reference.sentences[..1]).unwrap();
        let full = &reference.token_ids[0];
        assert_eq!(cut[0], [full[0], full[1], full[2], full[3], full[full.len() - 1]]);
    }
}
