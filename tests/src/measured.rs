//! A process of its own, measured: memory that one attack needs is not told apart within the test's own process.

use std::env;
use std::fs::{self, File};
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How often memory is looked at. The kernel keeps the peak, so only what grows in the last moment before the end is missed.
const LOOK: Duration = Duration::from_millis(3);

/// No process may take this much: the machine of the tests shall live.
const TOO_MUCH: u64 = 4 << 30;

/// What became of a process.
#[derive(Debug)]
pub struct Measured {
    /// The most memory that it held at once, its children's included, in bytes.
    pub peak: u64,
    /// What it held itself at each look, in bytes.
    pub resident: Vec<u64>,
    /// How long it kept a processor busy, its children included: unlike the time by the clock, no other process makes it longer.
    pub work: Duration,
    /// How long it ran by the clock.
    pub time: Duration,
    /// How it ended.
    pub status: ExitStatus,
    /// Why it was killed, if it was.
    pub killed: Option<String>,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

impl Measured {
    /// The peak in MiB, rounded up.
    pub const fn peak_mib(&self) -> u64 {
        self.peak.div_ceil(1 << 20)
    }
}

/// The built `pipeline` command of this test's profile, with nothing configured.
pub fn pipeline() -> Command {
    let mut command = Command::new(pipeline_binary());
    command.env_clear();
    command.envs(env::var_os("TMPDIR").map(|folder| ("TMPDIR", folder)));
    command
}

fn pipeline_binary() -> PathBuf {
    let this = env::current_exe().unwrap();
    let folder = this.ancestors().nth(2).unwrap();
    let binary = folder.join(format!("pipeline{}", env::consts::EXE_SUFFIX));
    assert!(
        binary.is_file(),
        "{} is missing: please build it (cargo build -p pipeline, or cargo test --workspace)",
        binary.display()
    );
    binary
}

/// Runs a command to its end, or kills it when it has worked for so long, or has not ended in ten times that by the clock.
pub fn run(command: &mut Command, limit: Duration) -> Measured {
    let mut stdout = tempfile::tempfile().unwrap();
    let mut stderr = tempfile::tempfile().unwrap();
    command
        .stdin(Stdio::null())
        .stdout(stdout.try_clone().unwrap())
        .stderr(stderr.try_clone().unwrap());
    let begun = Instant::now();
    let mut child = command
        .spawn()
        .unwrap_or_else(|error| panic!("{} cannot be started: {error}", command.get_program().display()));
    let (mut peak, mut work) = (0, Duration::ZERO);
    let mut resident = Vec::new();
    let (status, killed) = loop {
        let taken = Taken::by(child.id());
        (peak, work) = (peak.max(taken.peak), work.max(taken.work));
        resident.push(field(&status_of(child.id()), "VmRSS:"));
        if let Some(status) = child.try_wait().unwrap() {
            break (status, None);
        }
        let reason = match begun.elapsed() {
            _ if work > limit => format!("it was not done after {limit:?} of work"),
            time if time > limit * 10 => format!("it did not end in {time:?}"),
            _ if peak > TOO_MUCH => format!("it took more than {TOO_MUCH} bytes of memory"),
            _ => {
                thread::sleep(LOOK);
                continue;
            }
        };
        break (kill(&mut child), Some(reason));
    };
    Measured {
        peak,
        resident,
        work,
        time: begun.elapsed(),
        status,
        killed,
        stdout: text(&mut stdout),
        stderr: text(&mut stderr),
    }
}

fn kill(child: &mut Child) -> ExitStatus {
    child.kill().unwrap();
    child.wait().unwrap()
}

/// What a process and its children have taken so far, added.
#[derive(Default)]
struct Taken {
    peak: u64,
    work: Duration,
}

impl Taken {
    fn by(pid: u32) -> Self {
        let mut taken = Self {
            peak: field(&status_of(pid), "VmHWM:"),
            work: own_work(Path::new(&format!("/proc/{pid}/stat"))),
        };
        let tasks = fs::read_dir(format!("/proc/{pid}/task"))
            .into_iter()
            .flatten()
            .flatten();
        for task in tasks {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            for child in children.split_whitespace().filter_map(|pid| pid.parse().ok()) {
                let child = Self::by(child);
                taken.peak += child.peak;
                taken.work += child.work;
            }
        }
        taken
    }
}

/// The time that a process and those of its children that have ended kept a processor busy (proc(5), fields 14 to 17 of `stat`).
fn own_work(stat: &Path) -> Duration {
    /// Linux counts in hundredths of a second, whatever the machine.
    const TICK: Duration = Duration::from_millis(10);
    let stat = fs::read_to_string(stat).unwrap_or_default();
    // A name in parentheses, which may hold anything, is the second field.
    let fields = stat
        .rsplit_once(')')
        .map_or("", |(_, fields)| fields)
        .split_whitespace();
    let ticks = fields
        .skip(11)
        .take(4)
        .filter_map(|ticks| ticks.parse::<u32>().ok())
        .sum();
    TICK * ticks
}

/// What the kernel tells of a process; nothing of one that has ended.
fn status_of(pid: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default()
}

/// `VmHWM`, the peak of resident memory, or `VmRSS`, what is resident now.
fn field(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok());
    kib.map_or(0, |kib: u64| kib * 1024)
}

fn text(file: &mut File) -> String {
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn output_and_status_are_told() {
        let ran = run(&mut shell("echo data; echo bad >&2; exit 7"), Duration::from_secs(20));
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("data\n", "bad\n"));
        assert_eq!((ran.status.code(), ran.killed), (Some(7), None));
    }

    #[test]
    fn the_peak_is_told_of_children_and_after_memory_was_given_back() {
        // `head` hands on what `tail` has to hold whole, since it looks for a line's end.
        let script = "head -c 60000000 /dev/zero | tail -n 1 | wc -c; sleep 0.2";
        let ran = run(&mut shell(script), Duration::from_secs(20));
        assert!((60..200).contains(&ran.peak_mib()), "{ran:?}");
    }

    #[test]
    fn what_takes_too_long_is_killed() {
        let ran = run(&mut shell("exec sleep 60"), Duration::from_millis(10));
        assert!(ran.killed.is_some() && !ran.status.success(), "{ran:?}");
        assert!(ran.time < Duration::from_secs(30));
    }

    #[test]
    fn what_works_too_long_is_killed_and_waiting_is_no_work() {
        let limit = Duration::from_millis(200);
        let ran = run(&mut shell("while :; do :; done"), limit);
        assert!(ran.killed.is_some() && ran.work > limit, "{ran:?}");
        let ran = run(&mut shell("sleep 0.5"), limit);
        assert!(ran.killed.is_none() && ran.work < limit, "{ran:?}");
    }
}
