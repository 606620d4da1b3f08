//! The golden folder: each workbook beside its CSV, or beside the code of the reason why there is none. Adding a pair
//! adds a test.

use std::fs;
use std::path::Path;

use convert_file::Options;

use crate::common::try_convert;

#[test]
fn every_workbook_of_the_golden_folder_gives_its_csv_or_its_reason() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut cases = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let extension = path.extension().unwrap().to_str().unwrap();
        if ["csv", "reason", "md", "py"].contains(&extension) {
            continue;
        }
        cases += 1;
        let beside = |suffix: &str| fs::read_to_string(format!("{}.{suffix}", path.display()));
        let bytes = fs::read(&path).unwrap();
        match try_convert(&bytes, &Options::default()) {
            Ok(converted) => {
                let expected = beside("csv").unwrap_or_else(|_| panic!("{} has no CSV beside it", path.display()));
                assert_eq!(converted.csvs[0].1, expected, "{}", path.display());
            }
            Err(error) => {
                let expected = beside("reason").unwrap_or_else(|_| panic!("{}: {error:?}", path.display()));
                assert_eq!(
                    error.rejection().unwrap().reason_code.as_str(),
                    expected.trim(),
                    "{}",
                    path.display()
                );
            }
        }
    }
    assert!(cases >= 10, "only {cases} cases were found");
}
