//! Batches of texts, dealt to the ranks of a group: data parallelism.

use anyhow::Result;
use rlx_host_api::collectives::Group;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The ranks that batches are dealt to, one after the other.
pub(crate) struct Dealt {
    group: Group,
}

impl Dealt {
    /// Has all ranks see that they are given the same.
    ///
    /// # Errors
    /// When one is given something else, does not come, or is gone.
    pub(crate) fn new(group: Group, ids: &[Vec<u32>]) -> Result<Self> {
        let mut given = DefaultHasher::new();
        ids.hash(&mut given);
        group.agree("list of texts for `embed --data-parallel`", given.finish())?;
        Ok(Self { group })
    }

    /// Texts in a batch when the user does not say: each rank has some.
    pub(crate) fn batch(&self, texts: usize, most: usize) -> usize {
        texts.div_ceil(self.group.size()).clamp(1, most)
    }

    /// Whether this rank computes the batch.
    pub(crate) fn is_own(&self, batch: usize) -> bool {
        batch % self.group.size() == self.group.rank()
    }

    pub(crate) fn is_first(&self) -> bool {
        self.group.rank() == 0
    }

    /// Gives every rank all vectors of `width` numbers, of which each has those of its own batches.
    ///
    /// # Errors
    /// When a rank does not come, or is gone.
    pub(crate) fn gather(&self, batches: &[&[usize]], width: usize, vectors: &mut [Vec<f32>]) -> Result<()> {
        let ranks = self.group.size();
        let longest = batches.iter().map(|texts| texts.len()).max().unwrap_or(0) * width;
        // As long on every rank: what there is no batch for stays zero.
        let mut own = vec![0.0_f32; batches.len().div_ceil(ranks) * longest];
        let dealt = batches.iter().enumerate().filter(|(batch, _)| self.is_own(*batch));
        for (texts, place) in dealt.map(|(_, texts)| texts).zip(own.chunks_exact_mut(longest.max(1))) {
            for (&text, row) in texts.iter().zip(place.chunks_exact_mut(width)) {
                row.copy_from_slice(&vectors[text]);
            }
        }
        let all = self.group.all_gather(&own)?;
        for (batch, texts) in batches.iter().enumerate() {
            let start = batch % ranks * own.len() + batch / ranks * longest;
            for (&text, row) in texts.iter().zip(all[start..].chunks_exact(width)) {
                vectors[text] = row.to_vec();
            }
        }
        Ok(())
    }
}
