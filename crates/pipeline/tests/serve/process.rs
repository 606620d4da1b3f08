//! A `pipeline serve` of its own, in a folder of its own.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use pipeline::serve::Endpoint;
use tempfile::TempDir;

/// Far longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long a server may be silent.
const SILENCE: Duration = Duration::from_secs(30);

pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pipeline"));
    command.env_clear().args(args);
    command
}

pub(crate) fn output(args: &[&str]) -> Output {
    command(args).output().unwrap()
}

pub(crate) fn wait_until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "{what} never came");
        thread::sleep(Duration::from_millis(10));
    }
}

/// A folder, which outlives the processes over it.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn bucket(&self, bucket: &str) -> PathBuf {
        self.path().join(format!("es-local-data-{bucket}"))
    }

    pub(crate) fn read(&self, bucket: &str, key: &str) -> Option<String> {
        fs::read_to_string(self.bucket(bucket).join(key)).ok()
    }

    /// The keys of a bucket.
    pub(crate) fn keys(&self, bucket: &str) -> Vec<String> {
        let root = self.bucket(bucket);
        let mut keys = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    keys.push(path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        keys.sort();
        keys
    }

    pub(crate) fn serve(&self) -> Serve {
        self.serve_with(&[], &[])
    }

    pub(crate) fn serve_with(&self, args: &[&str], vars: &[(&str, &str)]) -> Serve {
        let mut command = command(&["serve", "--s3", "0", "--smtp", "0", "--web", "0", "--data"]);
        command.arg(self.path()).args(args).envs(vars.iter().copied());
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let endpoint = wait_until("serve.json", || {
            assert_eq!(process.try_wait().unwrap(), None, "serve has ended");
            Endpoint::read(self.path())
                .unwrap()
                .filter(|endpoint| endpoint.pid == process.id())
        });
        Serve { process, endpoint }
    }
}

/// A running `pipeline serve`; killed when it is dropped.
pub(crate) struct Serve {
    process: Child,
    pub(crate) endpoint: Endpoint,
}

impl Serve {
    pub(crate) fn kill(mut self) {
        // On Unix, this is SIGKILL.
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Sends a signal, and waits for the end; gives what was printed.
    pub(crate) fn stop(mut self, signal: &str) -> (ExitStatus, String) {
        let pid = self.process.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", signal, &pid])
                .status()
                .unwrap()
                .success()
        );
        let status = wait_until("the end", || self.process.try_wait().unwrap());
        let printed = io::read_to_string(self.process.stdout.take().unwrap()).unwrap();
        (status, printed)
    }

    pub(crate) fn send(&self, recipients: &[&str], email: &str) -> io::Result<String> {
        let mut mail = Mail::connect(&self.endpoint.smtp)?;
        mail.send(recipients, email)
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A mail program of few words.
pub(crate) struct Mail {
    stream: BufReader<TcpStream>,
}

impl Mail {
    pub(crate) fn connect(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        // Whoever has the port of a killed server now may say nothing.
        stream.set_read_timeout(Some(SILENCE))?;
        let stream = BufReader::new(stream);
        let mut mail = Self { stream };
        mail.reply()?;
        mail.say("EHLO test")?;
        Ok(mail)
    }

    /// Sends an email, and gives the last reply.
    pub(crate) fn send(&mut self, recipients: &[&str], email: &str) -> io::Result<String> {
        self.say("MAIL FROM:<meter@supplier.example>")?;
        for recipient in recipients {
            let reply = self.say(&format!("RCPT TO:<{recipient}>"))?;
            if !reply.starts_with("250 ") {
                return Ok(reply);
            }
        }
        self.say("DATA")?;
        self.say(&format!("{email}\r\n."))
    }

    fn say(&mut self, line: &str) -> io::Result<String> {
        self.stream.get_mut().write_all(format!("{line}\r\n").as_bytes())?;
        self.reply()
    }

    fn reply(&mut self) -> io::Result<String> {
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if line.as_bytes().get(3) == Some(&b' ') {
                return Ok(line.trim_end().to_owned());
            }
        }
    }
}

pub(crate) const READINGS: &str = "MPR,Date,hr0030,hr0100\n9100000001,23/03/2025,0.1,0.2\n";

/// An email with one file, which says that it is for Bath whoever it is sent to.
pub(crate) fn email(id: &str, name: &str, content: &str) -> String {
    format!(
        "From: Metering <reports@supplier.example>\r\nTo: bath@example.org\r\nMessage-ID: <{id}@supplier.example>\r\n\
         Subject: Half-hourly data\r\nMIME-Version: 1.0\r\nContent-Type: text/csv; name=\"{name}\"\r\n\
         Content-Disposition: attachment; filename=\"{name}\"\r\n\r\n{content}"
    )
}
