//! Processes are killed at every request to S3 that matters: while an object comes, before and after each write. So
//! between any two outputs, between output and receipt, and between receipt and deletion.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use end_to_end_tests::{Fault, Proxy, When, soak};
use pipeline_core::Bucket;
use tokio::sync::Notify;

use crate::inputs;
use crate::journey::{Delivery, Journey};
use crate::tally::Tally;

/// Time for what the proxy has sent to arrive.
const ARRIVAL: Duration = Duration::from_millis(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_that_are_killed_at_every_request_to_s3_lose_nothing_and_do_nothing_twice() {
    let given = if soak::scale(0, 1) == 1 {
        inputs::all()
    } else {
        inputs::short()
    };
    let expected = Journey::undisturbed(&given).await;
    assert!(expected.count(Bucket::AmrData) > 3);
    let tally = Arc::new(Tally::default());
    let deliver = |delivery| at_every_request(delivery, Arc::clone(&tally));
    let ended = Journey::new(&given).await.run(&expected, deliver).await;
    assert!(tally.kills() > 30);
    tally.conclude(given.len() as u64, &[ended]);
}

/// The first process is killed at its first request, the second, which finds what the first has left, at its
/// second, and so on, until one has nothing left to do.
async fn at_every_request(mut delivery: Delivery, tally: Arc<Tally>) {
    for number in 0.. {
        let reached = Arc::new(Notify::new());
        let proxy = hangs_at(number, &delivery.endpoint, Arc::clone(&reached)).await;
        let instance = delivery.start_over(proxy.url()).await;
        let done = tokio::select! {
            () = reached.notified() => None,
            done = delivery.invoke(&instance) => Some(done),
        };
        match done {
            None => {
                tokio::time::sleep(ARRIVAL).await;
                tally.kill(instance).await;
            }
            Some(done) => {
                tally.end(instance).await;
                if done {
                    return;
                }
            }
        }
    }
}

/// A proxy that leaves the requests alone until that moment, and then tells.
async fn hangs_at(number: usize, endpoint: &str, reached: Arc<Notify>) -> Proxy {
    let moments = AtomicUsize::new(0);
    Proxy::start_with_answers(endpoint, move |when, method, _| {
        let fault = match (when, method.as_str()) {
            // Reads change nothing: what counts is that nothing is done with half an object.
            (When::After, "GET") => Fault::HangsHalfway,
            (_, "GET" | "HEAD") => return None,
            _ => Fault::Hangs,
        };
        let is_it = moments.fetch_add(1, Ordering::Relaxed) == number;
        is_it.then(|| {
            reached.notify_one();
            fault
        })
    })
    .await
}
