//! The gate before S3: of all calls that wait, one at a time is let through, and which one the seed decides.
//!
//! Workers, the importer and the sweep meet nowhere but in S3. So the order of their calls is all that there is to an interleaving, and
//! whoever decides it can replay it. A call is let through only when everybody else waits at the gate, too: then what may come next
//! does not depend on how fast anybody is.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt;
use tokio::sync::{Notify, oneshot};

use crate::chronicle::{Answer, Call, Chronicle};

/// Nothing that happens here takes this long.
const STUCK: Duration = Duration::from_secs(60);

/// How often everybody is let run until nobody has anything to do but to wait.
const TURNS: usize = 4;

/// The gate. Clones are the same gate.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    is_open: bool,
    actors: Vec<Actor>,
    /// Calls that are under way in S3.
    under_way: usize,
    chronicle: Chronicle,
}

/// One who calls S3.
struct Actor {
    waiting: VecDeque<oneshot::Sender<UnderWay>>,
    /// Whether a step of its is running on a thread, and may call at any moment.
    is_at_work: bool,
    has_ended: bool,
}

/// An actor's number.
pub type ActorId = usize;

impl Gate {
    /// A gate that lets everybody through at once if it is open.
    pub fn new(is_open: bool) -> Self {
        let state = State {
            is_open,
            actors: Vec::new(),
            under_way: 0,
            chronicle: Chronicle::default(),
        };
        Self(Arc::new(Inner {
            state: Mutex::new(state),
            changed: Notify::new(),
        }))
    }

    /// Opens or closes the gate.
    pub fn set_open(&self, is_open: bool) {
        self.state().is_open = is_open;
    }

    /// Somebody new.
    pub fn add_actor(&self, name: String) -> ActorId {
        let mut state = self.state();
        state.actors.push(Actor {
            waiting: VecDeque::new(),
            is_at_work: false,
            has_ended: false,
        });
        state.chronicle.add_actor(name)
    }

    /// The way of an actor to S3.
    pub fn way(&self, actor: ActorId, network: SharedHttpClient) -> SharedHttpClient {
        SharedHttpClient::new(Way {
            gate: self.clone(),
            actor,
            network,
        })
    }

    /// The actor is done, or dead.
    pub fn end(&self, actor: ActorId) {
        let mut state = self.state();
        let actor = &mut state.actors[actor];
        actor.has_ended = true;
        // What the threads of a dead worker still try comes to nothing.
        actor.waiting.clear();
        drop(state);
        self.0.changed.notify_one();
    }

    /// The actor's step begins; it ends when what is returned is dropped.
    pub fn at_work(&self, actor: ActorId) -> AtWork {
        self.state().actors[actor].is_at_work = true;
        AtWork(self.clone(), actor)
    }

    /// Waits until everybody waits at the gate or has ended, and tells who waits.
    pub async fn settled(&self) -> Vec<ActorId> {
        loop {
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
            if let Some(waiting) = self.state().who_waits() {
                return waiting;
            }
            let changed = tokio::time::timeout(STUCK, self.0.changed.notified()).await;
            assert!(changed.is_ok(), "nobody moves any more:\n{}", self.state().chronicle);
        }
    }

    /// Lets the actor's first call through.
    pub fn let_through(&self, actor: ActorId) {
        let call = self.state().actors[actor].waiting.pop_front();
        // Who has crashed meanwhile does not call any more.
        let _ = call.expect("a call that waits").send(UnderWay::new(self));
    }

    /// What has happened so far; more can be told to it.
    pub fn chronicle<T>(&self, tell: impl FnOnce(&mut Chronicle) -> T) -> T {
        tell(&mut self.state().chronicle)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("nobody panics with the state in hand")
    }

    async fn pass(
        self,
        actor: ActorId,
        request: HttpRequest,
        network: SharedHttpConnector,
    ) -> Result<HttpResponse, ConnectorError> {
        let under_way = self.turn(actor).await?;
        // What S3 was told it does, and it is told here, even if the worker crashes meanwhile.
        let answered = tokio::spawn(async move {
            let answer = self.call(actor, request, network).await;
            drop(under_way);
            answer
        });
        answered.await.map_err(|error| ConnectorError::user(error.into()))?
    }

    async fn call(
        &self,
        actor: ActorId,
        request: HttpRequest,
        network: SharedHttpConnector,
    ) -> Result<HttpResponse, ConnectorError> {
        let call = Call::of(&request);
        let begun = self.state().chronicle.tick();
        let mut answer = network.call(request).await?;
        let body = answer
            .take_body()
            .collect()
            .await
            .map_err(ConnectorError::io)?
            .to_bytes();
        *answer.body_mut() = SdkBody::from(body);
        let told = Answer {
            status: answer.status().as_u16(),
            etag: answer.headers().get("etag").map(str::to_owned),
        };
        self.state().chronicle.called(actor, call, begun, told);
        Ok(answer)
    }

    fn queue(&self, actor: ActorId) -> oneshot::Receiver<UnderWay> {
        let (send, turn) = oneshot::channel();
        let actor = &mut self.state().actors[actor];
        if !actor.has_ended {
            actor.waiting.push_back(send);
        }
        turn
    }

    async fn turn(&self, actor: ActorId) -> Result<UnderWay, ConnectorError> {
        if self.state().is_open {
            return Ok(UnderWay::new(self));
        }
        let turn = self.queue(actor);
        self.0.changed.notify_one();
        turn.await
            .map_err(|_| ConnectorError::user("the worker has ended".into()))
    }
}

impl State {
    /// Those who wait; none if somebody may still come.
    fn who_waits(&mut self) -> Option<Vec<ActorId>> {
        let mut who = Vec::new();
        if self.under_way > 0 {
            return None;
        }
        for (id, actor) in self.actors.iter_mut().enumerate() {
            actor.waiting.retain(|call| !call.is_closed());
            if actor.has_ended {
                continue;
            }
            if actor.is_at_work || actor.waiting.is_empty() {
                return None;
            }
            who.push(id);
        }
        Some(who)
    }
}

/// See [`Gate::at_work`].
pub struct AtWork(Gate, ActorId);

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.state().actors[self.1].is_at_work = false;
        self.0.0.changed.notify_one();
    }
}

/// A call between its being let through and its answer.
struct UnderWay(Gate);

impl UnderWay {
    fn new(gate: &Gate) -> Self {
        gate.state().under_way += 1;
        Self(gate.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.state().under_way -= 1;
        self.0.0.changed.notify_one();
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gate")
    }
}

#[derive(Debug)]
struct Way {
    gate: Gate,
    actor: ActorId,
    network: SharedHttpClient,
}

impl HttpClient for Way {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(WayThrough {
            gate: self.gate.clone(),
            actor: self.actor,
            network: self.network.http_connector(settings, components),
        })
    }
}

#[derive(Debug)]
struct WayThrough {
    gate: Gate,
    actor: ActorId,
    network: SharedHttpConnector,
}

impl HttpConnector for WayThrough {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.gate.clone().pass(self.actor, request, self.network.clone()))
    }
}
