//! `pipeline serve` is killed under load, at any moment. (`tests/local` does it a hundred times.)

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::process::{Folder, Mail, READINGS, email, wait_until};

const KILLS: u64 = 8;
const SENDERS: usize = 3;

#[test]
fn a_serve_that_is_killed_under_load_loses_nothing_that_it_answered_for_and_does_nothing_twice() {
    let folder = Folder::new();
    let address = Arc::new(Mutex::new(String::new()));
    let over = Arc::new(AtomicBool::new(false));
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let (address, over) = (Arc::clone(&address), Arc::clone(&over));
            thread::spawn(move || keep_sending(sender, &address, &over))
        })
        .collect();
    let mut serve = None;
    for kill in 0..=KILLS {
        let running = folder.serve();
        *address.lock().unwrap() = running.endpoint.smtp.clone();
        if kill < KILLS {
            // Moments of many kinds: at the beginning, and under full load.
            thread::sleep(Duration::from_millis(7 * kill * kill));
            // The port may soon be another's.
            address.lock().unwrap().clear();
            running.kill();
        } else {
            serve = Some(running);
        }
    }
    over.store(true, Ordering::Relaxed);
    let mut answered: Vec<String> = senders.into_iter().flat_map(|sender| sender.join().unwrap()).collect();
    answered.sort();
    assert!(
        answered.len() >= SENDERS,
        "hardly anything was sent: {}",
        answered.len()
    );
    wait_until("the last CSV", || {
        let keys = folder.keys("amr-data");
        (answered.iter().all(|key| keys.contains(key)) && is_worked_off(&folder)).then_some(())
    });
    drop(serve);
    // Each once: a second one would have the time in its key. An email whose answer was lost is there as well, sent once more or not.
    let keys = folder.keys("amr-data");
    assert!(keys.iter().all(|key| key.matches('/').count() == 1), "{keys:?}");
    assert_eq!(folder.keys("unprocessable"), [""; 0]);
}

fn is_worked_off(folder: &Folder) -> bool {
    ["process", "uncompressed", "spreadsheet"]
        .iter()
        .all(|bucket| folder.keys(bucket).is_empty())
        && folder.keys("receipts").len() >= folder.keys("inbox").len()
}

/// Sends emails, each until it is answered for, and gives the keys that their files get.
fn keep_sending(sender: usize, address: &Mutex<String>, over: &AtomicBool) -> Vec<String> {
    let mut answered = Vec::new();
    let mut number = 0;
    let mut mail: Option<Mail> = None;
    while !over.load(Ordering::Relaxed) {
        let to = address.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let connection = mail.take().filter(|_| !to.is_empty());
        let Some(mut connection) = connection.or_else(|| Mail::connect(&to).ok()) else {
            thread::sleep(Duration::from_millis(5));
            continue;
        };
        let name = format!("{sender}-{number}");
        let sent = email(&name, &format!("{name}.csv"), READINGS);
        if let Ok(reply) = connection.send(&["sheffield@example.org"], &sent)
            && reply.starts_with("250 ")
        {
            answered.push(format!("sheffield/{name}.csv"));
            number += 1;
            mail = Some(connection);
        }
    }
    answered
}
