//! One large file.

use std::fs::{self, File};
use std::io::Write;
use std::time::{Duration, SystemTime};

use end_to_end_tests::soak;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::content::{Encoding, Readings, digest_of, texts};
use crate::place::{Place, Ran};

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// What the command may need for one file, whatever its size: the S3 server and the stages together.
const PEAK_MIB: u64 = 192;

#[test]
fn a_csv_of_5_gib_is_cleaned_in_little_memory() {
    let size = soak::scale(160 * MIB, 5 * GIB);
    // The object, its spool, and what is delivered, in parts and whole: a quarter of the size, without blank lines and in UTF-8.
    let Some(place) = Place::with_room("a_csv_of_5_gib_is_cleaned_in_little_memory", size * 5 / 2 + size / 8) else {
        return;
    };
    let readings = Readings::of_size(size, Encoding::Utf16, 250, 9_100_000_000_000);
    // A person drops it into the bucket, long enough ago that nobody still writes to it.
    let folder = place.bucket("process").join("sheffield");
    fs::create_dir_all(&folder).unwrap();
    let dropped = folder.join("readings.csv");
    let mut file = File::create(&dropped).unwrap();
    readings.write_to(&mut file).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(3_600))
        .unwrap();
    drop(file);
    // The very file is given to the command too, which sees that it has it already. A link needs no room.
    let given = place.path("readings.csv");
    fs::hard_link(&dropped, &given).unwrap();

    // By default a file may have 4 GiB.
    let limit = (8 * GIB).to_string();
    let ran = place.run("a large CSV", &[("LIMIT_FILE_BYTES", &limit)], &[&given]);
    assert_delivered(&place, &ran, &readings);
}

#[test]
fn a_csv_that_is_given_to_the_command_is_uploaded_in_little_memory() {
    let place = Place::new();
    let readings = Readings::of_size(128 * MIB, Encoding::Utf8, 2_000, 9_100_000_000_000);
    let given = place.path("readings.csv");
    readings.write_to(&mut File::create(&given).unwrap()).unwrap();
    let ran = place.run("a CSV that is given", &[], &[&given]);
    assert_delivered(&place, &ran, &readings);
}

fn assert_delivered(place: &Place, ran: &Ran, readings: &Readings) {
    assert_eq!(
        texts(&ran.stories[0]["delivered"]),
        ["sheffield/readings.csv"],
        "{:?}",
        ran.stories
    );
    let delivered = place.bucket("amr-data").join("sheffield/readings.csv");
    assert_eq!(digest_of(&delivered), readings.delivered());
    place.assert_done();
    assert!(ran.measured.peak_mib() < PEAK_MIB, "{} MiB", ran.measured.peak_mib());
}

#[test]
fn a_zip_of_8_gib_is_unpacked_and_cleaned_in_little_memory() {
    let size = soak::scale(192 * MIB, 8 * GIB);
    // At worst all members wait to be cleaned; the largest is spooled, and lies there in parts and whole while it is put together.
    let Some(place) = Place::with_room(
        "a_zip_of_8_gib_is_unpacked_and_cleaned_in_little_memory",
        size * 3 / 2 + GIB,
    ) else {
        return;
    };
    // Within the default limits: one member of nearly 2 GiB, and many smaller ones.
    let mut members = vec![Readings::of_size(
        size / 4 - 1,
        Encoding::Utf8,
        3_000,
        9_100_000_000_000,
    )];
    let small = soak::scale(24 * MIB, 96 * MIB);
    for number in 1..=(size - size / 4) / small {
        members.push(Readings::of_size(
            small,
            Encoding::Utf8,
            3_000,
            (9_100 + number) * 1_000_000_000,
        ));
    }
    let given = place.path("readings.zip");
    let mut zip = ZipWriter::new(File::create(&given).unwrap());
    let options = SimpleFileOptions::default().compression_level(Some(1)).large_file(true);
    for (number, member) in members.iter().enumerate() {
        zip.start_file(format!("half-hourly-{number}.csv"), options).unwrap();
        member.write_to(&mut zip).unwrap();
    }
    zip.finish().unwrap().flush().unwrap();

    let ran = place.run("a large zip", &[], &[&given]);
    let mut delivered = texts(&ran.stories[0]["delivered"]);
    delivered.sort();
    let mut expected: Vec<_> = (0..members.len())
        .map(|number| format!("sheffield/half-hourly-{number}.csv"))
        .collect();
    expected.sort();
    assert_eq!(delivered, expected, "{:?}", ran.stories);
    for (number, member) in members.iter().enumerate() {
        let path = place
            .bucket("amr-data")
            .join(format!("sheffield/half-hourly-{number}.csv"));
        assert_eq!(digest_of(&path), member.delivered(), "member {number}");
    }
    place.assert_done();
    assert!(ran.measured.peak_mib() < PEAK_MIB, "{} MiB", ran.measured.peak_mib());
}
