//! What is sent: emails of every kind, and files that people drop. All of it has times of its own, so that origins are
//! the same in each journey.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use end_to_end_tests::{Mail, zip};
use pipeline_core::Bucket;

/// More than is held in memory, and than goes in one part.
const LARGE: usize = 9 * 1024 * 1024;

/// What a person or the mail service puts into a bucket.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) bucket: Bucket,
    pub(crate) key: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) time: SystemTime,
}

/// The way of one file through all four functions, and another email with a file of the same name.
pub(crate) fn short() -> Vec<Given> {
    let packed = zip(&[
        ("2025/gas.csv", csv("sheffield gas").as_bytes()),
        ("2025/british-gas.xlsx", &workbook()),
    ]);
    in_time(vec![
        email("packed", &mail(1).attach("readings.zip", zip(&[("2025.zip", &packed)]))),
        email("plain", &mail(2).attach("import.csv", csv("Crown"))),
        email("same-name", &mail(3).attach("import.csv", csv("EDF"))),
    ])
}

/// The same, bad parts, two recipients, and the examples of the repository: emails that have a Message-ID.
pub(crate) fn emails() -> Vec<Given> {
    let mut nobody = mail(5).attach("import.csv", csv("IMServ"));
    nobody.areas = vec!["no area".to_owned()];
    let mut two_areas = mail(6).attach("ETON1 interval data.csv", csv("ENGIE"));
    two_areas.areas.push("bam".to_owned());
    let bad_part = mail(4)
        .attach("logo.png", b"\x89PNG\r\n\x1a\n".as_slice())
        .attach("march.zip", with_a_broken_member());
    let mut given = short();
    given.extend([
        email("bad-part", &bad_part),
        email("for-nobody", &nobody),
        email("two-areas", &two_areas),
    ]);
    given.extend(examples());
    in_time(given)
}

/// The same, large files, an email without a Message-ID, and files that people drop.
pub(crate) fn all() -> Vec<Given> {
    let mut anonymous = mail(7).attach("import.csv", csv("TGP"));
    anonymous.message_id = None;
    let large = large();
    let noise: Vec<u8> = (0..LARGE as u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let mut given = emails();
    given.extend([
        email("anonymous", &anonymous),
        email("large", &mail(8).attach("september.csv", large.clone())),
        dropped("sheffield/large.zip", zip(&[("2025/october.csv", large.as_bytes())])),
        dropped("sheffield/noise.bin", noise),
        dropped("bam/import.csv", csv("dropped")),
        dropped("in no folder.csv", csv("dropped")),
    ]);
    in_time(given)
}

/// The emails of the repository.
fn examples() -> Vec<Given> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/emails");
    let emails = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let given = |path: std::path::PathBuf| Given {
        bytes: fs::read(&path).unwrap(),
        ..email(path.file_stem().unwrap().to_str().unwrap(), &mail(0))
    };
    emails.map(given).collect()
}

/// An email of its own Message-ID and second.
pub(crate) fn mail(number: u64) -> Mail {
    Mail::to("sheffield")
        .message_id(&format!("<{number}@supplier.example>"))
        .received(&format!("Sun, 23 Mar 2025 10:{:02}:12 +0000", number % 60))
}

/// Readings as Orsis sends them.
pub(crate) fn csv(site: &str) -> String {
    format!("MPR,Site,Date,hr0030,hr0100\n2000006185057,{site},01/09/2025,0.21,0.19\n")
}

fn large() -> String {
    let mut large = "MPR,Date,hr0030,hr0100,hr0130\n".to_owned();
    while large.len() < LARGE {
        large.push_str("2000006185057,01/09/2025,0.21,0.19,0.2\n");
    }
    large
}

fn workbook() -> Vec<u8> {
    let path = "../crates/convert-file/tests/golden/british-gas-xlsxwriter.xlsx";
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn email(key: &str, mail: &Mail) -> Given {
    Given {
        bucket: Bucket::Inbox,
        key: format!("{key}.eml"),
        bytes: mail.to_bytes(),
        time: UNIX_EPOCH,
    }
}

fn dropped(key: &str, bytes: impl Into<Vec<u8>>) -> Given {
    Given {
        bucket: Bucket::Process,
        key: key.to_owned(),
        bytes: bytes.into(),
        time: UNIX_EPOCH,
    }
}

/// One after the other, on a day in March.
fn in_time(mut given: Vec<Given>) -> Vec<Given> {
    for (number, one) in given.iter_mut().enumerate() {
        one.time = UNIX_EPOCH + Duration::from_secs(1_742_724_672 + number as u64);
    }
    given
}

/// Stored: so one digit of a member makes its checksum wrong, and nothing else.
fn with_a_broken_member() -> Vec<u8> {
    let bad = csv("Opus");
    let mut archive = zip(&[("good.csv", csv("Drax").as_bytes()), ("bad.csv", bad.as_bytes())]);
    let at = archive.windows(bad.len()).position(|part| part == bad.as_bytes());
    archive[at.unwrap() + bad.len() - 2] ^= 1;
    archive
}
