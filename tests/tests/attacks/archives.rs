//! Hostile archives.

use crate::attack::{self, Attack, READINGS};

#[test]
fn hostile_archives_end_with_a_reason_and_spoil_nothing() {
    attack::run(vec![
        Attack::attached("good", "import.csv", READINGS).delivers("import.csv", READINGS),
        Attack::attached("no-archive", "import.zip", "PK\x03\x04 and nothing else").rejected(&["corrupt-archive"]),
    ]);
}
