//! The program that `veilgate-bench gate` watches: it scans a file, and that is all it does.
//!
//! * `counted scan FILE LENGTH` scans the first bytes once, so that somebody can count the instructions.
//! * `counted ratio FILE KEYWORDS` scans them and searches them for keywords with `aho-corasick`, by turns, and prints how many times as fast the
//!   scan is. Whatever slows the machine down slows both.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::Read;
use std::time::{Duration, Instant};
use std::{env, error};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use veilgate_bench_guest::Guest;

type Result<T> = std::result::Result<T, Box<dyn error::Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["scan", file, length] => {
            let mut text = vec![0; length.parse()?];
            File::open(file)?.read_exact(&mut text)?;
            scan(&mut Guest::new()?, &text)?;
        }
        ["ratio", file, keywords] => println!("{}", ratio(file, keywords)?),
        _ => return Err("see the documentation of this program".into()),
    }
    Ok(())
}

const CHUNK: usize = 64 * 1024;
const COPY: usize = 1024;

fn scan(guest: &mut Guest, text: &[u8]) -> Result<Duration> {
    let mut spent = Duration::ZERO;
    guest.open(0);
    for chunk in text.chunks(CHUNK) {
        // Not at once: of a long copy the processor makes one instruction, and callgrind as many as there are bytes.
        let input = guest.input(CHUNK).chunks_mut(COPY);
        for (to, from) in input.zip(chunk.chunks(COPY)) {
            to.get_mut(..from.len())
                .ok_or("a short buffer")?
                .copy_from_slice(from);
        }
        let at = Instant::now();
        guest.clear_output();
        guest
            .write(chunk.len())
            .map_err(|error| format!("{error:?}"))?;
        spent += at.elapsed();
    }
    guest.end().map_err(|error| format!("{error:?}"))?;
    Ok(spent)
}

/// Of each slice the shortest of many times, for either; then their quotient.
fn ratio(file: &str, keywords: &str) -> Result<f64> {
    const SLICE: usize = 100_000;
    const REPETITIONS: usize = 30;
    let text = fs::read(file)?;
    let keywords = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        .build(fs::read_to_string(keywords)?.lines())?;
    let mut guest = Guest::new()?;
    let (mut ours, mut theirs) = (Duration::ZERO, Duration::ZERO);
    for slice in text.chunks_exact(SLICE) {
        let mut shortest = (Duration::MAX, Duration::MAX);
        for _ in 0..REPETITIONS {
            shortest.0 = shortest.0.min(scan(&mut guest, slice)?);
            let at = Instant::now();
            black_box(keywords.find_iter(slice).count());
            shortest.1 = shortest.1.min(at.elapsed());
        }
        ours += shortest.0;
        theirs += shortest.1;
    }
    Ok(theirs.as_secs_f64() / ours.as_secs_f64())
}
