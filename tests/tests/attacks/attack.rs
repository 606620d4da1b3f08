//! An attack, and how it is run: through the real command, in a process of its own that is measured.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use end_to_end_tests::{Mail, measured, soak};
use serde_json::Value;

/// No attack may need this much memory.
const PEAK_MIB: u64 = 512;

/// How long an attack may keep a processor busy, unless it says more: less than the 14 minutes that a function has.
fn time_limit() -> Duration {
    Duration::from_secs(soak::scale(60, 300))
}

/// A good file, to lie beside a bad one.
pub(crate) const READINGS: &str = "MPR,Date,hr0030,hr0100\n9100000001,23/03/2025,0.1,0.2\n";

/// Limits of a short run, in which the defaults would take minutes to meet.
const SHORT_LIMITS: [(&str, u64); 7] = [
    ("LIMIT_MEMBERS", 1_000),
    ("LIMIT_MEMBER_BYTES", 12 << 20),
    ("LIMIT_UNPACKED_BYTES", 24 << 20),
    ("LIMIT_SHEET_CELLS", 200_000),
    ("LIMIT_TEXT_BYTES", 1 << 20),
    ("LIMIT_SHARED_TEXTS_BYTES", 4 << 20),
    ("LIMIT_ROW_BYTES", 2 << 20),
];

type Writer = Box<dyn FnOnce(&mut dyn Write) -> io::Result<()>>;

/// One email or file of a stranger, and what has to become of it.
///
/// Its name is also the area that it is sent to, so that what is delivered of one attack never meets another's: lower case
/// letters, digits and hyphens.
pub(crate) struct Attack {
    name: String,
    area: String,
    peak_mib: u64,
    content: Content,
    settings: BTreeMap<String, String>,
    alone: bool,
    time_limit: Duration,
    outcome: &'static str,
    codes: BTreeSet<String>,
    delivered: BTreeMap<String, Option<Vec<u8>>>,
    /// How many files are delivered, if only that is known.
    any_files: Option<usize>,
}

enum Content {
    Email(Vec<u8>),
    LargeEmail(Writer),
    File(String, Writer),
}

impl Attack {
    fn new(name: &str, content: Content) -> Self {
        Self {
            name: name.to_owned(),
            area: name.to_owned(),
            peak_mib: PEAK_MIB - 1,
            content,
            settings: BTreeMap::new(),
            alone: false,
            time_limit: time_limit(),
            outcome: "delivered",
            codes: BTreeSet::new(),
            delivered: BTreeMap::new(),
            any_files: None,
        }
    }

    /// An email, to `<name>@example.org`.
    pub(crate) fn email(name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(name, Content::Email(bytes.into()))
    }

    /// An email, to `<name>@example.org`, with this file.
    pub(crate) fn attached(name: &str, file_name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self::email(name, Mail::to(name).attach(file_name, bytes).to_bytes())
    }

    /// A large email, to `<name>@example.org`, written when its turn comes, and sent through a process of its own.
    pub(crate) fn written(name: &str, write: impl FnOnce(&mut dyn Write) -> io::Result<()> + 'static) -> Self {
        Self::new(name, Content::LargeEmail(Box::new(write))).alone()
    }

    /// A large file, written when its turn comes, that is dropped into the pipeline, by a process of its own.
    pub(crate) fn file(
        name: &str,
        file_name: &str,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()> + 'static,
    ) -> Self {
        Self::new(name, Content::File(file_name.to_owned(), Box::new(write))).alone()
    }

    /// In a process of its own, so that its memory is told apart from the others'.
    #[must_use]
    pub(crate) fn alone(mut self) -> Self {
        self.alone = true;
        self
    }

    /// Sent to another area than the one of its name.
    #[must_use]
    pub(crate) fn area(mut self, area: &str) -> Self {
        area.clone_into(&mut self.area);
        self
    }

    /// How many MiB its process may need at most.
    #[must_use]
    pub(crate) const fn peak_mib(mut self, most: u64) -> Self {
        self.peak_mib = most;
        self
    }

    /// With this variable set.
    #[must_use]
    pub(crate) fn set(mut self, variable: &str, value: impl ToString) -> Self {
        self.settings.insert(variable.to_owned(), value.to_string());
        self
    }

    /// In a short run, with limits so low that small attacks meet them: what scales has to be given its short size then.
    #[must_use]
    pub(crate) fn scaled(mut self) -> Self {
        for (variable, short) in SHORT_LIMITS {
            if soak::scale(0, 1) == 0 {
                self = self.set(variable, short);
            }
        }
        self
    }

    /// How long it may take.
    #[must_use]
    pub(crate) fn within(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Nothing is delivered, for these reasons.
    #[must_use]
    pub(crate) fn rejected(mut self, codes: &[&str]) -> Self {
        self.outcome = "rejected";
        self.codes = codes.iter().map(|&code| code.to_owned()).collect();
        self
    }

    /// What is delivered is not all of it, for these reasons.
    #[must_use]
    pub(crate) fn partly(mut self, codes: &[&str]) -> Self {
        self = self.rejected(codes);
        self.outcome = "partly";
        self
    }

    /// The email has no file.
    #[must_use]
    pub(crate) fn no_files(mut self) -> Self {
        self.outcome = "no-files";
        self
    }

    /// It cannot be done now, and another attempt may succeed.
    #[must_use]
    pub(crate) const fn fails(mut self) -> Self {
        self.outcome = "failed";
        self
    }

    /// This is delivered, and nothing else but what further calls name. The key is the one below the area.
    #[must_use]
    pub(crate) fn delivers(mut self, key: &str, content: impl Into<Vec<u8>>) -> Self {
        self.delivered.insert(key.to_owned(), Some(content.into()));
        self
    }

    /// This is delivered, whatever it holds.
    #[must_use]
    pub(crate) fn delivers_something(mut self, key: &str) -> Self {
        self.delivered.insert(key.to_owned(), None);
        self
    }

    /// So many files are delivered, whatever they are called.
    #[must_use]
    pub(crate) fn delivers_files(mut self, count: usize) -> Self {
        self.any_files = Some(count);
        self
    }

    /// Writes it into a folder of its own, and tells where.
    fn write(&mut self, folder: &Path) -> PathBuf {
        let folder = folder.join(&self.name);
        fs::create_dir_all(&folder).unwrap();
        let (name, write) = match &mut self.content {
            Content::Email(bytes) => {
                let path = folder.join("email.eml");
                fs::write(&path, bytes).unwrap();
                return path;
            }
            Content::LargeEmail(write) => ("email.eml", write),
            Content::File(name, write) => (name.as_str(), write),
        };
        let path = folder.join(name);
        let write = std::mem::replace(write, Box::new(|_| Ok(())));
        let mut file = BufWriter::with_capacity(1 << 20, File::create(&path).unwrap());
        write(&mut file).unwrap();
        file.flush().unwrap();
        path
    }

    /// What became of it otherwise than expected.
    fn problems(&self, story: &Value, amr_data: &Path) -> Vec<String> {
        let mut problems = Vec::new();
        let mut differs = |what: &str, is: String, expected: String| {
            if is != expected {
                problems.push(format!("{what} {is}, expected {expected}"));
            }
        };
        differs("is", text(&story["outcome"]), self.outcome.to_owned());
        let rejected = list(&story["rejected"]);
        let codes: BTreeSet<_> = rejected.iter().map(|reject| text(&reject["reason_code"])).collect();
        differs("rejected for", format!("{codes:?}"), format!("{:?}", self.codes));
        let keys: BTreeSet<_> = list(&story["delivered"]).iter().map(text).collect();
        if let Some(count) = self.any_files {
            differs("files delivered:", keys.len().to_string(), count.to_string());
            let strays = keys.iter().filter(|key| !key.starts_with(&format!("{}/", self.area)));
            differs("outside of its area:", strays.count().to_string(), "0".to_owned());
        } else {
            let expected: BTreeSet<_> = self
                .delivered
                .keys()
                .map(|key| format!("{}/{key}", self.area))
                .collect();
            differs("delivered", format!("{keys:?}"), format!("{expected:?}"));
        }
        for (key, content) in &self.delivered {
            let path = amr_data.join(&self.area).join(key);
            let is = content.as_ref().map(|_| fs::read(&path).unwrap_or_default());
            if is != *content {
                problems.push(format!("{key} has another content than expected"));
            }
        }
        if !problems.is_empty() {
            problems.push(shortened(&story.to_string()));
        }
        problems
            .iter()
            .map(|problem| format!("{}: {problem}", self.name))
            .collect()
    }
}

/// Runs attacks, and fails with everything that went otherwise than expected.
///
/// Those that may run together do, which also shows that none spoils another.
pub(crate) fn run(attacks: Vec<Attack>) {
    let mut processes: Vec<Vec<Attack>> = Vec::new();
    let mut together: BTreeMap<BTreeMap<String, String>, Vec<Attack>> = BTreeMap::new();
    let mut names = BTreeSet::new();
    let count = attacks.len() as u64;
    for attack in attacks {
        assert!(
            names.insert(attack.name.clone()),
            "two attacks are called {}",
            attack.name
        );
        if attack.alone {
            processes.push(vec![attack]);
        } else {
            together.entry(attack.settings.clone()).or_default().push(attack);
        }
    }
    processes.extend(together.into_values());
    let mut problems = Vec::new();
    let mut peak = 0;
    for attacks in processes {
        let (found, peak_mib) = run_process(attacks);
        problems.extend(found);
        peak = peak.max(peak_mib);
    }
    soak::report(&[("attacks", count), ("peak_mib", peak)]);
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

fn run_process(mut attacks: Vec<Attack>) -> (Vec<String>, u64) {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let inputs: Vec<PathBuf> = attacks
        .iter_mut()
        .map(|attack| attack.write(&place.path().join("sent")))
        .collect();
    let who = match attacks.as_slice() {
        [alone] => alone.name.clone(),
        many => format!("{} attacks together", many.len()),
    };
    let mut command = measured::pipeline();
    command.args(["run", "--json", "--data"]).arg(&data);
    // Without an area everything is taken for an email, as in the inbox.
    if let Some(file) = attacks
        .iter()
        .find(|attack| matches!(attack.content, Content::File(..)))
    {
        command.args(["--to", &file.name]);
    }
    command.args(&inputs);
    command.envs(&attacks[0].settings).env("TMPDIR", place.path());
    let ran = measured::run(
        &mut command,
        attacks.iter().map(|attack| attack.time_limit).max().unwrap(),
    );
    println!(
        "{who}: {:.1} s of work in {:.1} s, {} MiB",
        ran.work.as_secs_f64(),
        ran.time.as_secs_f64(),
        ran.peak_mib()
    );
    let mut problems = Vec::new();
    if attacks.iter().any(|attack| ran.peak_mib() > attack.peak_mib) {
        problems.push(format!("{who}: needs {} MiB", ran.peak_mib()));
    }
    if let Some(reason) = &ran.killed {
        problems.push(format!("{who}: {reason}"));
    } else if ran.status.code() != Some(i32::from(attacks.iter().any(|attack| attack.outcome == "failed"))) {
        problems.push(format!("{who}: ended with {}", ran.status));
    }
    if ran.stderr.contains("panicked") || !problems.is_empty() {
        problems.push(format!("{who}: {}", shortened(&ran.stderr)));
    }
    let lines = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap());
    let stories: Vec<Value> = lines.collect();
    for (attack, input) in attacks.iter().zip(&inputs) {
        match stories.iter().find(|story| Path::new(&text(&story["input"])) == input) {
            Some(story) => problems.extend(attack.problems(story, &data.join("es-local-data-amr-data"))),
            None => problems.push(format!("{}: nothing is told of it", attack.name)),
        }
    }
    (problems, ran.peak_mib())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn shortened(text: &str) -> String {
    text.chars().take(2_000).collect()
}
