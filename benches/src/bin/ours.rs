//! The pure code of the pipeline as programs that read one file, for `benches/run.py` to measure beside others:
//! `ours clean|convert|unzip|unpack FILE`.
//!
//! What comes out goes to the standard output; the files of an archive or an email one after the other.
#![expect(clippy::print_stderr, reason = "a program tells people what is wrong")]

use std::fs::{self, File};
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use convert_file::{Options, convert};
use pipeline_core::Limits;
use uncompress_file::{Content, Member, Visitor};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(what), Some(path)) = (arguments.next(), arguments.next()) else {
        return Err(anyhow!("usage: ours clean|convert|unzip|unpack FILE"));
    };
    let mut file = File::open(&path).with_context(|| path.clone())?;
    // Not `Stdout`, which looks for line ends in all that it is given.
    let out = File::options().write(true).open("/dev/stdout")?;
    match what.as_str() {
        "clean" => {
            process_file::clean(file, out)?;
        }
        "convert" => {
            convert(file, &Options::default(), &mut |mut csv| csv.write_to(&out))?;
        }
        "unzip" => {
            let unpacked = uncompress_file::unpack(&mut file, &path, &Limits::default(), &mut Sink(out))
                .map_err(|error| anyhow!("{error:?}"))?;
            if !unpacked.bad.is_empty() {
                return Err(anyhow!("{:?}", unpacked.bad));
            }
        }
        "unpack" => {
            let email = fs::read(&path)?.into();
            let unpacked =
                unpack_attachments::unpack(email, &Limits::default()).map_err(|error| anyhow!("{error:?}"))?;
            for file in unpacked.files {
                (&out).write_all(&file.bytes)?;
            }
        }
        other => return Err(anyhow!("{other} is none of clean, convert, unzip, unpack")),
    }
    Ok(())
}

/// Takes the members of an archive as the stage does, one after the other.
struct Sink(File);

impl Visitor for Sink {
    type Error = io::Error;

    fn visit(&mut self, _member: &Member, content: &mut Content<'_>) -> io::Result<()> {
        content.copy_to(&mut self.0).map(|_| ())
    }
}
