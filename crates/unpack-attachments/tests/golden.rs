//! Emails of real mail programs beside what they hold: each `<case>.eml` in `golden` with its `<case>.expected.json`.
//!
//! The expected file names the areas, when the email was received, its files (as text, or in hex), the download links,
//! and what is bad; or the code that it is rejected with. `mail_domains` is `["example.org"]` unless it says otherwise.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::fs;
use std::path::Path;

use bytes::Bytes;
use pipeline_core::{Limits, Rejection};
use serde::Deserialize;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use unpack_attachments::{DownloadLinks, MailVerdicts, Received, download_links, headers, recipients, unpack};

#[derive(Deserialize)]
struct Settings {
    mail_domains: Option<Vec<String>>,
}

/// What the pipeline makes of an email, as the expected files tell it.
fn outcome(email: &Bytes, mail_domains: &[String]) -> Result<Value, Rejection> {
    let unpacked = unpack(email.clone(), &Limits::default())?;
    let headers = headers(email).unwrap();
    if MailVerdicts::read(&headers).virus {
        return Ok(json!({"rejected": "virus"}));
    }
    let recipients = recipients(&headers, mail_domains, None)?;
    let files: Vec<Value> = unpacked
        .files
        .iter()
        .map(|file| {
            let text = std::str::from_utf8(&file.bytes).ok();
            let is_plain = |text: &&str| !text.contains(|c: char| c < ' ' && !"\r\n\t".contains(c));
            match text.filter(is_plain) {
                Some(text) => json!({"path": file.path, "name": file.name.as_str(), "text": text}),
                None => json!({"path": file.path, "name": file.name.as_str(), "hex": hex(&file.bytes)}),
            }
        })
        .collect();
    let mut found = json!({
        "areas": recipients.areas.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "received": Received::topmost(&headers).at.map(|at| at.format(&Rfc3339).unwrap()),
        "files": files,
    });
    let bad: Vec<Value> = unpacked
        .bad
        .iter()
        .map(|bad| json!({"part": bad.part, "reason_code": bad.rejection.reason_code.as_str()}))
        .collect();
    let links: Vec<String> = download_links(&unpacked.bodies, &DownloadLinks::default())
        .into_iter()
        .map(String::from)
        .collect();
    if !bad.is_empty() {
        found["bad"] = bad.into();
    }
    if !links.is_empty() {
        found["links"] = links.into();
    }
    Ok(found)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn every_golden_email_gives_what_is_written_beside_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut cases = 0;
    let mut wrong = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "eml") {
            continue;
        }
        let expected = fs::read_to_string(path.with_extension("expected.json"));
        let mut expected: Value = serde_json::from_str(&expected.unwrap()).unwrap();
        let settings = Settings::deserialize(&expected).unwrap();
        expected.as_object_mut().unwrap().remove("mail_domains");
        let mail_domains = settings.mail_domains.unwrap_or_else(|| vec!["example.org".to_owned()]);
        let email = Bytes::from(fs::read(&path).unwrap());
        let found = outcome(&email, &mail_domains)
            .unwrap_or_else(|rejection| json!({"rejected": rejection.reason_code.as_str()}));
        cases += 1;
        if found != expected {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            wrong.push(format!("{name}\n  expected {expected}\n  found    {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases >= 40, "only {cases} golden emails are there");
}
