//! What `pipeline serve` is told.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

pub(super) const HELP: &str = "\
Examples:
  pipeline serve
      Mail to <area>@… comes in at 127.0.0.1:2525, CSVs come to ./pipeline-data/es-local-data-amr-data/<area>/
  pipeline send --to sheffield@example.org readings.xlsx
      An email to try it; swaks, Thunderbird or Python's smtplib will do as well
  aws s3 ls --recursive s3://es-local-data-amr-data
      The buckets, with the credentials that serve prints
  pipeline serve --data /tmp/try --s3 0 --smtp 0 --web 0
      A second one beside the first, on ports that are free; it prints which

What is put into a bucket's folder by hand (an email into es-local-data-inbox, a file into es-local-data-process/<area>)
is found within a minute. What cannot be handled is tried again, after a minute, two, four, at last every hour.
It may be killed at any moment: the next start goes on where it was.

Exit codes: 0 stopped by Ctrl-C, 1 the folder or an address cannot be used, 2 wrong usage.";

/// What `pipeline serve` is told.
#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    /// The folder that holds the buckets
    #[arg(long, value_name = "DIR", default_value = "./pipeline-data")]
    pub data: PathBuf,

    /// Where the S3 server listens: an address of this machine, or a port (0: any that is free)
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9000", value_parser = loopback)]
    pub s3: SocketAddr,

    /// Where the SMTP server listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:2525", value_parser = loopback)]
    pub smtp: SocketAddr,

    /// Where the web page is
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080", value_parser = loopback)]
    pub web: SocketAddr,

    /// How often the buckets are searched for what is stuck or was put there by hand, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds, hide = true)]
    pub mend_every: Duration,
}

/// An address that only this machine can reach.
fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address = match (text.parse(), text.strip_prefix("localhost:").unwrap_or(text).parse()) {
        (Ok(address), _) => address,
        (Err(_), Ok(port)) => SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        (Err(_), Err(_)) => return Err("it is no address such as 127.0.0.1:9000, and no port".to_owned()),
    };
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err("other machines could reach it; take one of 127.0.0.1".to_owned())
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "it is no number".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_may_be_short_and_must_be_of_this_machine() {
        for (text, address) in [
            ("0", "127.0.0.1:0"),
            ("9001", "127.0.0.1:9001"),
            ("localhost:9001", "127.0.0.1:9001"),
            ("127.0.0.2:1", "127.0.0.2:1"),
            ("[::1]:1", "[::1]:1"),
        ] {
            assert_eq!(loopback(text), Ok(address.parse().unwrap()));
        }
        for text in ["0.0.0.0:9000", "192.168.1.2:9000", "9000000", "here"] {
            assert!(loopback(text).is_err(), "{text}");
        }
    }
}
