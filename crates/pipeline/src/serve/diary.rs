//! What `pipeline serve` tells a person who watches its terminal: a line for everything that came out.

use std::io::{self, Write};

use pipeline_core::{Bucket, Receipt, bytes_in_words};
use time::OffsetDateTime;
use time::macros::format_description;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::state::Happening;
use crate::terminal::printable;

/// Writes lines until the pipeline ends.
pub(super) async fn write(mut happenings: Receiver<Happening>) {
    loop {
        let lines = match happenings.recv().await {
            Ok(Happening::Done(receipt)) => of_receipt(&receipt),
            Ok(Happening::Failed(failed)) => {
                let retry = "it is kept, and will be tried again";
                vec![format!(
                    "failed     {}/{}: {} ({retry})",
                    failed.bucket, failed.key, failed.failure
                )]
            }
            Ok(Happening::Begun(_) | Happening::DoneBefore(..)) => continue,
            // A person cannot read that fast.
            Err(RecvError::Lagged(missed)) => vec![format!("…          {missed} more")],
            Err(RecvError::Closed) => return,
        };
        let clock = format_description!("[hour]:[minute]:[second]");
        let now = OffsetDateTime::now_utc().format(clock).unwrap_or_default();
        let mut out = io::stdout().lock();
        for line in lines {
            // Nobody may be reading any more; the pipeline goes on.
            let _ = writeln!(out, "{now}  {}", printable(&line));
        }
        let _ = out.flush();
    }
}

fn of_receipt(receipt: &Receipt) -> Vec<String> {
    let mut lines = Vec::new();
    if receipt.input.bucket == Bucket::Inbox {
        let size = bytes_in_words(receipt.input.size);
        let files = match receipt.outputs.len() {
            0 => "no file".to_owned(),
            1 => "1 file".to_owned(),
            many => format!("{many} files"),
        };
        lines.push(format!("email      {} ({size}): {files}", receipt.input.key));
    }
    let delivered = receipt.outputs.iter().filter(|output| output.bucket == Bucket::AmrData);
    lines.extend(delivered.map(|output| {
        let rows = output.rows.map_or_else(String::new, |rows| format!("{rows} rows, "));
        format!("delivered  {} ({rows}{})", output.key, bytes_in_words(output.size))
    }));
    if let Some(reject) = &receipt.rejected {
        let code = reject.rejection.reason_code;
        lines.push(format!(
            "put aside  {}: {code} – {}",
            reject.key, reject.rejection.reason
        ));
    }
    lines
}
