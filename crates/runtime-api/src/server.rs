//! The server: one Runtime API for one process, as each of Lambda's execution environments has its own.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::answer::{Answer, ErrorReport, NoAnswer};
use crate::routes;

/// How long a function may take to ask for its first event (Lambda developer guide, "Lambda execution environment lifecycle").
pub const INIT_TIME: Duration = Duration::from_secs(10);

/// A running Runtime API; dropping it stops it.
#[derive(Debug)]
pub struct RuntimeApi {
    address: SocketAddr,
    state: Arc<State>,
    turn: tokio::sync::Mutex<()>,
    _serving: JoinSet<()>,
}

/// What the server's connections and its owner share.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) function_arn: String,
    slot: Mutex<Slot>,
    offered: Notify,
    first_poll: watch::Sender<Option<Instant>>,
    init_errors: watch::Sender<Vec<ErrorReport>>,
}

/// The one event that is under way: a process works on one at a time.
#[derive(Debug, Default)]
enum Slot {
    #[default]
    Empty,
    Offered(Event, oneshot::Sender<()>, oneshot::Sender<Answer>),
    AtWork(String, oneshot::Sender<Answer>),
}

/// An event for the function.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) request_id: String,
    pub(crate) payload: Bytes,
    pub(crate) timeout: Duration,
}

impl RuntimeApi {
    /// Starts a server on a free port of 127.0.0.1, in the tokio runtime of the caller.
    ///
    /// # Errors
    /// If no port can be bound.
    pub async fn start(function_arn: &str) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            function_arn: function_arn.to_owned(),
            slot: Mutex::default(),
            offered: Notify::new(),
            first_poll: watch::Sender::default(),
            init_errors: watch::Sender::default(),
        });
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, Arc::clone(&state)));
        Ok(Self {
            address,
            state,
            turn: tokio::sync::Mutex::default(),
            _serving: serving,
        })
    }

    /// Host and port, as a function expects it in `AWS_LAMBDA_RUNTIME_API`.
    #[must_use]
    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    /// Hands an event to the function when it asks for one, and waits for its answer. The function is told a deadline `time` after it took
    /// the event. A second invocation waits until the first one has ended.
    ///
    /// # Errors
    /// If the function does not ask within [`INIT_TIME`], or does not answer within `time`.
    pub async fn invoke(&self, payload: &Value, time: Duration) -> Result<Answer, NoAnswer> {
        let _turn = self.turn.lock().await;
        let (taken, is_taken) = oneshot::channel();
        let (answer, is_answered) = oneshot::channel();
        let event = Event {
            request_id: request_id(),
            payload: payload.to_string().into(),
            timeout: time,
        };
        // Whatever becomes of this future, nobody answers the event later.
        let _forget = Forget(&self.state);
        *self.state.slot() = Slot::Offered(event, taken, answer);
        self.state.offered.notify_one();
        let Ok(Ok(())) = timeout(INIT_TIME, is_taken).await else {
            return Err(NoAnswer::NotAsked);
        };
        match timeout(time, is_answered).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) | Err(_) => Err(NoAnswer::TimedOut(time)),
        }
    }

    /// When the function asked for its first event; waits until it does.
    pub async fn first_poll(&self) -> Instant {
        let mut polls = self.state.first_poll.subscribe();
        let polled = polls.wait_for(Option::is_some).await;
        // The sender lives as long as `self`.
        polled.ok().and_then(|at| *at).unwrap_or_else(Instant::now)
    }

    /// The first report of a function that cannot start; waits for it.
    pub async fn init_error(&self) -> Option<ErrorReport> {
        let mut reports = self.state.init_errors.subscribe();
        let reported = reports.wait_for(|reports| !reports.is_empty()).await;
        reported.ok().and_then(|reports| reports.first().cloned())
    }

    /// Every report that came so far of a function that cannot start.
    #[must_use]
    pub fn init_errors(&self) -> Vec<ErrorReport> {
        self.state.init_errors.borrow().clone()
    }
}

/// Empties the slot at an invocation's end.
struct Forget<'a>(&'a State);

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        *self.0.slot() = Slot::Empty;
    }
}

impl State {
    /// The next event; waits until there is one.
    pub(crate) async fn next(&self) -> Event {
        self.first_poll.send_if_modified(|first| {
            let is_first = first.is_none();
            first.get_or_insert_with(Instant::now);
            is_first
        });
        loop {
            if let Some(event) = self.take() {
                return event;
            }
            self.offered.notified().await;
        }
    }

    fn take(&self) -> Option<Event> {
        let mut slot = self.slot();
        match std::mem::take(&mut *slot) {
            Slot::Offered(event, taken, answer) => {
                *slot = Slot::AtWork(event.request_id.clone(), answer);
                let _ = taken.send(());
                Some(event)
            }
            other => {
                *slot = other;
                None
            }
        }
    }

    /// Whether this event is at work; if so, this was its answer.
    pub(crate) fn answer(&self, request_id: &str, answer: Answer) -> bool {
        let mut slot = self.slot();
        match std::mem::take(&mut *slot) {
            Slot::AtWork(id, sender) if id == request_id => sender.send(answer).is_ok(),
            other => {
                *slot = other;
                false
            }
        }
    }

    pub(crate) fn init_error(&self, report: ErrorReport) {
        self.init_errors.send_modify(|reports| reports.push(report));
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// In the form of Lambda's: a random UUID (RFC 9562, section 5.4).
fn request_id() -> String {
    let mut random = [0; 16];
    // Without random numbers ids repeat, and still tell an event from the one before: the deadline goes with it.
    let _ = getrandom::fill(&mut random);
    let bits = (u128::from_be_bytes(random) & !(0xf << 76) & !(0b11 << 62)) | (4 << 76) | (0b10 << 62);
    let hex = format!("{bits:032x}");
    let (mut rest, mut id) = (hex.as_str(), String::new());
    for length in [8, 4, 4, 4] {
        let (part, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        id.push_str(part);
        id.push('-');
        rest = after;
    }
    id + rest
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let _ = stream.set_nodelay(true);
                    let state = Arc::clone(&state);
                    let service = service_fn(move |request| routes::answer(Arc::clone(&state), request));
                    // A process that dies breaks its connections: nothing to say about that.
                    connections.spawn(async move {
                        let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                    });
                }
                // Too many open files, most likely; some will be closed.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_are_uuids_and_differ() {
        let (one, other) = (request_id(), request_id());
        assert_ne!(one, other);
        let parts: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert_eq!(one.as_bytes()[14], b'4');
        assert!(matches!(one.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
    }
}
