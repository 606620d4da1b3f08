//! Names that climb, lie, hide or turn round: no member of an archive leaves the area that it was sent to.

use crate::attack::{self, Attack, READINGS};
use crate::deflated::Deflated;
use crate::zip_bytes::{Header, zip};

/// Each spelling of a member's name, and the key that it is delivered under, below its area.
const SPELLINGS: [(&str, &[u8], &str); 33] = [
    ("climbs", b"../../../../etc/cron.d/x.csv", "etc/cron.d/x.csv"),
    ("climbs-in-the-middle", b"a/../../../x.csv", "a/x.csv"),
    (
        "climbs-with-backslashes",
        b"..\\..\\..\\windows\\x.csv",
        "windows/x.csv",
    ),
    ("climbs-mixed", b"..\\../..\\/x.csv", "x.csv"),
    ("climbs-with-three-dots", b".../..../x.csv", "x.csv"),
    ("climbs-with-blanks", b".. /. ./ ../x.csv", "x.csv"),
    ("climbs-with-a-nul", b"..\0/..\0/x.csv", "x.csv"),
    ("climbs-with-a-soft-hyphen", "..\u{ad}/x.csv".as_bytes(), "x.csv"),
    (
        "climbs-with-zero-width",
        ".\u{200b}./\u{200d}../x.csv".as_bytes(),
        "x.csv",
    ),
    (
        "climbs-with-look-alike-dots",
        "\u{2025}/\u{ff0e}\u{ff0e}/x.csv".as_bytes(),
        "x.csv",
    ),
    ("absolute", b"/etc/passwd.csv", "etc/passwd.csv"),
    ("absolute-twice", b"//server/share/x.csv", "server/share/x.csv"),
    ("drive", b"C:\\windows\\x.csv", "C:/windows/x.csv"),
    ("drive-relative", b"C:..\\..\\x.csv", "C:../x.csv"),
    ("unc", b"\\\\server\\share\\x.csv", "server/share/x.csv"),
    ("unc-long", b"\\\\?\\C:\\x.csv", "?/C:/x.csv"),
    ("device", b"\\\\.\\PhysicalDrive0.csv", "PhysicalDrive0.csv"),
    ("percent", b"%2e%2e%2f%2e%2e%2fx.csv", "%2e%2e%2f%2e%2e%2fx.csv"),
    ("percent-twice", b"%252e%252e%252fx.csv", "%252e%252e%252fx.csv"),
    ("percent-backslash", b"..%5c..%5cx.csv", "..%5c..%5cx.csv"),
    ("overlong-slash", b"..\xC0\xAF..\xC0\xAFx.csv", "..└»..└»x.csv"),
    ("overlong-dot", b"\xC0\xAE\xC0\xAE/x.csv", "└«└«/x.csv"),
    ("overlong-three", b"..\xE0\x80\xAFx.csv", "..αÇ»x.csv"),
    ("fraction-slash", "..\u{2044}..\u{2044}x.csv".as_bytes(), ".._.._x.csv"),
    ("division-slash", "..\u{2215}..\u{2215}x.csv".as_bytes(), ".._.._x.csv"),
    (
        "full-width-slash",
        "..\u{ff0f}..\u{ff3c}x.csv".as_bytes(),
        ".._.._x.csv",
    ),
    ("nul-ending", b"x.csv\0.exe", "x.csv.exe"),
    ("controls", b"x\x01\x1b[31m\x7f\r\n.csv", "x[31m  .csv"),
    ("right-to-left", "vsc.\u{202e}xlsx.csv".as_bytes(), "vsc.xlsx.csv"),
    ("nothing-but-dots", b"../..", "member-1"),
    ("nothing", b"", "member-1"),
    ("blank", b" .csv", ".csv"),
    ("other-area", b"../bam/x.csv", "bam/x.csv"),
];

fn archive(name: &[u8]) -> Vec<u8> {
    let content = Deflated::of(READINGS.as_bytes());
    zip(|zip| zip.add(name, &content))
}

#[test]
fn no_spelling_of_a_name_leaves_its_area() {
    let attacks = SPELLINGS
        .map(|(spelling, name, key)| Attack::attached(spelling, "march.zip", archive(name)).delivers_something(key));
    attack::run(attacks.into());
}

#[test]
fn links_devices_and_names_that_come_twice_hide_nothing() {
    let content = Deflated::of(READINGS.as_bytes());
    let of_mode = |mode: u32| {
        zip(|zip| {
            zip.add("good.csv", &content)?;
            let target = Deflated::of(b"/etc/passwd");
            let link = Header {
                mode,
                ..Header::of("link.csv", &target)
            };
            zip.add_as(&link, &link, &target)
        })
    };
    let other = Deflated::of(b"MPR,Date,hr0030\n9100000002,24/03/2025,0.3\n");
    let twice = zip(|zip| {
        zip.add("import.csv", &content)?;
        zip.add("import.csv", &other)?;
        zip.add("IMPORT.csv", &other)
    });
    attack::run(vec![
        Attack::attached("zip-link", "march.zip", of_mode(0o120_777)).delivers("good.csv", READINGS),
        Attack::attached("name-twice", "march.zip", twice).delivers_files(3),
        Attack::attached(
            "deep-path",
            "march.zip",
            archive(&[b"a/".repeat(30_000), b"x.csv".to_vec()].concat()),
        )
        .delivers_files(1),
        Attack::attached("long-part", "march.zip", archive(&b"a".repeat(60_000))).delivers_files(1),
    ]);
}
