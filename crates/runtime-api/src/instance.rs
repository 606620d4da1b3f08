//! A running function.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use std::sync::Arc;
use tokio::process::{Child, Command};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::answer::{Answer, ErrorReport, NoAnswer};
use crate::environment;
use crate::function::Function;
use crate::output::Output;
use crate::server::RuntimeApi;

/// A process of a function; dropping it kills it. When it has died, [`Function::start`] gives the next one, as Lambda does.
#[derive(Debug)]
pub struct Instance {
    api: RuntimeApi,
    output: Output,
    process_id: Option<u32>,
    started: Instant,
    kill: Arc<Notify>,
    exit: watch::Receiver<Option<ExitStatus>>,
    /// The process's owner and the readers of its output; they end with it.
    tasks: JoinSet<()>,
}

impl Instance {
    pub(crate) async fn start(function: &Function) -> io::Result<Self> {
        let api = RuntimeApi::start(&environment::arn(&function.name, &function.region)).await?;
        let lambdas = environment::variables(
            &function.name,
            &function.binary,
            function.memory_mb,
            &function.region,
            &api.authority(),
        );
        let mut child = Command::new(&function.binary)
            .env_clear()
            .envs(lambdas)
            .envs(&function.variables)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let started = Instant::now();
        let mut tasks = JoinSet::new();
        let output = Output::default();
        output.read(&mut tasks, child.stdout.take(), child.stderr.take());
        let process_id = child.id();
        let kill = Arc::new(Notify::new());
        let (exited, exit) = watch::channel(None);
        tasks.spawn(own(child, Arc::clone(&kill), exited));
        Ok(Self {
            api,
            output,
            process_id,
            started,
            kill,
            exit,
            tasks,
        })
    }

    /// Hands an event to the function and waits for its answer. A function that does not answer in time is killed, as Lambda does.
    ///
    /// # Errors
    /// If it does not ask for an event, does not answer, or ends.
    pub async fn invoke(&self, payload: &Value, time: Duration) -> Result<Answer, NoAnswer> {
        let ended = tokio::select! {
            biased;
            ended = self.api.invoke(payload, time) => ended,
            status = self.exit() => Err(NoAnswer::Exited(status)),
        };
        if matches!(ended, Err(NoAnswer::TimedOut(_))) {
            self.kill.notify_one();
        }
        ended
    }

    /// The first report of a function that cannot start; none if it ends without one.
    pub async fn init_error(&self) -> Option<ErrorReport> {
        tokio::select! {
            biased;
            report = self.api.init_error() => report,
            _ = self.exit() => self.init_errors().into_iter().next(),
        }
    }

    /// Every report that came so far of a function that cannot start.
    #[must_use]
    pub fn init_errors(&self) -> Vec<ErrorReport> {
        self.api.init_errors()
    }

    /// From the start of the process until it asked for its first event; waits until it does. None if it ends before.
    pub async fn cold_start(&self) -> Option<Duration> {
        tokio::select! {
            biased;
            at = self.api.first_poll() => Some(at.duration_since(self.started)),
            _ = self.exit() => None,
        }
    }

    /// How the process ended; waits until it does.
    pub async fn exit(&self) -> ExitStatus {
        let mut exit = self.exit.clone();
        let status = exit.wait_for(Option::is_some).await.ok().and_then(|status| *status);
        match status {
            Some(status) => status,
            // Its owner is gone without a word only when `self` is being dropped.
            None => std::future::pending().await,
        }
    }

    /// Whether the process runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.exit.borrow().is_none()
    }

    /// The process's number; none if it had ended before it could be told.
    #[must_use]
    pub const fn process_id(&self) -> Option<u32> {
        self.process_id
    }

    /// What it prints.
    #[must_use]
    pub const fn output(&self) -> &Output {
        &self.output
    }

    /// The most memory that it had at once, in bytes, swapped-out pages not counted; none where the system does not tell (Linux: `VmHWM`, proc(5)).
    #[must_use]
    pub fn peak_memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process_id?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
        kib.checked_mul(1024)
    }

    /// Kills the process, and gives everything that it printed.
    pub async fn stop(mut self) -> Output {
        self.kill.notify_one();
        while self.tasks.join_next().await.is_some() {}
        self.output
    }
}

/// Owns the process until it ends or is to be killed.
async fn own(mut child: Child, kill: Arc<Notify>, exited: watch::Sender<Option<ExitStatus>>) {
    let status = tokio::select! {
        status = child.wait() => status,
        () = kill.notified() => {
            // A process that has ended meanwhile cannot be killed; either way it is waited for.
            let _ = child.start_kill();
            child.wait().await
        }
    };
    if let Ok(status) = status {
        exited.send_replace(Some(status));
    }
}
