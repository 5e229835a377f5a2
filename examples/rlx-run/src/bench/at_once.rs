//! Several programs, each on a thread of its own: what they do at once, beside what they do one after the other.

use super::wire::Throughput;
use super::worker::Subject;
use anyhow::{Result, anyhow};
use std::thread;
use std::time::Instant;

/// How often the two take turns.
const ROUNDS: u32 = 10;

/// Runs in a second of `programs`, each of which is prepared and gives outputs with this checksum.
pub(super) fn measure(mut programs: Vec<Subject>, checksum: Option<u64>, seconds: f64) -> Result<Throughput> {
    // The first run of each is not one that counts.
    for program in &mut programs {
        program.expect(checksum);
        program.run(&mut 0.0)?;
    }
    let part = seconds / f64::from(2 * ROUNDS);
    let (mut in_turn, mut at_once) = (Rate::default(), Rate::default());
    for _ in 0..ROUNDS {
        in_turn.measure(|start| {
            let mut runs = 0;
            while start.elapsed().as_secs_f64() < part {
                for program in &mut programs {
                    program.run(&mut 0.0)?;
                    runs += 1;
                }
            }
            Ok(runs)
        })?;
        at_once.measure(|start| {
            thread::scope(|scope| {
                let threads: Vec<_> = programs
                    .iter_mut()
                    .map(|program| {
                        scope.spawn(move || -> Result<u64> {
                            let mut runs = 0;
                            while start.elapsed().as_secs_f64() < part {
                                program.run(&mut 0.0)?;
                                runs += 1;
                            }
                            Ok(runs)
                        })
                    })
                    .collect();
                threads.into_iter().map(|thread| thread.join().map_err(|_| anyhow!("a thread has panicked"))?).sum()
            })
        })?;
    }
    Ok(Throughput {
        programs: programs.len(),
        in_turn: in_turn.of_a_second(),
        at_once: at_once.of_a_second(),
        other_bits: programs.iter().map(Subject::other_bits).sum(),
    })
}

#[derive(Default)]
struct Rate {
    runs: u64,
    seconds: f64,
}

impl Rate {
    fn measure(&mut self, runs: impl FnOnce(Instant) -> Result<u64>) -> Result<()> {
        let start = Instant::now();
        self.runs += runs(start)?;
        self.seconds += start.elapsed().as_secs_f64();
        Ok(())
    }

    fn of_a_second(&self) -> f64 {
        self.runs as f64 / self.seconds
    }
}
