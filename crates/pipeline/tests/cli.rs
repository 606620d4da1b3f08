//! The real command, as a person or a script calls it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

const READINGS: &str = "MPR,Date,hr0030,hr0100\n9100000001,23/03/2025,0.1,0.2\n";

struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Runs the command in this place, with nothing configured but what is given.
    fn run(&self, args: &[&str], vars: &[(&str, &str)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pipeline"));
        command
            .current_dir(self.dir.path())
            .env_clear()
            .envs(vars.iter().copied());
        command.arg("run").args(args).output().unwrap()
    }

    fn run_json(&self, args: &[&str]) -> (i32, Vec<Value>) {
        let args: Vec<&str> = ["--json"].iter().chain(args).copied().collect();
        let output = self.run(&args, &[]);
        let stdout = String::from_utf8(output.stdout).unwrap();
        let lines = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (output.status.code().unwrap(), lines)
    }

    fn read(&self, bucket: &str, key: &str) -> String {
        let path = self
            .dir
            .path()
            .join("pipeline-data")
            .join(format!("es-local-data-{bucket}"))
            .join(key);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    fn files(&self, bucket: &str) -> usize {
        count_files(
            &self
                .dir
                .path()
                .join("pipeline-data")
                .join(format!("es-local-data-{bucket}")),
        )
    }
}

fn count_files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| if path.is_dir() { count_files(&path) } else { 1 })
        .sum()
}

fn email(message_id: &str, to: &str, name: &str, content: &str) -> String {
    format!(
        "From: Metering <reports@supplier.example>\r\nTo: {to}\r\nMessage-ID: <{message_id}@supplier.example>\r\n\
         Subject: Half-hourly data\r\nMIME-Version: 1.0\r\nContent-Type: text/csv; name=\"{name}\"\r\n\
         Content-Disposition: attachment; filename=\"{name}\"\r\n\r\n{content}"
    )
}

#[test]
fn emails_become_csv_and_each_input_gives_one_line_of_json() {
    let place = Place::new();
    place.write(
        "mail/1.eml",
        email("1", "sheffield@example.org", "import.csv", READINGS),
    );
    place.write(
        "mail/2.txt",
        email("2", "bam@example.org", "data.csv", "<!DOCTYPE html><html>503</html>"),
    );
    place.write(
        "mail/3",
        "From: a@supplier.example\nTo: bam@example.org\nSubject: hello\n\nNo file today.\n",
    );
    let (code, lines) = place.run_json(&["mail"]);
    assert_eq!(code, 0);
    assert_eq!(lines.len(), 3);
    assert_eq!(
        lines[0],
        json!({"input": "mail/1.eml", "outcome": "delivered", "delivered": ["sheffield/import.csv"], "rejected": []})
    );
    assert_eq!(lines[1]["outcome"], "rejected");
    assert_eq!(lines[1]["rejected"][0]["key"], "bam/data.csv");
    assert_eq!(lines[1]["rejected"][0]["reason_code"], "html");
    assert_eq!(
        lines[2],
        json!({"input": "mail/3", "outcome": "no-files", "delivered": [], "rejected": []})
    );
    assert_eq!(place.read("amr-data", "sheffield/import.csv"), READINGS);
    assert_eq!(
        place.read("unprocessable", "bam/data.csv"),
        "<!DOCTYPE html><html>503</html>"
    );
}

#[test]
fn a_table_tells_people_what_became_of_every_input() {
    let place = Place::new();
    place.write("1.eml", email("1", "sheffield@example.org", "import.csv", READINGS));
    place.write("2.eml", email("2", "bam@example.org", "data.csv", ""));
    let output = place.run(&["1.eml", "2.eml"], &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    for part in [
        "1.eml",
        "sheffield",
        "sheffield/import.csv (2 rows",
        "2.eml",
        "data.csv: empty",
        "1 delivered, 1 rejected",
    ] {
        assert!(text.contains(part), "{part} is missing in:\n{text}");
    }
}

#[test]
fn a_second_run_over_the_same_emails_delivers_nothing_twice() {
    let place = Place::new();
    place.write("1.eml", email("1", "sheffield@example.org", "import.csv", READINGS));
    let first = place.run_json(&["1.eml"]);
    assert_eq!(place.run_json(&["1.eml"]), first);
    assert_eq!((place.files("amr-data"), place.files("inbox")), (1, 2));
}

#[test]
fn an_email_that_could_not_be_finished_is_taken_up_again_and_not_delivered_twice() {
    let place = Place::new();
    // Nobody listens on port 1: the link cannot be fetched, which is worth a retry.
    let email = "From: a@supplier.example\nTo: bam@example.org\nSubject: data\n\nhttp://127.0.0.1:1/files/x.csv\n";
    place.write("1.eml", email);
    let failing = [("DOWNLOAD_LINKS", "http://127.0.0.1:1/files/")];
    let output = place.run(&["--json", "1.eml"], &failing);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("\"outcome\":\"failed\"")
    );
    let (code, lines) = place.run_json(&["1.eml"]);
    assert_eq!(
        (code, lines[0]["outcome"].as_str()),
        (0, Some("no-files")),
        "the link is not listed any more"
    );
    assert_eq!(place.files("inbox"), 1);
}

#[test]
fn what_an_earlier_run_left_and_fails_again_is_named() {
    let place = Place::new();
    let email_with_link =
        "From: a@supplier.example\nTo: bam@example.org\nSubject: data\n\nhttp://127.0.0.1:1/files/x.csv\n";
    place.write("1.eml", email_with_link);
    place.write("good.eml", email("1", "sheffield@example.org", "import.csv", READINGS));
    let failing = [("DOWNLOAD_LINKS", "http://127.0.0.1:1/files/"), ("LOG_LEVEL", "error")];
    place.run(&["1.eml"], &failing);
    let output = place.run(&["good.eml"], &failing);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr.contains("it could not be handled, and is kept: inbox/1.eml"),
        "{stderr}"
    );
}

#[test]
fn a_data_file_whose_run_was_killed_is_delivered_once() {
    let place = Place::new();
    let rows = (0..400_000).map(|n| format!("{n},23/03/2025,0.1,0.2\n"));
    let big: String = std::iter::once("MPR,Date,hr0030,hr0100\n".to_owned())
        .chain(rows)
        .collect();
    place.write("import.csv", &big);
    let mut command = Command::new(env!("CARGO_BIN_EXE_pipeline"));
    let command = command
        .current_dir(place.dir.path())
        .args(["run", "--to", "sheffield", "import.csv"]);
    let mut killed = command.spawn().unwrap();
    let process = place.dir.path().join("pipeline-data/es-local-data-process");
    while !process.is_dir() || count_files(&process) == 0 {
        assert!(
            killed.try_wait().unwrap().is_none(),
            "it ended before it could be killed"
        );
        std::thread::yield_now();
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    let (code, lines) = place.run_json(&["--to", "sheffield", "import.csv"]);
    assert_eq!((code, lines[0]["outcome"].as_str()), (0, Some("delivered")));
    assert_eq!(place.files("amr-data"), 1);
}

#[test]
fn an_area_is_named_as_in_an_address() {
    let place = Place::new();
    place.write("import.csv", READINGS);
    let (_, lines) = place.run_json(&["--to", "Sheffield", "import.csv", "./import.csv"]);
    assert_eq!(
        (lines.len(), lines[0]["delivered"][0].as_str()),
        (1, Some("sheffield/import.csv"))
    );
    let output = place.run(&["--to", "nowhere", "import.csv"], &[("AREAS", "sheffield")]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn sheets_of_confusing_names_are_all_delivered() {
    let place = Place::new();
    let sheet = |name: &str, value: u32| {
        let cell = |value: u32| format!("<Cell><Data ss:Type=\"Number\">{value}</Data></Cell>");
        let row = format!("<Row>{}{}{}</Row>", cell(value), cell(2), cell(3));
        format!("<Worksheet ss:Name=\"{name}\"><Table>{row}{row}</Table></Worksheet>")
    };
    let namespace = "urn:schemas-microsoft-com:office:spreadsheet";
    let sheets = [sheet("Data", 100), sheet("Data", 200), sheet("Data (2)", 300)].concat();
    place.write(
        "book.xml",
        format!("<Workbook xmlns=\"{namespace}\" xmlns:ss=\"{namespace}\">{sheets}</Workbook>"),
    );
    place.run(&["--to", "sheffield", "book.xml"], &[("SHEETS", "all")]);
    assert_eq!(place.files("amr-data"), 3);
}

#[test]
fn an_email_with_a_logo_beside_its_data_is_partly_delivered() {
    let place = Place::new();
    let part = |kind: &str, name: &str, content: &str| {
        format!(
            "--b1\r\nContent-Type: {kind}; name={name}\r\nContent-Disposition: inline; filename={name}\r\n\r\n{content}\r\n"
        )
    };
    let email = [
        "From: Metering <reports@supplier.example>\r\nTo: sheffield@example.org\r\nMIME-Version: 1.0\r\n",
        "Content-Type: multipart/mixed; boundary=b1\r\n\r\n",
        &part("text/csv", "import.csv", READINGS),
        &part("image/gif", "logo.gif", "GIF89a\u{1}"),
        "--b1--\r\n",
    ];
    place.write("mail/1.eml", email.concat());
    let (code, lines) = place.run_json(&["mail"]);
    assert_eq!((code, &lines[0]["outcome"]), (0, &json!("partly")));
    assert_eq!(lines[0]["delivered"], json!(["sheffield/import.csv"]));
    assert_eq!(lines[0]["rejected"][0]["reason_code"], "not-data");
}

#[test]
fn another_email_with_a_file_of_the_same_name_overwrites_nothing() {
    let place = Place::new();
    place.write("1.eml", email("1", "sheffield@example.org", "import.csv", READINGS));
    place.write("2.eml", email("2", "sheffield@example.org", "import.csv", READINGS));
    let (_, lines) = place.run_json(&["1.eml", "2.eml"]);
    assert_eq!(lines.iter().filter(|line| line["outcome"] == "delivered").count(), 2);
    assert_eq!(place.files("amr-data"), 2);
}

#[test]
fn with_strict_the_exit_code_tells_that_something_was_rejected() {
    let place = Place::new();
    place.write("good.eml", email("1", "sheffield@example.org", "import.csv", READINGS));
    place.write("bad.eml", email("2", "sheffield@example.org", "import.csv", ""));
    assert_eq!(place.run(&["--strict", "good.eml"], &[]).status.code(), Some(0));
    assert_eq!(place.run(&["--strict", "bad.eml"], &[]).status.code(), Some(3));
    assert_eq!(place.run(&["bad.eml"], &[]).status.code(), Some(0));
}

#[test]
fn wrong_usage_exits_with_2_and_says_what_is_wrong() {
    let place = Place::new();
    place.write("1.eml", email("1", "sheffield@example.org", "import.csv", READINGS));
    for (args, says) in [
        (&[] as &[&str], "PATH"),
        (&["nowhere.eml"], "nowhere.eml"),
        (&["--colour", "1.eml"], "--colour"),
        (&["--to", "archive-bam", "1.eml"], "archive-bam"),
        (&["--to", "../bam", "1.eml"], "../bam"),
    ] {
        let output = place.run(args, &[]);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {stderr}");
        assert!(stderr.contains(says), "{args:?}: {stderr}");
    }
}

#[test]
fn a_wrong_configuration_exits_with_1_and_names_every_problem() {
    let place = Place::new();
    place.write("1.eml", email("1", "sheffield@example.org", "import.csv", READINGS));
    let output = place.run(
        &["1.eml"],
        &[
            ("KEY_LAYOUT", "nested"),
            ("SHEETS", "some"),
            ("LIMIT_DEPTH", "many"),
            ("LOG_LEVEL", "loud"),
        ],
    );
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    for name in ["KEY_LAYOUT", "SHEETS", "LIMIT_DEPTH", "LOG_LEVEL"] {
        assert!(stderr.contains(name), "{name} is missing in: {stderr}");
    }
}

#[test]
fn data_files_go_to_the_area_that_is_named() {
    let place = Place::new();
    place.write("march/import.csv", READINGS);
    place.write("march/gas/import.csv", READINGS);
    place.write("1.eml", email("1", "bam@example.org", "import.csv", READINGS));
    let (code, lines) = place.run_json(&["--to", "sheffield", "march", "1.eml"]);
    assert_eq!(code, 0);
    let delivered: Vec<_> = lines
        .iter()
        .map(|line| line["delivered"][0].as_str().unwrap())
        .collect();
    assert_eq!(
        delivered,
        ["sheffield/gas/import.csv", "sheffield/import.csv", "bam/import.csv"]
    );
}

#[test]
fn a_file_that_is_no_email_is_put_aside_with_a_reason() {
    let place = Place::new();
    place.write("import.csv", READINGS);
    let (code, lines) = place.run_json(&["import.csv"]);
    assert_eq!(code, 0);
    assert_eq!(lines[0]["rejected"][0]["reason_code"], "not-an-email");
}

#[test]
fn a_folder_with_anything_in_it_never_panics() {
    let place = Place::new();
    place.write(
        "mail/1.eml",
        email("1", "sheffield@example.org", "import.csv", READINGS),
    );
    place.write(
        "mail/deep/er/2.eml",
        email("2", "bam@example.org", "import.csv", READINGS),
    );
    place.write("mail/nothing", "");
    place.write("mail/zeros", vec![0; 40 * 1024 * 1024]);
    place.write(
        "mail/noise",
        (0..100_000_u32)
            .flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes())
            .collect::<Vec<_>>(),
    );
    place.write(
        "mail/name with\u{a0}€ and \u{1b}[31mcolour.eml",
        email("3", "bam@example.org", "x.csv", READINGS),
    );
    fs::create_dir(place.dir.path().join("mail/empty folder")).unwrap();
    let _socket = UnixListener::bind(place.dir.path().join("mail/socket")).unwrap();
    std::os::unix::fs::symlink("nowhere", place.dir.path().join("mail/broken link")).unwrap();
    std::os::unix::fs::symlink("..", place.dir.path().join("mail/deep/loop")).unwrap();
    let (code, lines) = place.run_json(&["mail"]);
    assert_eq!(code, 0, "{lines:?}");
    let outcome = |input: &str| {
        lines
            .iter()
            .find(|line| line["input"] == format!("mail/{input}"))
            .unwrap()["outcome"]
            .clone()
    };
    assert_eq!(lines.len(), 6);
    assert_eq!(outcome("1.eml"), "delivered");
    assert_eq!(outcome("deep/er/2.eml"), "delivered");
    for input in ["nothing", "zeros", "noise"] {
        assert_eq!(outcome(input), "rejected");
    }
    let table = String::from_utf8(place.run(&["mail"], &[]).stdout).unwrap();
    assert!(!table.contains('\u{1b}'), "a name must not steer the terminal");
}

#[test]
fn the_data_folder_is_never_an_input() {
    let place = Place::new();
    place.write("1.eml", email("1", "sheffield@example.org", "import.csv", READINGS));
    assert_eq!(place.run_json(&["."]).1.len(), 1);
    assert_eq!(place.run_json(&["."]).1.len(), 1);
}

#[test]
fn two_commands_do_not_share_a_data_folder() {
    let place = Place::new();
    place.write("1.eml", email("1", "sheffield@example.org", "import.csv", READINGS));
    place.run(&["1.eml"], &[]);
    let lock = fs::File::open(place.dir.path().join("pipeline-data/.embedded-s3/lock")).unwrap();
    lock.lock().unwrap();
    let output = place.run(&["1.eml"], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("pipeline-data"));
}

#[test]
fn a_run_that_was_killed_is_finished_by_the_next() {
    let place = Place::new();
    for n in 0..40 {
        place.write(
            &format!("mail/{n}.eml"),
            email(&n.to_string(), "sheffield@example.org", "import.csv", READINGS),
        );
    }
    place.write("last.eml", email("last", "bam@example.org", "import.csv", READINGS));
    let mut command = Command::new(env!("CARGO_BIN_EXE_pipeline"));
    let mut killed = command
        .current_dir(place.dir.path())
        .args(["run", "mail"])
        .spawn()
        .unwrap();
    let receipts = place.dir.path().join("pipeline-data/es-local-data-receipts");
    while !receipts.is_dir() || count_files(&receipts) < 5 {
        assert!(
            killed.try_wait().unwrap().is_none(),
            "it ended before it could be killed"
        );
        std::thread::yield_now();
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    let (code, lines) = place.run_json(&["last.eml"]);
    assert_eq!((code, lines.len()), (0, 1));
    assert_eq!(
        place.files("amr-data"),
        place.files("inbox"),
        "every email that was in the inbox was delivered, once"
    );
    for bucket in ["process", "uncompressed", "spreadsheet", "unprocessable"] {
        assert_eq!(place.files(bucket), 0, "{bucket}");
    }
}
