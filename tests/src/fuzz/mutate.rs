//! Inputs from other inputs.

/// Makes inputs from those of a corpus. The same seed and number give the same input.
#[derive(Debug)]
pub struct Mutator {
    corpus: Vec<Vec<u8>>,
    words: &'static [&'static str],
    seed: u64,
}

/// No input is longer.
const MAX_BYTES: usize = 64 << 10;

/// Numbers at which parsers go wrong, as text.
const NUMBERS: [&str; 12] = [
    "0",
    "-1",
    "1e999",
    "nan",
    "255",
    "65536",
    "2147483648",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "18446744073709551616",
    "0.1",
];

impl Mutator {
    /// `words` are put into texts.
    pub fn new(corpus: Vec<Vec<u8>>, words: &'static [&'static str], seed: u64) -> Self {
        assert!(!corpus.is_empty(), "a corpus has files");
        Self { corpus, words, seed }
    }

    /// How many inputs are those of the corpus.
    pub(super) fn len(&self) -> usize {
        self.corpus.len()
    }

    /// Input `number`. The first ones are those of the corpus as they are.
    pub fn input(&self, number: u64) -> Vec<u8> {
        if let Some(own) = self.corpus.get(number as usize) {
            return own.clone();
        }
        let mut random = Random(self.seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut bytes = random.choose(&self.corpus).clone();
        for _ in 0..1 << random.below(5) {
            self.change(&mut bytes, &mut random);
        }
        bytes.truncate(MAX_BYTES);
        bytes
    }

    fn change(&self, bytes: &mut Vec<u8>, random: &mut Random) {
        if bytes.is_empty() {
            bytes.extend(random.choose(&self.corpus));
            return;
        }
        let at = random.below(bytes.len());
        match random.below(12) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.next() as u8,
            2 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][random.below(5)],
            3 => overwrite_number(bytes, at, random),
            4 => bytes.truncate(at),
            5 => drop(bytes.drain(at..at + random.part_of(bytes.len() - at))),
            6 => {
                let copy = bytes[at..at + random.part_of(bytes.len() - at)].to_vec();
                insert(bytes, random.below(bytes.len()), &copy.repeat(1 << random.below(4)));
            }
            7 => {
                let other = random.choose(&self.corpus);
                let from = random.below(other.len().max(1)).min(other.len());
                insert(bytes, at, &other[from..from + random.part_of(other.len() - from)]);
            }
            8 => {
                let other = random.below(bytes.len());
                bytes.swap(at, other);
            }
            9 => replace_digits(bytes, at, NUMBERS[random.below(NUMBERS.len())]),
            10 if !self.words.is_empty() => insert(bytes, at, random.choose(self.words).as_bytes()),
            _ => {
                let repeated = vec![bytes[at]; 1 << random.below(11)];
                insert(bytes, at, &repeated);
            }
        }
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, more: &[u8]) {
    if bytes.len() + more.len() <= MAX_BYTES {
        bytes.splice(at..at, more.iter().copied());
    }
}

/// Puts a number of 2, 4 or 8 bytes there: an end of its range, or near what stands there.
fn overwrite_number(bytes: &mut [u8], at: usize, random: &mut Random) {
    let size = [2, 4, 8][random.below(3)].min(bytes.len() - at);
    let mut number = [0; 8];
    number[..size].copy_from_slice(&bytes[at..at + size]);
    let near = u64::from_le_bytes(number);
    let number = match random.below(5) {
        0 => 0,
        1 => u64::MAX,
        2 => 1 << random.below(64),
        3 => near.wrapping_add(random.below(64) as u64),
        _ => near.wrapping_sub(random.below(64) as u64),
    };
    bytes[at..at + size].copy_from_slice(&number.to_le_bytes()[..size]);
}

/// Puts a number in the place of the next one after `at`.
fn replace_digits(bytes: &mut Vec<u8>, at: usize, number: &str) {
    let Some(start) = bytes[at..].iter().position(u8::is_ascii_digit).map(|offset| at + offset) else { return };
    let length = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    bytes.splice(start..start + length, number.bytes());
}

/// The generator of Steele, Lea and Flood, "Fast splittable pseudorandom number generators".
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is not 0.
    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// A length up to `most`, mostly a small one.
    fn part_of(&mut self, most: usize) -> usize {
        let scale = self.below(most.max(1)) + 1;
        (self.below(scale) + 1).min(most)
    }

    fn choose<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mutator(seed: u64) -> Mutator {
        Mutator::new(vec![b"rank 2 of 17".to_vec(), vec![0; 40]], &["word"], seed)
    }

    #[test]
    fn an_input_follows_from_seed_and_number() {
        let (one, same, other) = (mutator(1), mutator(1), mutator(2));
        assert_eq!(one.input(0), b"rank 2 of 17");
        assert!((0..500).all(|n| one.input(n) == same.input(n)));
        assert!((0..500).rev().filter(|n| one.input(*n) != other.input(*n)).count() > 400);
    }

    #[test]
    fn inputs_differ_and_have_a_largest_size() {
        let inputs: std::collections::HashSet<Vec<u8>> = (0..5000).map(|n| mutator(3).input(n)).collect();
        assert!(inputs.len() > 4000, "{} different inputs", inputs.len());
        assert!(inputs.iter().all(|input| input.len() <= MAX_BYTES));
        let text = |word: &str| inputs.iter().any(|input| String::from_utf8_lossy(input).contains(word));
        assert!(text("word") && text("18446744073709551616"));
    }
}
