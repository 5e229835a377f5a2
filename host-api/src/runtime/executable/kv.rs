//! Key-value caches on the device: rows of outputs go to rows of handles, and rows of handles to those of another
//! executable. Nothing but those rows is moved.

use super::PluginExecutable;
use super::handles::RowFeed;
use crate::{Error, Segment, Source, TensorInfo};
use rlx_runtime::ExecutableGraph;

/// How a cache `[batch, rows, width]` is laid out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub(super) batch: usize,
    pub(super) rows: usize,
    pub(super) width: usize,
}

impl Layout {
    /// Whether a tensor of this many elements is laid out like that. One sequence may be part of a longer tensor; several
    /// lie at a stride, which must be right.
    fn fits(self, elements: usize) -> bool {
        let all = self.batch.checked_mul(self.rows).and_then(|rows| rows.checked_mul(self.width));
        all.is_some_and(|all| 0 < all && (all == elements || (self.batch == 1 && all < elements)))
    }

    /// First element of a row of a layout that fits; `None` beyond the end of the sequence.
    fn start(self, batch: usize, row: usize) -> Option<usize> {
        (row < self.rows).then(|| (batch * self.rows + row) * self.width)
    }
}

impl PluginExecutable {
    /// Registers row feeds of output `output` into the input `name`, in place of a feed of whole outputs. False for an
    /// unknown one of the two, and for unlike dtypes.
    pub(super) fn register_row_feed(&mut self, name: &str, output: usize) -> Result<bool, Error> {
        let Some((input, info)) = self.input_at(name) else { return Ok(false) };
        if self.executable.outputs().get(output).is_none_or(|o| o.dtype != info.dtype) {
            return Ok(false);
        }
        self.end_feed(input)?;
        self.handles.row_feeds.retain(|feed| feed.input != input);
        self.handles.row_feeds.push(RowFeed { input, output });
        Ok(true)
    }

    /// Copies row `source` of each fed output to row `target` of its handle. A full handle is left alone, as rlx-runtime
    /// expects when a bucket is filled.
    pub(super) fn feed_row(&mut self, source: usize, target: usize, width: usize) -> Result<bool, Error> {
        let whole = |info: &TensorInfo| Layout { batch: 1, rows: info.elements() / width.max(1), width };
        self.feed_rows(whole, source, whole, |_| target)
    }

    /// Copies row `source` of each sequence of each fed output to row `target(b)` of sequence `b` of its handle, but for
    /// rows beyond the end of a sequence. False, and nothing is copied, when there is no feed or a tensor is not laid out
    /// like that.
    pub(super) fn feed_rows(
        &mut self,
        from: impl Fn(&TensorInfo) -> Layout,
        source: usize,
        to: impl Fn(&TensorInfo) -> Layout,
        target: impl Fn(usize) -> usize,
    ) -> Result<bool, Error> {
        let inputs = self.program.boundary.input_infos();
        let layouts = self.handles.row_feeds.iter().map(|&feed| {
            let output = &self.executable.outputs()[feed.output];
            let (from, to) = (from(output), to(&inputs[feed.input]));
            let possible = from.fits(output.elements()) && to.fits(inputs[feed.input].elements());
            (possible && source < from.rows && self.is_resident(feed.input)).then_some((feed, from, to))
        });
        let Some(layouts) = layouts.collect::<Option<Vec<_>>>() else { return Ok(false) };
        for (feed, from, to) in &layouts {
            let rows =
                (0..to.batch).filter_map(|batch| Some((from.start(batch, source)?, to.start(batch, target(batch))?)));
            let segments: Vec<Segment> = rows.map(|(source, target)| segment(source, target, to.width)).collect();
            self.executable.copy_resident(feed.input, None, Source::Output(feed.output), &segments)?;
        }
        Ok(!layouts.is_empty())
    }

    /// Copies rows `rows` of the caches `past_k_<i>` and `past_v_<i>` from `source`; row `upper`, which its caches have no
    /// place for, is that of the output which feeds them. A cache that is not bound here becomes one of zeros first. False,
    /// and nothing is copied, when one of them has no such rows.
    pub(super) fn copy_cache_rows(
        &mut self,
        source: &dyn ExecutableGraph,
        rows: std::ops::Range<usize>,
        upper: usize,
        width: usize,
        layers: usize,
    ) -> Result<bool, Error> {
        let Some(source) = Self::of(source) else { return Ok(false) };
        if rows.is_empty() || width == 0 {
            return Ok(true);
        }
        let mut copies = Vec::new();
        for layer in 0..layers {
            // The outputs of a decode graph are the logits, then keys and values of each layer.
            for (name, output) in
                [(format!("past_k_{layer}"), 1 + 2 * layer), (format!("past_v_{layer}"), 2 + 2 * layer)]
            {
                let (Some((target, to)), Some((input, from))) = (self.input_at(&name), source.input_at(&name)) else {
                    return Ok(false);
                };
                let fits = |info: &TensorInfo, end: usize| end.checked_mul(width).is_some_and(|n| n <= info.elements());
                let kept = rows.start..rows.end.min(upper);
                if !fits(to, rows.end) || !fits(from, kept.end) || rows.end > upper.saturating_add(1) {
                    return Ok(false);
                }
                if !kept.is_empty() {
                    if !source.is_resident(input) {
                        return Ok(false);
                    }
                    let start = kept.start * width;
                    copies.push((
                        name.clone(),
                        target,
                        Source::Input(input),
                        segment(start, start, kept.len() * width),
                    ));
                }
                if rows.end > upper {
                    let fed = source.handles.row_feeds.iter().find(|feed| feed.input == input);
                    let output = fed.map_or(output, |feed| feed.output);
                    let start = upper * width;
                    copies.push((name, target, Source::Output(output), segment(start, start, width)));
                }
            }
        }
        for (name, target, from, segment) in copies {
            self.prepare_resident(&name)?;
            self.executable.copy_resident(target, Some(&source.executable), from, &[segment])?;
        }
        Ok(true)
    }
}

fn segment(source: usize, target: usize, len: usize) -> Segment {
    Segment { source: source as u64, target: target as u64, len: len as u64 }
}
