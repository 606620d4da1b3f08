//! The fuzzers' corpora, replayed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::fs;
use std::panic;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use fuzz_targets::TARGETS;

/// A seed is replayed whole, cut short, and with one byte of it damaged at so many places.
const DAMAGES: usize = 12;

/// The conversion of workbooks catches panics; here they are noticed.
static PANICS: AtomicUsize = AtomicUsize::new(0);

fn folder(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz").join(name)
}

#[test]
fn every_seed_of_every_corpus_is_survived() {
    let tell = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        tell(info);
    }));
    for (name, target) in TARGETS {
        let seeds: Vec<_> = fs::read_dir(folder("corpus").join(name))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert!(seeds.len() >= 3, "{name} has too few seeds");
        for seed in seeds {
            let bytes = fs::read(&seed).unwrap();
            target(&bytes);
            // A seed that is cut short or damaged is what arrives after a bad transport.
            for cut in [bytes.len() / 3, bytes.len() / 2, bytes.len().saturating_sub(1)] {
                target(&bytes[..cut]);
            }
            for at in (0..bytes.len()).step_by(bytes.len() / DAMAGES + 1) {
                let mut damaged = bytes.clone();
                damaged[at] ^= 0x55;
                target(&damaged);
            }
            assert_eq!(
                PANICS.load(Ordering::SeqCst),
                0,
                "a panic was caught in {}",
                seed.display()
            );
        }
    }
}

#[test]
fn every_target_has_a_program_for_the_fuzzer() {
    let mut programs: Vec<_> = fs::read_dir(folder("fuzz_targets"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    programs.sort();
    let mut targets = TARGETS.map(|(name, _)| name.to_owned());
    targets.sort();
    assert_eq!(programs, targets);
}
