//! Damaged workbooks end in a reason, never in a panic of ours. (The conversion catches panics; here they are noticed.)

use std::fs;
use std::panic;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use convert_file::{Options, convert_html, convert_spreadsheet_ml};
use pipeline_core::Limits;

use crate::common::try_convert;
use crate::xlsb;

/// A generator that needs no seed from outside: the same damage at every run.
struct Damage(u64);

impl Damage {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below.max(1)
    }

    fn apply(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.next(4) {
            let at = self.next(bytes.len());
            match self.next(4) {
                0 => bytes.truncate(at.max(16)),
                1 => {
                    let value = [0, 1, 0x7F, 0x80, 0xFF][self.next(5)];
                    bytes[at] = value;
                }
                2 => {
                    let end = (at + self.next(40)).min(bytes.len());
                    bytes.drain(at..end);
                }
                _ => {
                    let end = (at + 4).min(bytes.len());
                    bytes[at..end].fill(0xFF);
                }
            }
            if bytes.len() < 16 {
                return;
            }
        }
    }
}

/// Only one test may listen for panics at a time.
static LISTENING: Mutex<()> = Mutex::new(());
static OUR_PANICS: AtomicUsize = AtomicUsize::new(0);

fn without_panics(run: impl FnOnce()) {
    let _listening = LISTENING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let before = panic::take_hook();
    panic::set_hook(Box::new(|info| {
        if info
            .location()
            .is_some_and(|location| location.file().contains("convert-file/src"))
        {
            OUR_PANICS.fetch_add(1, Ordering::SeqCst);
        }
    }));
    run();
    panic::set_hook(before);
    assert_eq!(OUR_PANICS.load(Ordering::SeqCst), 0);
}

fn small_limits() -> Options {
    Options {
        limits: Limits {
            sheet_cells: 100_000,
            member_bytes: 4_000_000,
            ..Limits::default()
        },
        ..Options::default()
    }
}

/// All workbooks of the golden folder, and those that only tests make; the parts of packages unpacked and packed again
/// without compression, so that damage gets past the decompressor.
fn specimens() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut specimens: Vec<Vec<u8>> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !["csv", "reason", "md", "py"].contains(&path.extension().unwrap().to_str().unwrap()))
        .map(|path| fs::read(path).unwrap())
        .filter(|bytes| bytes.len() < 200_000)
        .collect();
    specimens.push(xlsb::book(&[("A", 0, xlsb::readings())], 0));
    specimens
}

/// A package whose parts are stored, with checksums that nobody checks before the cells were read.
fn stored(bytes: &[u8]) -> Option<Vec<u8>> {
    use std::io::{Cursor, Write as _};
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).ok()?;
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).ok()?;
        let name = file.name().ok()?.into_owned();
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut file, &mut content).ok()?;
        zip.start_file(name, options).ok()?;
        zip.write_all(&content).ok()?;
    }
    Some(zip.finish().ok()?.into_inner())
}

#[test]
fn damaged_workbooks_end_in_a_reason() {
    without_panics(|| {
        let mut damage = Damage(1);
        for specimen in specimens() {
            let stored = stored(&specimen);
            for specimen in std::iter::once(specimen).chain(stored) {
                for _ in 0..60 {
                    let mut bytes = specimen.clone();
                    damage.apply(&mut bytes);
                    if let Err(error) = try_convert(&bytes, &small_limits()) {
                        assert!(error.rejection().is_some(), "{error:?}");
                    }
                }
            }
        }
    });
}

#[test]
fn any_bytes_may_be_taken_for_markup() {
    without_panics(|| {
        let mut damage = Damage(2);
        for specimen in specimens() {
            for _ in 0..20 {
                let mut bytes = specimen.clone();
                damage.apply(&mut bytes);
                let _ = convert_html(&bytes, &small_limits(), &mut |_| Ok(()));
                let _ = convert_spreadsheet_ml(&bytes, &small_limits(), &mut |_| Ok(()));
            }
        }
    });
}
