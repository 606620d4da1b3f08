//! A process of its own, measured: memory that one attack needs is not told apart within the test's own process.

use std::env;
use std::fs::{self, File};
use std::io::{Read, Seek};
use std::path::PathBuf;
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
    /// How long it ran.
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

/// Runs a command to its end, or kills it when the time is over.
pub fn run(command: &mut Command, time_limit: Duration) -> Measured {
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
    let mut peak = 0;
    let mut resident = Vec::new();
    let (status, killed) = loop {
        peak = peak.max(tree_peak(child.id()));
        resident.push(field(&status_of(child.id()), "VmRSS:"));
        if let Some(status) = child.try_wait().unwrap() {
            break (status, None);
        }
        let reason = match begun.elapsed() {
            time if time > time_limit => format!("it was not done after {time_limit:?}"),
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

/// The peaks of a process and of its children, added.
fn tree_peak(pid: u32) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten();
    let children = tasks.map(|task| fs::read_to_string(task.path().join("children")).unwrap_or_default());
    let children: u64 = children
        .map(|pids| {
            pids.split_whitespace()
                .filter_map(|pid| pid.parse().ok())
                .map(tree_peak)
                .sum::<u64>()
        })
        .sum();
    field(&status_of(pid), "VmHWM:") + children
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
        let ran = run(&mut shell("exec sleep 60"), Duration::from_millis(100));
        assert!(ran.killed.is_some() && !ran.status.success(), "{ran:?}");
        assert!(ran.time < Duration::from_secs(30));
    }
}
