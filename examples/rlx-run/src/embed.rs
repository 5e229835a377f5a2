//! `rlx-run embed`: sentence embeddings, as sentence-transformers computes them.

use crate::backend::{self, Choice, Engine, Executable, Memory, PluginSummary};
use crate::bert::{self, BertConfig};
use crate::cli::EmbedArgs;
use crate::dealt::Dealt;
use crate::params::{self, Weights};
use crate::progress::Progress;
use crate::report::{self, Table};
use crate::run::run_times;
use crate::timing::{RunTimes, Timings, timed};
use crate::tokenize::SentenceTokenizer;
use crate::{UsageError, values};
use anyhow::{Context, Result, bail, ensure};
use rlx_host_api::DType;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{BufRead, IsTerminal};
use std::path::Path;

/// Texts in one batch when the user does not say.
const DEFAULT_BATCH: usize = 32;

#[derive(Serialize)]
struct Report {
    backend: String,
    plugin: Option<PluginSummary>,
    device: String,
    embeddings: Vec<Vec<f32>>,
    shape: [usize; 2],
    #[serde(flatten)]
    timings: Timings,
    /// Of the engine after the last run; null where the backend does not tell.
    memory: Option<Memory>,
}

/// The key of sentence_bert_config.json that matters here.
#[derive(serde::Deserialize)]
struct SentenceConfig {
    max_seq_length: usize,
}

/// Runs the command.
pub(crate) fn execute(args: EmbedArgs) -> Result<()> {
    let texts = texts(args.texts)?;
    let mut timings = Timings::default();
    let progress = Progress::start(0);
    progress.message("loading");
    let (engine, model) = timed(&mut timings.load_ms, || -> Result<_> {
        let choice = Choice { threads: args.threads.threads, profile: false };
        Ok((backend::open(&args.backend, choice)?, Model::open(&args.model, args.max_length)?))
    })?;
    let ids = model.tokenizer.encode(&texts)?;
    let dealt = if args.data_parallel { Some(Dealt::new(engine.group()?, &ids)?) } else { None };
    let usual = dealt.as_ref().map_or(DEFAULT_BATCH, |dealt| dealt.batch(ids.len(), DEFAULT_BATCH));
    let batch = args.batch.map_or(usual, |batch| batch.get());
    let embeddings = model.embed(&*engine, &ids, batch, dealt.as_ref(), args.repeat, &mut timings, &progress)?;
    drop(progress);
    if dealt.is_some_and(|dealt| !dealt.is_first()) {
        return Ok(());
    }

    let report = Report {
        backend: args.backend.backend.to_string_lossy().into_owned(),
        plugin: engine.plugin().cloned(),
        device: engine.device().to_owned(),
        shape: [embeddings.len(), embeddings.first().map_or(0, Vec::len)],
        embeddings,
        timings,
        memory: engine.memory()?,
    };
    if args.output.json { report::print_json(&report) } else { print_table(&texts, &report) }
}

fn texts(given: Vec<String>) -> Result<Vec<String>> {
    let stdin = std::io::stdin();
    let texts = match given.is_empty() {
        false => given,
        true if stdin.is_terminal() => Vec::new(),
        true => stdin.lock().lines().collect::<Result<_, _>>().context("reading standard input")?,
    };
    if texts.is_empty() {
        bail!(UsageError("no text: give TEXT arguments, or lines on standard input".to_owned()));
    }
    Ok(texts)
}

/// The encoder of a model folder.
pub(crate) struct Encoder {
    pub(crate) config: BertConfig,
    weights: Weights,
}

/// The configuration of a model folder.
fn config(folder: &Path) -> Result<BertConfig> {
    let config: BertConfig = read_json(&folder.join("config.json"))?;
    config.check().with_context(|| folder.join("config.json").display().to_string())?;
    Ok(config)
}

impl Encoder {
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        Ok(Self { config: config(folder)?, weights: Weights::open(&folder.join("model.safetensors"))? })
    }

    /// The program for one batch shape, with its parameters.
    pub(crate) fn prepare(
        &self,
        engine: &dyn Engine,
        shape: [usize; 2],
        dtype: rlx_ir::DType,
    ) -> Result<Box<dyn Executable>> {
        let longest = self.config.max_position_embeddings;
        if shape[1] > longest {
            bail!(UsageError(format!("{} tokens are more than the model's {longest}", shape[1])));
        }
        let mut program = self.compile(engine, shape, dtype)?;
        params::upload_rounded(&mut *program, &self.weights)?;
        Ok(program)
    }

    fn compile(
        &self,
        engine: &dyn Engine,
        [batch, seq]: [usize; 2],
        dtype: rlx_ir::DType,
    ) -> Result<Box<dyn Executable>> {
        let graph = bert::encoder(&self.config, batch, seq, dtype);
        let program = engine.compile(rlx_ir::rlxmodel::to_text(&graph)?.as_bytes())?;
        let dims = [i64::try_from(batch)?, i64::try_from(self.config.hidden_size)?];
        let [output] = program.outputs() else {
            bail!("the backend reports {} outputs of the encoder", program.outputs().len());
        };
        ensure!(
            output.dtype == DType::F32 && output.dims == dims,
            "the backend reports {output} as the output of the encoder, expected f32{dims:?}"
        );
        Ok(program)
    }
}

/// An opened model folder.
struct Model {
    encoder: Encoder,
    tokenizer: SentenceTokenizer,
}

impl Model {
    fn open(folder: &Path, max_length: Option<usize>) -> Result<Self> {
        let longest = config(folder)?.max_position_embeddings;
        let max_length = match max_length {
            Some(length) => length,
            None => read_json::<SentenceConfig>(&folder.join("sentence_bert_config.json"))?.max_seq_length,
        };
        // Two tokens are [CLS] and [SEP].
        if !(3..=longest).contains(&max_length) {
            bail!(UsageError(format!(
                "the maximum length {max_length} is not between 3 and the model's {longest} tokens; set --max-length"
            )));
        }
        let tokenizer = SentenceTokenizer::open(folder, max_length)?;
        Ok(Self { encoder: Encoder::open(folder)?, tokenizer })
    }

    /// One vector for each of `ids`, in their order; of batches that are dealt, each rank computes its own.
    #[allow(clippy::too_many_arguments, reason = "what is embedded, where, how, and what is told of it")]
    fn embed(
        &self,
        engine: &dyn Engine,
        ids: &[Vec<u32>],
        batch: usize,
        dealt: Option<&Dealt>,
        repeat: u64,
        timings: &mut Timings,
        progress: &Progress,
    ) -> Result<Vec<Vec<f32>>> {
        // By length, so that a batch has little padding and neighbours often share a program.
        let mut order: Vec<usize> = (0..ids.len()).collect();
        order.sort_by_key(|&text| ids[text].len());
        let batches: Vec<&[usize]> = order.chunks(batch).collect();
        let is_own = |batch: usize| dealt.is_none_or(|dealt| dealt.is_own(batch));
        let own = (0..batches.len()).filter(|&batch| is_own(batch));
        progress.expect((own.clone().count() as u64).saturating_mul(repeat));

        let mut embeddings = vec![Vec::new(); ids.len()];
        let mut current: Option<(Padded, Box<dyn Executable>)> = None;
        for texts in own.map(|batch| batches[batch]) {
            let padded = Padded::new(texts.iter().map(|&text| ids[text].as_slice()).collect())?;
            let mut program = match current.take() {
                Some((last, program)) if last.shape == padded.shape => program,
                _ => self.prepare(engine, padded.shape, timings, progress)?,
            };
            progress.message("running");
            let mut outputs = backend::output_buffers(&*program)?;
            let mut times = RunTimes::default();
            run_times(&mut *program, &padded.inputs, &mut outputs, repeat, &mut times, progress)?;
            timings.add_runs(&times);
            let width = outputs[0].len() / texts.len();
            for (&text, vector) in texts.iter().zip(outputs[0].chunks_exact(width)) {
                embeddings[text] = values::decode(DType::F32, vector).map(|value| value as f32).collect();
            }
            current = Some((padded, program));
        }
        if let Some(dealt) = dealt {
            dealt.gather(&batches, self.encoder.config.hidden_size, &mut embeddings)?;
        }
        Ok(embeddings)
    }

    /// The encoder for one batch shape, with its parameters.
    fn prepare(
        &self,
        engine: &dyn Engine,
        shape: [usize; 2],
        timings: &mut Timings,
        progress: &Progress,
    ) -> Result<Box<dyn Executable>> {
        progress.message("compiling");
        let mut program =
            timed(&mut timings.compile_ms, || self.encoder.compile(engine, shape, self.encoder.weights.float_dtype()))?;
        progress.message("setting parameters");
        timed(&mut timings.params_ms, || params::upload_all(&mut *program, Some(&self.encoder.weights)))?;
        Ok(program)
    }
}

/// Token ids of one batch, padded to its longest text: `input_ids` and `attention_mask`.
struct Padded {
    shape: [usize; 2],
    inputs: [Vec<u8>; 2],
}

impl Padded {
    fn new(texts: Vec<&[u32]>) -> Result<Self> {
        let shape = [texts.len(), texts.iter().map(|ids| ids.len()).max().unwrap_or(0)];
        let [mut ids, mut mask] = [Vec::new(), Vec::new()];
        let bytes = shape[0].saturating_mul(shape[1]).saturating_mul(size_of::<f32>());
        for input in [&mut ids, &mut mask] {
            let room = input.try_reserve_exact(bytes);
            room.with_context(|| format!("out of memory: {bytes} bytes for a batch of {shape:?} tokens; set --batch"))?;
        }
        for text in &texts {
            for place in 0..shape[1] {
                // Id 0 is [PAD]; the mask keeps it out of the result either way.
                let id = text.get(place).copied().unwrap_or(0);
                ids.extend_from_slice(&(id as f32).to_le_bytes());
                mask.extend_from_slice(&f32::from(u8::from(place < text.len())).to_le_bytes());
            }
        }
        Ok(Self { shape, inputs: [ids, mask] })
    }
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| path.display().to_string())
}

fn print_table(texts: &[String], report: &Report) -> Result<()> {
    let mut table = Table::new(["text", "first values", "cosine to the first text"]);
    for (text, vector) in texts.iter().zip(&report.embeddings) {
        let first: Vec<String> = vector.iter().take(4).map(|value| format!("{value:.6}")).collect();
        // Unit vectors, so that the product is the cosine.
        let cosine: f32 = vector.iter().zip(&report.embeddings[0]).map(|(a, b)| a * b).sum();
        table.add_row([text.clone(), format!("{} …", first.join(" ")), format!("{cosine:.4}")]);
    }
    table.print()?;
    report::print_phases(&report.timings, report.memory.as_ref())
}
