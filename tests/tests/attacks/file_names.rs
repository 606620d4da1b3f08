//! Names of attachments that climb, lie, hide or turn round.

use end_to_end_tests::soak::scale;

use crate::attack::{self, Attack, READINGS};
use crate::mail_bytes::{file_part, multipart, named_part};

/// A name so long that its key is cut, by a hash in the middle.
const ANY: &str = "any";

/// Each spelling of a name as a quoted string, and the key that the file is delivered under, below its area.
const SPELLINGS: [(&str, &str, &str); 36] = [
    ("climbing", "../../../../etc/cron.d/x.csv", "x.csv"),
    ("climbing-backwards", r"..\..\..\windows\x.csv", "x.csv"),
    ("climbing-only", "../..", "attachment-1.csv"),
    ("climbing-with-three-dots", ".../...", "attachment-1.csv"),
    ("climbing-with-a-nul", "..\0/x\0.csv", "x.csv"),
    ("climbing-with-zero-width", ".\u{200b}./\u{200d}..", "attachment-1.csv"),
    ("absolute", "/etc/passwd.csv", "passwd.csv"),
    ("of-a-drive", r"C:\windows\x.csv", "x.csv"),
    ("of-a-share", r"\\\\server\share\x.csv", "x.csv"),
    ("of-a-device", r"\\\\.\\CON", "CON"),
    ("reserved", "CON", "CON"),
    ("reserved-with-extension", "nul.csv", "nul.csv"),
    ("percent-encoded", "%2e%2e%2fx.csv", "%2e%2e%2fx.csv"),
    ("fraction-slash", "..\u{2044}x.csv", ".._x.csv"),
    ("division-slash", "..\u{2215}x.csv", ".._x.csv"),
    ("big-solidus", "..\u{29f8}x.csv", ".._x.csv"),
    ("full-width-slash", "..\u{ff0f}x.csv", ".._x.csv"),
    ("full-width-backslash", "..\u{ff3c}x.csv", ".._x.csv"),
    ("right-to-left", "gas\u{202e}vsc.csv", "gasvsc.csv"),
    ("isolated", "\u{2066}gas\u{2069}.csv", "gas.csv"),
    ("zero-width", "g\u{200b}a\u{feff}s.csv", "gas.csv"),
    ("tagged", "gas\u{e0041}.csv", "gas.csv"),
    ("of-controls", "g\x01a\x1b[31ms\x7f.csv", "ga[31ms.csv"),
    ("non-breaking", "half\u{a0}hourly.csv", "half hourly.csv"),
    ("of-dots", "...", "attachment-1.csv"),
    ("of-blanks", " \u{a0}\u{2007} ", "attachment-1.csv"),
    ("of-nothing", "", "attachment-1.csv"),
    ("of-an-extension", ".csv", ".csv"),
    ("ending-in-dots", "x.csv...", "x.csv..."),
    ("folded", "half\r\n hourly.csv", "half hourly.csv"),
    ("with-markup", "<script>alert(1)</script>.csv", "script>.csv"),
    ("with-quotes", r#"a\"b'c`d.csv"#, r#"a"b'c`d.csv"#),
    ("with-a-formula", "=cmd|' C'!A0.csv", "=cmd|' C'!A0.csv"),
    ("of-the-archive", "archive-sheffield/x.csv", "x.csv"),
    (
        "of-a-receipt",
        "00000000000000000000000000000000.json",
        "00000000000000000000000000000000.json",
    ),
    ("shaped-like-a-second-key", "20250323-101112-00000000/x.csv", "x.csv"),
];

/// Parameters of `Content-Disposition`, and the key that the file is delivered under.
fn parameters() -> Vec<(&'static str, String, &'static str)> {
    let many = scale(2_000, 10_000);
    let list =
        |of: &str, last: &str| -> String { (0..many).map(|n| format!("{of}{n}=\"\"; ")).collect::<String>() + last };
    vec![
        (
            "continued",
            list("filename*", &format!("filename*{many}=x.csv")),
            "x.csv",
        ),
        (
            "continued-backwards",
            "filename*2=.csv; filename*1=b; filename*0=a".into(),
            "ab.csv",
        ),
        (
            "continued-from-one",
            "filename*1*=utf-8''a%62; filename*2=.csv".into(),
            "ab.csv",
        ),
        ("continued-from-two", "filename*2=a.csv".into(), "attachment-1.csv"),
        (
            "continued-with-a-gap",
            "filename*0=a.csv; filename*2=.exe".into(),
            "a.csv",
        ),
        (
            "continued-twice",
            "filename*0=a; filename*0=b; filename*1=.csv; filename*1=.exe".into(),
            "a.csv",
        ),
        ("continued-once", "filename*0*=utf-8''a.csv".into(), "a.csv"),
        (
            "continued-up-a-path",
            "filename*0=\"../.\"; filename*1=\"./x.csv\"".into(),
            "x.csv",
        ),
        (
            "continued-by-huge-numbers",
            "filename*0=a.csv; filename*99999999999999999999999999=b; filename*-1=c".into(),
            "a.csv",
        ),
        ("extended-climbing", "filename*=utf-8''..%2F..%5Cx.csv".into(), "x.csv"),
        ("extended-nul", "filename*=utf-8''x.csv%00.exe".into(), "x.csv.exe"),
        (
            "extended-overlong",
            "filename*=utf-8''..%C0%AFx.csv".into(),
            "..À¯x.csv",
        ),
        (
            "extended-by-no-charset",
            format!("filename*={}''x.csv", "y".repeat(10_000)),
            "x.csv",
        ),
        ("extended-by-utf-7", "filename*=utf-7''..+AC8-x.csv".into(), "x.csv"),
        (
            "extended-by-utf-16",
            "filename*=utf-16''%FE%FF%00x%00.%00c%00s%00v".into(),
            "x.csv",
        ),
        ("extended-half", "filename*=utf-8''%E2%8".into(), "â%8"),
        (
            "words",
            format!(
                "filename=\"{}\"",
                "=?utf-8?Q?a?= ".repeat(many as usize) + "=?utf-8?Q?.csv?="
            ),
            ANY,
        ),
        (
            "words-without-end",
            format!("filename=\"{}\"", "=?utf-8?B?".repeat(many as usize)),
            ANY,
        ),
        (
            "word-in-word",
            "filename=\"=?utf-8?Q?=3D=3Futf-8=3FQ=3F..=2Fx.csv=3F=3D?=\"".into(),
            "x.csv?=",
        ),
        (
            "word-that-climbs",
            "filename=\"=?utf-8?B?Li4vLi4veC5jc3Y=?=\"".into(),
            "x.csv",
        ),
        ("parameters", list("p", "filename=x.csv"), "x.csv"),
        ("names", "filename=a.csv; filename=b.csv; name=c.csv".into(), "a.csv"),
        (
            "quote-without-end",
            format!("filename=\"x.csv; {}", "a; ".repeat(many as usize)),
            ANY,
        ),
        ("of-10000", format!("filename={}.csv", "x".repeat(10_000)), ANY),
        (
            "of-10000-characters",
            format!("filename*=utf-8''{}.csv", "%E2%82%AC".repeat(10_000)),
            ANY,
        ),
    ]
}

#[test]
fn no_spelling_of_an_attachments_name_leaves_its_area() {
    let quoted = SPELLINGS.iter().map(|(name, spelling, key)| {
        let name = format!("name-{name}");
        let part = named_part(&format!("filename=\"{spelling}\""));
        // Under another name on the disk of these tests.
        let has_signs = key.contains(['%', '\\']);
        let attack = Attack::email(&name, multipart(&name, &[part]));
        if has_signs {
            attack.delivers_something(key)
        } else {
            attack.delivers(key, READINGS)
        }
    });
    let others = parameters().into_iter().map(|(name, parameters, key)| {
        let name = format!("name-{name}");
        let attack = Attack::email(&name, multipart(&name, &[named_part(&parameters)]));
        match key {
            ANY => attack.delivers_files(1),
            key => attack.delivers(key, READINGS),
        }
    });
    attack::run(quoted.chain(others).collect());
}

#[test]
fn names_that_differ_by_next_to_nothing_hide_no_file() {
    let names = [
        "Gas.csv",
        "gas.csv",
        "GAS.CSV",
        "g\u{e4}s.csv",
        "ga\u{308}s.csv",
        "\u{ff47}as.csv",
        "gаs.csv",
    ];
    let alike: Vec<String> = names
        .iter()
        .map(|name| named_part(&format!("filename=\"{name}\"")))
        .collect();
    let mut attack = Attack::email("names-alike", multipart("names-alike", &alike));
    for name in names {
        attack = attack.delivers(name, READINGS);
    }
    let (start, end) = ("x".repeat(3_000), "y".repeat(3_000));
    let long = [1, 2].map(|number| named_part(&format!("filename={start}{number}{end}.csv")));
    attack::run(vec![
        attack,
        Attack::email(
            "names-that-differ-in-the-middle",
            multipart(
                "names-that-differ-in-the-middle",
                &[long.as_slice(), &[file_part()]].concat(),
            ),
        )
        .delivers_files(3),
    ]);
}
